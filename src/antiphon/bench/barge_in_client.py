"""A caller over the wire who shares no code with the server: a microphone, a loudspeaker and a watch.

The microphone sends 20 ms frames as time goes by, each when its last sample is in. The loudspeaker plays what
comes as soon as it comes, one sample after the other, and holds nothing back to smooth a late network: what
is measured is what such a listener hears.
"""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any

import aiohttp
import msgspec
import numpy as np

from antiphon.contracts import CLOCK_HZ, Audio

FRAME = CLOCK_HZ // 50
PATIENCE_S = 40.0
_ROOM = 3e-4


class Stretch(msgspec.Struct, frozen=True):
    """Sound of one message: how much of it, when it came, and when its first sample is played."""

    samples: int
    came_at: float
    begins_at: float

    @property
    def ends_at(self) -> float:
        return self.begins_at + self.samples / CLOCK_HZ


class Answer(msgspec.Struct):
    """One response of the server's, as far as it has come."""

    id: str
    item_id: str = ""
    words: list[tuple[str, float]] = []
    """Each piece of transcript with the second of the sound at which it begins."""
    stretches: list[Stretch] = []
    sounds: list[Audio] = []
    """The samples of each stretch."""
    status: str = ""
    """Empty until it is done."""
    transcript: str = ""
    """As the record has it when it is done."""

    @property
    def begins_at(self) -> float:
        return self.stretches[0].begins_at

    @property
    def plays_until(self) -> float:
        return self.stretches[-1].ends_at if self.stretches else 0.0

    @property
    def played_s(self) -> float:
        return sum(stretch.samples for stretch in self.stretches) / CLOCK_HZ

    def gaps(self, start: float, end: float) -> list[float]:
        """Seconds of each silence between its first and its last sound that touches `start` to `end`."""
        found: list[float] = []
        for before, after in zip(self.stretches, self.stretches[1:], strict=False):
            if after.begins_at - before.ends_at > 1e-3 and before.ends_at < end and after.begins_at > start:
                found.append(after.begins_at - before.ends_at)
        return found


class Client:
    """One end of a conversation."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.answers: list[Answer] = []
        self.told: list[tuple[float, dict[str, Any]]] = []
        """Every event but the sound, and when it came."""
        self._socket = socket
        self._changed = asyncio.Event()
        self.began_at = perf_counter()
        self._sent_at: list[float] = []
        self._mixed: list[tuple[int, Audio]] = []
        self._room = np.random.default_rng(1).normal(0, _ROOM, 8 * CLOCK_HZ).astype(np.float32)

    def say(self, audio: Audio) -> int:
        """Say it from the next frame on; returns its place in all that the microphone takes in."""
        start = len(self._sent_at) * FRAME
        self._mixed.append((start, audio))
        return start

    @property
    def sent(self) -> int:
        """How many samples the microphone has taken in."""
        return len(self._sent_at) * FRAME

    def said(self) -> tuple[tuple[int, Audio], ...]:
        """Everything that was said, each with its place."""
        return tuple(self._mixed)

    def sent_at(self, sample: int) -> float:
        """When the microphone took in this sample: its frame left when its last sample was in."""
        frame, rest = divmod(sample, FRAME)
        return self._sent_at[frame] - (FRAME - rest) / CLOCK_HZ

    async def send(self, **event: Any) -> None:
        """Send any event."""
        await self._socket.send_str(json.dumps(event))

    async def speak(self) -> None:
        """Run the microphone."""
        origin = perf_counter()
        while True:
            number = len(self._sent_at)
            await asyncio.sleep(max(0.0, origin + (number + 1) * FRAME / CLOCK_HZ - perf_counter()))
            pcm = (self._frame(number * FRAME) * 32_767).clip(-32_768, 32_767).astype("<i2")
            self._sent_at.append(perf_counter())
            await self.send(type="input_audio_buffer.append", audio=base64.b64encode(pcm.tobytes()).decode())
            self._changed.set()

    def _frame(self, start: int) -> Audio:
        at = start % (len(self._room) - FRAME)
        frame = self._room[at : at + FRAME].copy()
        for begin, audio in self._mixed:
            part = audio[max(0, start - begin) : max(0, start - begin + FRAME)]
            if start >= begin and len(part):
                frame[: len(part)] += part
        return frame

    async def listen(self) -> None:
        """Take in events until the line ends."""
        async for message in self._socket:
            now = perf_counter()
            event: dict[str, Any] = json.loads(message.data)
            if event["type"] == "response.output_audio.delta":
                answer = self._answer(event)
                samples = np.frombuffer(base64.b64decode(event["delta"]), "<i2")
                answer.stretches.append(Stretch(len(samples), now, max(now, answer.plays_until)))
                answer.sounds.append(samples.astype(np.float32) / np.float32(32_768))
            else:
                self.told.append((now, event))
                self._take(event)
            self._changed.set()

    def _take(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "response.created":
                self.answers.append(Answer(event["response"]["id"]))
            case "response.output_item.added":
                self._answer(event).item_id = event["item"]["id"]
            case "response.output_audio_transcript.delta":
                self._answer(event).words.append((event["delta"], event["start_time"]))
            case "response.done":
                answer = next(a for a in self.answers if a.id == event["response"]["id"])
                answer.status = event["response"]["status"]
                for item in event["response"]["output"]:
                    for part in item.get("content", []):
                        answer.transcript = part.get("transcript") or ""
            case _:
                pass

    def _answer(self, event: dict[str, Any]) -> Answer:
        return next(answer for answer in self.answers if answer.id == event["response_id"])

    async def until(self, condition: Callable[[], object], at_most_s: float = PATIENCE_S) -> bool:
        """Wait until `condition` holds; False when it does not in time."""
        deadline = perf_counter() + at_most_s
        while not condition():
            left = deadline - perf_counter()
            if left <= 0:
                return False
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()
        return True

    def first(self, kind: str, after: float) -> float | None:
        """When the first event of a type came after `after`."""
        return next((at for at, event in self.told if event["type"] == kind and at > after), None)


@asynccontextmanager
async def dial(url: str, instructions: str) -> AsyncGenerator[Client, None]:
    """Call the server at `url`, with the microphone open for as long as the block runs."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(url, max_msg_size=0) as socket,
    ):
        client = Client(socket)
        tasks = [asyncio.create_task(client.listen())]
        try:
            await client.until(lambda: client.first("session.created", 0.0))
            await client.send(
                type="session.update", session={"type": "realtime", "instructions": instructions}
            )
            await client.until(lambda: client.first("session.updated", 0.0))
            tasks.append(asyncio.create_task(client.speak()))
            yield client
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
