"""`antiphon talk`: a conversation by microphone and loudspeaker, or by keyboard where there are none."""

import argparse
import asyncio
import base64
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import chain
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import Any

import numpy as np

from antiphon.cli.caller import Wishes, check_wishes
from antiphon.cli.client import DEFAULT_URL, CallFailed, Connection, connect, for_user
from antiphon.cli.devices import NoSpeaker, Speaker, open_microphone, open_speaker
from antiphon.cli.exchange import Exchange, Reply
from antiphon.cli.recording import from_pcm16, make_folder, to_pcm16, write_wav
from antiphon.contracts import CLOCK_HZ, Audio, PrerequisiteMissing

_ACKNOWLEDGED_EVERY_S = 0.1
_AGREEMENT_S = 3.0


def arguments(talk: argparse.ArgumentParser) -> None:
    """What `talk` takes."""
    talk.description = (
        "Talk to a running server: with microphone and loudspeaker (headphones are better: the "
        "microphone hears an open loudspeaker), or with the keyboard where there is no sound."
    )
    talk.add_argument("--url", default=DEFAULT_URL, help=f"{DEFAULT_URL} otherwise")
    talk.add_argument("--keyboard", action="store_true", help="type, even if there is a microphone")
    talk.add_argument("--user", default="", metavar="NAME", help="who speaks: remembered from call to call")
    talk.add_argument("--voice", default="", help="the voice that answers")
    talk.add_argument("--instructions", default="", help="what the agent is told to be")
    talk.add_argument("--out", type=Path, metavar="DIR", help="save the answers as WAV")
    talk.set_defaults(run=_talk)


def _talk(args: argparse.Namespace) -> int:
    if args.out is not None:
        make_folder(args.out)
    wishes = Wishes(voice=args.voice, instructions=args.instructions)
    asyncio.run(_converse(args, wishes))
    return 0


async def _converse(args: argparse.Namespace, wishes: Wishes) -> None:
    async with connect(for_user(args.url, args.user)) as connection:
        speaker = _speaker_or_none()
        talk = Talk(connection, speaker or NoSpeaker(), args.out)
        try:
            async with talk.going_on(wishes, text_only=speaker is None and args.out is None):
                if args.keyboard or speaker is None or not await _spoken(talk):
                    await _typed(talk)
        finally:
            talk.speaker.close()


def _speaker_or_none() -> Speaker | None:
    try:
        return open_speaker()
    except PrerequisiteMissing as missing:
        print(f"no loudspeaker: {missing}", file=sys.stderr)
        return None


async def _spoken(talk: "Talk") -> bool:
    """Talk by voice until interrupted; False when there is no microphone."""
    loop = asyncio.get_running_loop()
    frames: asyncio.Queue[Audio] = asyncio.Queue()

    def heard(frame: Audio) -> None:
        loop.call_soon_threadsafe(frames.put_nowait, frame)

    try:
        close = open_microphone(heard)
    except PrerequisiteMissing as missing:
        print(f"no microphone: {missing}", file=sys.stderr)
        return False
    print("Speak. Ctrl-C ends it.", file=sys.stderr)
    try:
        while True:
            await talk.say(await frames.get())
    finally:
        close()


async def _typed(talk: "Talk") -> None:
    """Type lines until the end of input."""
    print("Type; an empty line or Ctrl-D ends it.", file=sys.stderr)
    lines = _lines()
    while True:
        print("you: ", end="", file=sys.stderr, flush=True)
        line = await lines.get()
        if not line.strip():
            return
        await talk.type(line.strip())


