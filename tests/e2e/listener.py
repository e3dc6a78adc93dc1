"""A caller of our own making: a microphone, a loudspeaker and a watch, over the protocol and nothing else.

It shares no code with the server or the command line, so what it measures is a second opinion. It sends its
microphone in frames of 20 ms as time goes by, each when its last sample is in; it plays what it receives; it
falls silent when speech is announced, and says how much of the item it had played, as clients do.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any

import aiohttp
import msgspec
import numpy as np

from antiphon.contracts import CLOCK_HZ, Audio

from .loudspeaker import Loudspeaker
from .utterance import Utterance, room_tone

Event = dict[str, Any]

FRAME = CLOCK_HZ // 50
FRAME_S = 0.02
PATIENCE_S = 40.0


class Said(msgspec.Struct):
    """Something that was said, and where in all that the microphone took in."""

    utterance: Utterance
    start: int
    replies_before: int


class Reply(msgspec.Struct):
    """An answer, as far as it has come."""

    id: str
    item_id: str = ""
    words: list[tuple[str, float, float]] = []
    """Each piece of transcript with the seconds of the item's sound at which it begins and ends."""
    transcript: str = ""
    """As the item's end has it."""
    final: Event | None = None

    @property
    def text(self) -> str:
        return "".join(text for text, *_ in self.words)


