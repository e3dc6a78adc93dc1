"""The line of a simulated caller: a microphone that never stops, a loudspeaker, and a log of everything."""

import asyncio
import base64
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import msgspec
import numpy as np

from antiphon.cli.client import CallFailed, Connection
from antiphon.cli.exchange import Exchange, Reply
from antiphon.cli.recording import from_pcm16, to_pcm16
from antiphon.contracts import CLOCK_HZ, Audio

FRAME = CLOCK_HZ // 50
_ACKNOWLEDGED_EVERY = 5
_WATCHED = ("state", "tool", "memory", "prompt")
"""What of the session's feed is kept."""
_TOLD = {
    "input_audio_buffer.speech_started": "speech_started",
    "input_audio_buffer.speech_stopped": "speech_stopped",
    "response.created": "reply_started",
    "response.done": "reply_ended",
    "error": "error",
}


class Told(msgspec.Struct, frozen=True):
    """A server event that is kept."""

    at: float
    name: str
    data: dict[str, Any]


class Delta(msgspec.Struct, frozen=True):
    """Words of an answer and where in their item's sound they begin."""

    item_id: str
    text: str
    start_ms: float


class Line:
    """An open call, driven frame by frame."""

    def __init__(self, connection: Connection, background: Audio) -> None:
        self.exchange = Exchange()
        self.told: list[Told] = []
        self.deltas: dict[str, list[Delta]] = {}
        """By reply."""
        self.greeted = asyncio.Event()
        self._connection, self._background = connection, background
        self._mouth = np.zeros(0, np.float32)
        self._tasks: set[asyncio.Task[None]] = set()

    def speak(self, audio: Audio) -> int:
        """Say `audio` from the next frame on, over whatever is being said; returns its first sample."""
        size = max(len(self._mouth), len(audio))
        mixed = np.zeros(size, np.float32)
        mixed[: len(self._mouth)] += self._mouth
        mixed[: len(audio)] += audio
        self._mouth = mixed
        return self.exchange.sent_samples

    @property
    def speaking(self) -> bool:
        """Whether something is still to be said."""
        return len(self._mouth) > 0

    def words_heard(self, reply: Reply, now: float) -> str:
        """The words of an answer that have begun to be heard by `now`."""
        played = {item: self._played_ms(item, now) for item in reply.items}
        return "".join(
            each.text
            for each in self.deltas.get(reply.id, ())
            if each.start_ms < played.get(each.item_id, 0.0)
        ).strip()

    async def listen(self) -> None:
        """Take in events until the server hangs up."""
        async for event in self._connection:
            now = perf_counter()
            self._note(event, now)
            for answer in self.exchange.handle(event, now):
                await self._connection.send(answer)
            if self.exchange.session_id and not self.greeted.is_set():
                self.greeted.set()
                self._beside(self._watch())

    async def stream(self) -> None:
        """Send the microphone, frame by frame, for ever."""
        origin, frames = perf_counter(), 0
        while True:
            frames += 1
            await asyncio.sleep(max(0.0, origin + frames * FRAME / CLOCK_HZ - perf_counter()))
            pcm = to_pcm16(self._frame(frames))
            audio = base64.b64encode(pcm).decode()
            await self._connection.send({"type": "input_audio_buffer.append", "audio": audio})
            self.exchange.sent(from_pcm16(pcm), perf_counter())
            if frames % _ACKNOWLEDGED_EVERY == 0:
                self._beside(self._acknowledge())

    async def close(self) -> None:
        """Stop what runs beside."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self) -> None:
        async for name, data in self._connection.watch(self.exchange.session_id):
            if name in _WATCHED:
                self.told.append(
                    Told(perf_counter(), name, data | {"text": None} if "text" in data else data)
                )

    def _frame(self, number: int) -> Audio:
        words, self._mouth = self._mouth[:FRAME], self._mouth[FRAME:]
        places = (number * FRAME + np.arange(FRAME)) % len(self._background)
        frame = self._background[places].copy()
        frame[: len(words)] += words
        return frame.clip(-1, 1)

    def _note(self, event: Mapping[str, Any], now: float) -> None:
        kind = str(event.get("type", ""))
        if kind in _TOLD:
            self.told.append(Told(now, _TOLD[kind], _short(event)))
        elif kind == "response.output_audio_transcript.delta":
            delta = Delta(event["item_id"], event["delta"], float(event.get("start_time", 0.0)) * 1000)
            self.deltas.setdefault(event["response_id"], []).append(delta)

    def _played_ms(self, item: str, now: float) -> float:
        stretches = [each for each in self.exchange.loudspeaker.played if each.item_id == item]
        samples = max(
            (
                each.offset + min(len(each.audio), max(0, round((now - each.begins_at) * CLOCK_HZ)))
                for each in stretches
                if each.begins_at <= now
            ),
            default=0,
        )
        return samples * 1000 / CLOCK_HZ

    def _beside(self, errand: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(errand)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(task.exception(), CallFailed):
            return  # the line itself will say so

    async def _acknowledge(self) -> None:
        now, loudspeaker = perf_counter(), self.exchange.loudspeaker
        position = loudspeaker.position(now)
        if position is not None and loudspeaker.busy_until > now - 0.5:
            item_id, samples = position
            played_ms = samples * 1000 // CLOCK_HZ
            await self._connection.acknowledge(self.exchange.session_id, item_id, played_ms)


def _short(event: Mapping[str, Any]) -> dict[str, Any]:
    """Of a protocol event, what is worth keeping."""
    response: Mapping[str, Any] = event.get("response") or {}
    kept = {"item_id": event.get("item_id"), "at_ms": event.get("audio_start_ms", event.get("audio_end_ms"))}
    details: Mapping[str, Any] = response.get("status_details") or {}
    kept |= {
        "reply_id": response.get("id"),
        "status": response.get("status"),
        "reason": details.get("reason"),
    }
    error: Mapping[str, Any] = event.get("error") or details.get("error") or {}
    kept |= {"message": error.get("message")}
    return {key: value for key, value in kept.items() if value is not None}
