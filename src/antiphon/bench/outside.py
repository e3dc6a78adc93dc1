"""A caller from outside: a microphone, a loudspeaker and a watch, the same for every system measured.

It sends its microphone in frames of 20 ms as time goes by, each when its last sample is in, and plays what
it receives without a buffer of its own. Mouth-to-ear time runs from sending the caller's last voiced sample
(the anchor of `antiphon.runtime.voiced`) to the first audible sample of the answer leaving the loudspeaker.
It knows nothing of how an answer came about; what differs between systems is only how sound is wrapped.
"""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import perf_counter

import aiohttp
import msgspec
import numpy as np
import soxr

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.runtime.voiced import AUDIBLE_AMPLITUDE, voiced_span

FRAME_S = 0.02
QUIET_BEFORE_S = 1.0
"""A caller speaks when the answer has been over for this long."""
PATIENCE_S = 15.0
_SETTLE_S = 0.6


class Utterance(msgspec.Struct, frozen=True):
    """Something to say, at 24 kHz."""

    name: str
    audio: Audio
    voiced_end: int
    """The first sample after the last voiced one."""
    room: float
    """Root mean square of the room around it."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one utterance."""

    name: str
    mouth_to_ear_ms: float | None
    """Of the first answer that began after the caller had finished; None: none came."""
    cut_off: bool
    """An answer sounded before the caller had finished, whatever came of it."""
    answer_s: float
    """How long it sounded."""
    gaps_ms: float
    """Silence inside the answer because its sound came late."""
    understood: str = ""
    answer: str = ""


class Line(msgspec.Struct, frozen=True):
    """An open connection: how to send a frame of the microphone, and the sounds that come back."""

    send: Callable[[Audio], "asyncio.Future[None] | object"]
    sounds: "asyncio.Queue[tuple[float, Audio]]"
    words: dict[str, list[str]]
    """What the system says was said, by "caller" and "agent", oldest first; empty where it does not say."""
    ids: list[str]


