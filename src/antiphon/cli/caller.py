"""Speaking a score into a server, in real time, the way a microphone and an ear do it."""

import asyncio
import base64
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any

import msgspec
import numpy as np

from antiphon.cli.client import CallFailed, Connection
from antiphon.cli.exchange import WISHES, Exchange
from antiphon.cli.recording import from_pcm16, room_tone, to_pcm16
from antiphon.cli.score import Director, Line, Spoken
from antiphon.contracts import CLOCK_HZ, Audio

FRAME_SAMPLES = CLOCK_HZ // 50
_ACKNOWLEDGED_EVERY_FRAMES = 5
_TONE_SAMPLES = 4 * CLOCK_HZ
_GREETING_S = 10.0


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """How the caller wants the call to be."""

    voice: str = ""
    instructions: str = ""
    manual: bool = False
    """The caller says when a turn is over, and asks for the answer."""
    pace: float = 1.0
    """How much faster than real time the caller speaks."""

    def session_update(self) -> dict[str, Any]:
        """The event that asks for it."""
        hearing: dict[str, Any] = {"transcription": {"model": "whisper-1"}}  # a server may pick its own
        session: dict[str, Any] = {"type": "realtime", "audio": {"input": hearing, "output": {}}}
        if self.voice:
            session["audio"]["output"]["voice"] = self.voice
        if self.instructions:
            session["instructions"] = self.instructions
        if self.manual:
            hearing["turn_detection"] = None
        return {"type": "session.update", "event_id": WISHES, "session": session}


def check_wishes(exchange: Exchange) -> None:
    """CallFailed when the server has refused them: the call would not be the one that was meant."""
    if exchange.refused:
        raise CallFailed(f"the server refuses how the call is to be: {exchange.refused}")


class Caller:
    """Speaks lines one after another over an open connection and lives through the answers."""

    def __init__(
        self,
        connection: Connection,
        lines: tuple[Line, ...],
        wishes: Wishes,
        *,
        now: Callable[[], float] = perf_counter,
    ) -> None:
        self.exchange = Exchange()
        self.director = Director(lines, self.exchange)
        self.over: Callable[[Spoken], Coroutine[Any, Any, None]] | None = None
        """Awaited beside the call when a line has been answered."""
        self._connection, self._wishes, self._now = connection, wishes, now
        self._greeted = asyncio.Event()
        self._room = room_tone(lines[0].audio, _TONE_SAMPLES)
        self._room_at = 0
        self._words = np.zeros(0, np.float32)
        self._told = 0
        self._errands: set[asyncio.Task[None]] = set()

    async def call(self) -> None:
        """Make the whole call. CallFailed when the server ends it early, or refuses how it is to be."""
        listening = asyncio.create_task(self._listen())
        speaking = asyncio.create_task(self._speak())
        try:
            await asyncio.wait((listening, speaking), return_when=asyncio.FIRST_COMPLETED)
            if not speaking.done():
                await listening
                raise CallFailed(self._connection.hung_up)
            await speaking
        finally:
            tasks = (listening, speaking, *self._errands)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        async for event in self._connection:
            for answer in self.exchange.handle(event, self._now()):
                await self._connection.send(answer)
            check_wishes(self.exchange)
            if self.exchange.session_id:
                self._greeted.set()

    async def _speak(self) -> None:
        try:
            await asyncio.wait_for(self._greeted.wait(), _GREETING_S)
        except TimeoutError:
            raise CallFailed("the server took the call and did not greet: is it a Realtime server?") from None
        await self._connection.send(self._wishes.session_update())
        origin, frames = self._now(), 0
        while not self.director.finished:
            frames += 1
            due = origin + frames * FRAME_SAMPLES / CLOCK_HZ / self._wishes.pace
            await asyncio.sleep(max(0.0, due - self._now()))
            await self._send_frame()
            await self._direct()
            if frames % _ACKNOWLEDGED_EVERY_FRAMES == 0:
                self._beside(self._acknowledge())
        await asyncio.gather(*self._errands)

    def _beside(self, errand: Coroutine[Any, Any, None]) -> None:
        """Run `errand` without keeping the microphone waiting."""
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _send_frame(self) -> None:
        frame, self._words = self._words[:FRAME_SAMPLES], self._words[FRAME_SAMPLES:]
        if len(frame) < FRAME_SAMPLES:
            frame = np.concatenate([frame, self._tone(FRAME_SAMPLES - len(frame))])
        pcm = to_pcm16(frame)
        await self._connection.send(
            {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()}
        )
        self.exchange.sent(from_pcm16(pcm), self._now())

    def _tone(self, samples: int) -> Audio:
        places = (self._room_at + np.arange(samples)) % len(self._room)
        self._room_at += samples
        return self._room[places]

    async def _direct(self) -> None:
        speaking = len(self._words) > 0
        line = self.director.tick(self._now())
        if line is not None:
            self._words = line.audio
            self._room = room_tone(line.audio, _TONE_SAMPLES)
            if self._wishes.manual:
                for event in self.exchange.interrupt(self._now()):
                    await self._connection.send(event)
        elif self._wishes.manual and not speaking:
            await self._hand_over()
        self._tell_of_settled()

    def _tell_of_settled(self) -> None:
        spoken = self.director.spoken
        while self._told < len(spoken) and spoken[self._told].settled:
            if self.over is not None:
                self._beside(self.over(spoken[self._told]))
            self._told += 1

    async def _hand_over(self) -> None:
        """Without turn detection, the caller ends the turn, once per line, and asks for the answer."""
        last = self.director.spoken[-1] if self.director.spoken else None
        if last is None or last.handed_over or self.exchange.sent_samples < last.end:
            return
        last.handed_over = True
        await self._connection.send({"type": "input_audio_buffer.commit"})
        await self._connection.send({"type": "response.create"})

    async def _acknowledge(self) -> None:
        position = self.exchange.loudspeaker.position(self._now())
        if position is not None and self.exchange.loudspeaker.busy_until > self._now() - 0.5:
            item_id, samples = position
            await self._connection.acknowledge(self.exchange.session_id, item_id, samples * 1000 // CLOCK_HZ)