def _lines() -> asyncio.Queue[str]:
    """What is typed, line by line; an empty text at its end.

    On a thread nobody waits for: one that waits for a key would hold up the end of the program.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        for line in chain(sys.stdin, [""]):
            if loop.is_closed():
                return
            loop.call_soon_threadsafe(lines.put_nowait, line)

    Thread(target=read, name="keyboard", daemon=True).start()
    return lines


class Talk:
    """One conversation of a person with the agent. What the agent says is printed as it comes."""

    def __init__(self, connection: Connection, speaker: Speaker, out: Path | None) -> None:
        self.exchange = Exchange()
        self.speaker = speaker
        self._connection, self._out = connection, out
        self._changed = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._saved = 0

    @asynccontextmanager
    async def going_on(self, wishes: Wishes, *, text_only: bool) -> AsyncGenerator[None]:
        """Listen to the server while the block runs. CallFailed when it hangs up, or refuses the wishes."""
        update = wishes.session_update()
        if text_only:
            update["session"]["output_modalities"] = ["text"]
        listening = self._listening = asyncio.create_task(self._listen())
        listening.add_done_callback(lambda _: self._changed.set())
        acknowledging = asyncio.create_task(self._acknowledge())
        try:
            await self._until(lambda: bool(self.exchange.session_id))
            await self._connection.send(update)
            with suppress(TimeoutError):  # a server may say nothing to that
                async with asyncio.timeout(_AGREEMENT_S):
                    await self._until(lambda: self.exchange.agreed or bool(self.exchange.refused))
            check_wishes(self.exchange)
            yield
        finally:
            for task in (listening, acknowledging):
                task.cancel()
            await asyncio.gather(listening, acknowledging, return_exceptions=True)

    async def say(self, frame: Audio) -> None:
        """Send a frame of the microphone. CallFailed when nobody listens any more."""
        self._still_there()
        pcm = to_pcm16(frame)
        await self._connection.send(
            {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()}
        )
        self.exchange.sent(from_pcm16(pcm), perf_counter())

    async def type(self, text: str) -> None:
        """Say something by keyboard, and wait for the end of the answer."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        before, failed = len(self.exchange.replies), len(self.exchange.errors)
        await self._connection.send({"type": "conversation.item.create", "item": item})
        await self._connection.send({"type": "response.create"})
        await self._until(
            lambda: (
                len(self.exchange.errors) > failed
                or any(reply.ended_at is not None for reply in self.exchange.replies[before:])
            )
        )
        still_heard = self.exchange.loudspeaker.busy_until - perf_counter()
        await asyncio.sleep(0 if isinstance(self.speaker, NoSpeaker) else max(0.0, still_heard))

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._still_there()
            self._changed.clear()
            await self._changed.wait()

    def _still_there(self) -> None:
        """Raise what ended the listening, if anything has: nothing that comes would be noticed."""
        if self._listening is not None and self._listening.done():
            self._listening.result()
            raise CallFailed(self._connection.hung_up)

    async def _listen(self) -> None:
        async for event in self._connection:
            now = perf_counter()
            for answer in self.exchange.handle(event, now):
                self.speaker.flush()
                await self._connection.send(answer)
            self._show(event)
            self._changed.set()

    def _show(self, event: dict[str, Any]) -> None:
        match event.get("type"):
            case "response.output_audio.delta":
                self.speaker.play(from_pcm16(base64.b64decode(event["delta"])))
            case "conversation.item.input_audio_transcription.completed":
                print(f"you: {event['transcript']}", flush=True)
            case "response.created":
                print("agent: ", end="", flush=True)
            case "response.output_audio_transcript.delta" | "response.output_text.delta":
                print(event["delta"], end="", flush=True)
            case "response.done":
                self._ended(self.exchange.replies[-1])
            case "error" if not self.exchange.refused:
                print(f"the server complains: {self.exchange.errors[-1]}", file=sys.stderr)
            case _:
                pass

    def _ended(self, reply: Reply) -> None:
        how = "" if reply.status == "completed" else f" [{reply.status}]"
        print(how, flush=True)
        if reply.problem and reply.status == "failed":
            print(reply.problem, file=sys.stderr)
        if self._out is not None and reply.audio:
            self._saved += 1
            path = self._out / f"answer-{self._saved:02d}.wav"
            write_wav(path, np.concatenate(reply.audio))
            print(f"saved in {path}", file=sys.stderr)

    async def _acknowledge(self) -> None:
        """Tell the server what has been heard, as long as anything is."""
        while True:
            await asyncio.sleep(_ACKNOWLEDGED_EVERY_S)
            now = perf_counter()
            position = self.exchange.loudspeaker.position(now)
            if position is not None and self.exchange.loudspeaker.busy_until > now - 1:
                item_id, samples = position
                await self._connection.acknowledge(
                    self.exchange.session_id, item_id, samples * 1000 // CLOCK_HZ
                )