def utterance(name: str, audio: Audio) -> Utterance:
    """A recording at 24 kHz, with its anchor. ValueError: nobody is heard in it."""
    span = voiced_span(audio, CLOCK_HZ)
    if span is None:
        raise ValueError(f"nobody speaks in {name}")
    frames = audio[: len(audio) // 480 * 480].reshape(-1, 480)
    room = float(np.sqrt(np.sort((frames**2).mean(axis=1))[: max(1, len(frames) // 20)].mean()))
    return Utterance(name, audio[: span[1] + CLOCK_HZ // 10], span[1], min(max(room, 1e-5), 0.01))


class _Loudspeaker:
    """When each sample received is played: at once, or behind what is still playing."""

    def __init__(self) -> None:
        self.free_at = 0.0
        self.first_at: float | None = None
        self.played_s = self.gaps_s = 0.0

    def forget(self) -> None:
        self.first_at, self.played_s, self.gaps_s = None, 0.0, 0.0

    def play(self, at: float, audio: Audio) -> None:
        audible = np.flatnonzero(np.abs(audio) >= AUDIBLE_AMPLITUDE)
        begins = max(at, self.free_at)
        if self.first_at is not None and self.free_at:
            self.gaps_s += max(0.0, at - self.free_at)
        if self.first_at is None and len(audible):
            self.first_at = begins + int(audible[0]) / CLOCK_HZ
        self.free_at = begins + len(audio) / CLOCK_HZ
        self.played_s += len(audio) / CLOCK_HZ


async def converse(line: Line, said: Sequence[Utterance]) -> list[Outcome]:
    """Say each of `said` when the answer before it is over; returns what came of each."""
    speaker, outcomes = _Loudspeaker(), list[Outcome]()
    microphone = _Microphone(line)
    await microphone.quiet(_SETTLE_S, said[0].room, speaker)
    for one in said:
        speaker.forget()
        marks = {who: len(words) for who, words in line.words.items()}
        started = await microphone.say(one, speaker)
        voiced_at = microphone.sent_at(started + one.voiced_end - 1)
        cut_off = speaker.first_at is not None and speaker.first_at < voiced_at
        if cut_off:
            speaker.forget()  # what counts is the answer to all of it
        deadline = perf_counter() + PATIENCE_S
        while not _over(speaker) and (speaker.first_at is not None or perf_counter() < deadline):
            await microphone.quiet(FRAME_S, one.room, speaker)
        told = {who: " ".join(words[marks.get(who, 0) :]) for who, words in line.words.items()}
        outcomes.append(
            Outcome(
                name=one.name,
                mouth_to_ear_ms=None if speaker.first_at is None else (speaker.first_at - voiced_at) * 1000,
                cut_off=cut_off,
                answer_s=speaker.played_s,
                gaps_ms=speaker.gaps_s * 1000,
                understood=told.get("caller", ""),
                answer=told.get("agent", ""),
            )
        )
    return outcomes


def _over(speaker: _Loudspeaker) -> bool:
    return speaker.first_at is not None and perf_counter() > speaker.free_at + QUIET_BEFORE_S


class _Microphone:
    """Frames of sound, each sent when its last sample is in."""

    def __init__(self, line: Line) -> None:
        self._line, self._began, self._frames = line, perf_counter(), 0
        self._sent: list[float] = []
        self._dice = np.random.default_rng(0)

    def sent_at(self, sample: int) -> float:
        """When a sample of all that was sent left."""
        return self._sent[sample // (CLOCK_HZ // 50)]

    async def say(self, one: Utterance, speaker: _Loudspeaker) -> int:
        """Returns the sample it began at."""
        start = self._frames * (CLOCK_HZ // 50)
        padded = np.pad(one.audio, (0, -len(one.audio) % (CLOCK_HZ // 50)))
        for frame in padded.reshape(-1, CLOCK_HZ // 50):
            await self._frame(frame, speaker)
        return start

    async def quiet(self, seconds: float, room: float, speaker: _Loudspeaker) -> None:
        for _ in range(max(1, round(seconds / FRAME_S))):
            noise = self._dice.normal(0, room, CLOCK_HZ // 50).astype(np.float32)
            await self._frame(noise, speaker)

    async def _frame(self, frame: Audio, speaker: _Loudspeaker) -> None:
        self._frames += 1
        due = self._began + self._frames * FRAME_S
        while (left := due - perf_counter()) > 0:
            try:
                at, audio = await asyncio.wait_for(self._line.sounds.get(), left)
            except TimeoutError:
                break
            speaker.play(at, audio)
        self._sent.append(perf_counter())
        sending = self._line.send(frame)
        if asyncio.iscoroutine(sending):
            await sending


def pcm16(audio: Audio) -> bytes:
    """Little-endian 16-bit samples."""
    return (np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes()


def from_pcm16(data: bytes) -> Audio:
    """float32 in [-1, 1]."""
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


Dial = Callable[[], AbstractAsyncContextManager[Line]]


def realtime(url: str, instructions: str) -> Dial:
    """Dials a server of the Realtime protocol at `url` (ws://...)."""

    @asynccontextmanager
    async def dial() -> AsyncGenerator[Line]:
        async with aiohttp.ClientSession() as http, http.ws_connect(url, max_msg_size=0) as socket:
            line = Line(lambda _: None, asyncio.Queue(), {"caller": [], "agent": []}, [])

            async def send(frame: Audio) -> None:
                audio = base64.b64encode(pcm16(frame)).decode()
                await socket.send_str(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))

            heard = {"input": {"transcription": {"model": "whisper-1"}}}
            update = {"type": "realtime", "instructions": instructions, "audio": heard}
            await socket.send_str(json.dumps({"type": "session.update", "session": update}))
            listening = asyncio.create_task(_hear_realtime(socket, line))
            try:
                yield msgspec.structs.replace(line, send=send)
            finally:
                listening.cancel()

    return dial


async def _hear_realtime(socket: aiohttp.ClientWebSocketResponse, line: Line) -> None:
    async for message in socket:
        at = perf_counter()
        event = json.loads(message.data)
        match event["type"]:
            case "response.output_audio.delta":
                line.sounds.put_nowait((at, from_pcm16(base64.b64decode(event["delta"]))))
            case "session.created":
                line.ids.append(event["session"]["id"])
            case "conversation.item.input_audio_transcription.completed":
                line.words["caller"].append(event["transcript"].strip())
            case "response.output_audio_transcript.done":
                line.words["agent"].append(event["transcript"].strip())
            case _:
                pass


def plain_pcm(url: str, caller_hz: int) -> Dial:
    """Dials a server that takes and gives bare 16-bit samples: `caller_hz` up, 24 kHz down."""

    @asynccontextmanager
    async def dial() -> AsyncGenerator[Line]:
        async with aiohttp.ClientSession() as http, http.ws_connect(url, max_msg_size=0) as socket:
            line = Line(lambda _: None, asyncio.Queue(), {}, [])
            resampler = soxr.ResampleStream(CLOCK_HZ, caller_hz, 1, dtype="float32", quality="LQ")

            async def send(frame: Audio) -> None:
                resampled = resampler.resample_chunk(frame)
                if len(resampled):
                    await socket.send_bytes(pcm16(resampled))

            async def hear() -> None:
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.BINARY:
                        line.sounds.put_nowait((perf_counter(), from_pcm16(message.data)))

            listening = asyncio.create_task(hear())
            try:
                yield msgspec.structs.replace(line, send=send)
            finally:
                listening.cancel()

    return dial