class Listener:
    """One end of a conversation."""

    def __init__(self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.loudspeaker = Loudspeaker()
        self.session_id = ""
        self.events: list[tuple[float, Event]] = []
        """Everything that came, and when, but for the sound."""
        self.replies: list[Reply] = []
        self._http, self._socket = http, socket
        self._changed = asyncio.Event()
        self._sent_at: list[float] = []
        self._waiting: list[Said] = []
        self._mixed: list[tuple[int, Audio]] = []
        self._room = room_tone(8 * CLOCK_HZ, 1.0)
        self._level = 3e-4

    # Speaking.

    def say(self, utterance: Utterance) -> Said:
        """Say it from the next frame on."""
        said = Said(utterance, len(self._sent_at) * FRAME, len(self.replies))
        self._level = utterance.room
        self._mixed.append((said.start, utterance.audio))
        return said

    def spoken_at(self, sample: int) -> float:
        """When the frame left that holds this sample of the microphone's."""
        return self._sent_at[sample // FRAME]

    async def send(self, **event: Any) -> None:
        """Send any event."""
        await self._socket.send_str(json.dumps(event))

    async def speak(self) -> None:
        """Run the microphone."""
        origin = perf_counter()
        while True:
            number = len(self._sent_at)
            await asyncio.sleep(max(0.0, origin + (number + 1) * FRAME_S - perf_counter()))
            pcm = (self._frame(number * FRAME) * 32_767).clip(-32_768, 32_767).astype("<i2")
            audio = base64.b64encode(pcm.tobytes()).decode()
            self._sent_at.append(perf_counter())
            await self.send(type="input_audio_buffer.append", audio=audio)
            self._changed.set()

    def _frame(self, start: int) -> Audio:
        at = start % (len(self._room) - FRAME)
        frame = self._room[at : at + FRAME] * self._level
        for begin, audio in self._mixed:
            part = audio[max(0, start - begin) : max(0, start - begin + FRAME)]
            if start >= begin and len(part):
                frame[: len(part)] = part if len(part) == FRAME else part + frame[: len(part)]
        return frame

    # Listening.

    async def listen(self) -> None:
        """Take in events until the line ends."""
        async for message in self._socket:
            now = perf_counter()
            event: Event = json.loads(message.data)
            if event["type"] == "response.output_audio.delta":
                pcm = np.frombuffer(base64.b64decode(event["delta"]), "<i2")
                self.loudspeaker.push(event["item_id"], pcm.astype(np.float32) / 32_768, now)
            else:
                self.events.append((now, event))
                await self._take(event, now)
            self._changed.set()

    async def _take(self, event: Event, now: float) -> None:
        match event["type"]:
            case "session.created":
                self.session_id = event["session"]["id"]
            case "response.created":
                self.replies.append(Reply(event["response"]["id"]))
            case "response.output_item.added":
                self._reply(event).item_id = event["item"]["id"]
            case "response.output_audio_transcript.delta":
                word = (event["delta"], event["start_time"], event["end_time"])
                self._reply(event).words.append(word)
            case "response.output_audio_transcript.done":
                self._reply(event).transcript = event["transcript"]
            case "response.done":
                reply = next(r for r in self.replies if r.id == event["response"]["id"])
                reply.final = event["response"]
            case "input_audio_buffer.speech_started":
                await self._interrupted(now)
            case _:
                pass

    def _reply(self, event: Event) -> Reply:
        return next(reply for reply in self.replies if reply.id == event["response_id"])

    async def _interrupted(self, now: float) -> None:
        """Fall silent, and cut the record; ask for it before and after."""
        if not self.replies or self.replies[-1].final:
            return
        cut = self.loudspeaker.flush(now)
        if cut is not None:
            item_id, heard = cut
            await self.send(type="conversation.item.retrieve", item_id=item_id)
            await self.send(
                type="conversation.item.truncate",
                item_id=item_id,
                content_index=0,
                audio_end_ms=heard * 1000 // CLOCK_HZ,
            )
            await self.send(type="conversation.item.retrieve", item_id=item_id)

    # Waiting.

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until `condition` holds; AssertionError when it never does."""
        deadline = perf_counter() + PATIENCE_S
        while not condition():
            left = deadline - perf_counter()
            types = [event["type"] for _, event in self.events[-12:]]
            assert left > 0, f"waited {PATIENCE_S:.0f} s in vain for {what}; the last events were {types}"
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()

    async def answer(self, said: Said) -> Reply:
        """The reply to all of `said`, once it has been heard to its end."""
        await self.until(lambda: self._answered(said), "an answer")
        await self.until(lambda: self.loudspeaker.busy_until < perf_counter(), "silence")
        return self.replies[-1]

    def _answered(self, said: Said) -> bool:
        over = len(self._sent_at) * FRAME >= said.start + len(said.utterance.audio)
        begun = len(self.of("input_audio_buffer.speech_started"))
        taken = len(self.of("input_audio_buffer.committed"))
        ended = [reply for reply in self.replies if reply.final]
        return over and said.replies_before < len(ended) == len(self.replies) == taken == begun

    async def sounding(self, place: int) -> Reply:
        """The reply at `place`, once it has begun to be heard."""
        await self.until(
            lambda: len(self.replies) > place and self.loudspeaker.first_heard(self.replies[place].item_id),
            "the beginning of an answer",
        )
        return self.replies[place]

    def of(self, *types: str) -> list[Event]:
        """Events of these types, in order."""
        return [event for _, event in self.events if event["type"] in types]

    def when(self, kind: str, place: int) -> float:
        """When the event at `place` among those of a type came."""
        return [at for at, event in self.events if event["type"] == kind][place]

    @property
    def understood(self) -> list[str]:
        """What the server understood of each turn."""
        done = self.of("conversation.item.input_audio_transcription.completed")
        return [event["transcript"] for event in done]

    async def reports(self) -> list[Event]:
        """The server's own account of every turn."""
        async with self._http.get(f"/v1/sessions/{self.session_id}/turns") as response:
            return (await response.json())["data"]


@asynccontextmanager
async def dial(url: str, *, instructions: str = "", voice: str = "") -> AsyncIterator[Listener]:
    """Call the server at `url`, with the microphone open for as long as the block runs."""
    session: Event = {"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
    if instructions:
        session["instructions"] = instructions
    if voice:
        session["audio"]["output"] = {"voice": voice}
    async with (
        aiohttp.ClientSession(url) as http,
        http.ws_connect("/v1/realtime", max_msg_size=0) as socket,
    ):
        listener = Listener(http, socket)
        listening = asyncio.create_task(listener.listen())
        speaking: asyncio.Task[None] | None = None
        try:
            await listener.until(lambda: listener.session_id, "session.created")
            await listener.send(type="session.update", session=session)
            await listener.until(lambda: listener.of("session.updated"), "session.updated")
            speaking = asyncio.create_task(listener.speak())
            await listener.until(lambda: len(listener._sent_at) > 25, "the microphone")
            yield listener
        finally:
            tasks = [task for task in (listening, speaking) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
