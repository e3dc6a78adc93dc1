"""Many callers in one process that costs little: prepared frames out, and a stamp on what comes back.

Each caller repeats one cycle: an utterance, then silence in which the answer sounds. The frames of a cycle
are made once, WebSocket header and all, and shared. Mouth-to-ear time runs from sending the frame with the
last voiced sample to the first frame of sound that comes back. A probe pings the server on a line of its own:
a pong waits as long as the event loop is busy, so its time is that lag, seen from outside.
"""

import asyncio
import base64
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import msgspec
import numpy as np

from antiphon.contracts import CLOCK_HZ, Audio, EngineBroken, EngineSetup
from antiphon.engines.scripted import ScriptedSynthesizer

_SOUND = b'"response.output_audio.delta"'
_DONE = b'"response.done"'
_TYPE_WITHIN = 200
"""An event's type stands in so many of its first bytes."""
_PROBE_S = 0.05
GOLDEN_SECTION = 0.618034
"""Multiples of it, each less its whole, lie more evenly spread than those of any other number."""
_NO_MASK = bytes(4)


class Cycle(msgspec.Struct, frozen=True):
    """One turn of every caller, as bytes for the socket."""

    frames: tuple[bytes, ...]
    frame_s: float
    voiced_frame: int
    """The frame that ends the caller's voice."""


class Heard(msgspec.Struct):
    """What all callers measured after the warm-up."""

    mouth_to_ear_ms: list[float] = []
    late_ms: list[float] = []
    """How late the client itself sent each frame that ends a voice."""
    pong_ms: list[float] = []
    unanswered: int = 0
    lost: int = 0
    """Connections that ended before their time."""


def sung(words: str) -> Audio:
    """`words` as the scripted synthesizer sings them, 24 kHz."""

    def no_weights(name: str) -> Path:
        raise EngineBroken("scripted", f"it asked for {name}")

    voice = ScriptedSynthesizer.open(EngineSetup(weights=no_weights))
    return np.concatenate([chunk.audio for chunk in voice.synthesize(words)])


def append(pcm: bytes) -> bytes:
    """16-bit samples as a message of the Realtime protocol."""
    audio = base64.b64encode(pcm).decode()
    return ws_frame(json.dumps({"type": "input_audio_buffer.append", "audio": audio}).encode())


def plain(pcm: bytes) -> bytes:
    """16-bit samples as a binary message."""
    return ws_frame(pcm, 2)


def cycle(
    voice: Audio,
    cycle_s: float,
    frame_ms: int,
    *,
    rate_hz: int = CLOCK_HZ,
    message: Callable[[bytes], bytes] = append,
) -> Cycle:
    """A turn: `voice`, then silence until the cycle is over. ValueError: it is too short."""
    frame = rate_hz * frame_ms // 1000
    count = round(cycle_s * rate_hz / frame)
    if len(voice) >= count * frame:
        raise ValueError(f"{len(voice) / rate_hz:.1f} s of voice do not fit into {cycle_s} s")
    audio = np.zeros(count * frame, np.float32)
    audio[: len(voice)] = voice
    pcm = (audio * 32767).astype("<i2").reshape(count, frame)
    frames = tuple(message(row.tobytes()) for row in pcm)
    loud = np.flatnonzero(np.abs(audio) > 0.01)
    return Cycle(frames, frame_ms / 1000, int(loud[-1]) // frame)


def ws_frame(payload: bytes, opcode: int = 1) -> bytes:
    """A client's frame (RFC 6455, 5.2), masked with zeros, which leave the payload as it is."""
    length = len(payload)
    if length < 126:
        size = bytes([0x80 | length])
    elif length < 2**16:
        size = bytes([0x80 | 126]) + length.to_bytes(2, "big")
    else:
        size = bytes([0x80 | 127]) + length.to_bytes(8, "big")
    return bytes([0x80 | opcode]) + size + _NO_MASK + payload


class Line(asyncio.Protocol):
    """A WebSocket that looks at the kind of each message and nothing else."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._in = bytearray()
        self.opened = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self.sound_at: float | None = None
        self.pong_at: float | None = None
        self.done = 0
        """Responses that ended."""
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /v1/realtime?model=load HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._in += data
        if not self.opened.done():
            head, found, rest = bytes(self._in).partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self.opened.set_exception(ConnectionError(head.decode(errors="replace")[:200]))
                return
            self._in = bytearray(rest)
            self.opened.set_result(None)
        at = 0
        while (end := self._message(at)) is not None:
            at = end
        del self._in[:at]

    def send(self, frame: bytes) -> None:
        """Send prepared bytes."""
        if self.transport is not None and not self.ended:
            self.transport.write(frame)

    def _message(self, at: int) -> int | None:
        """Look at the message that begins at `at`; returns where it ends, None while it is incomplete."""
        have = len(self._in) - at
        if have < 2:
            return None
        short = self._in[at + 1] & 127
        head = 2 if short < 126 else 4 if short == 126 else 10
        if have < head:
            return None
        length = short if short < 126 else int.from_bytes(self._in[at + 2 : at + head], "big")
        if have < head + length:
            return None
        self._look(self._in[at] & 15, at + head, length)
        return at + head + length

    def _look(self, opcode: int, start: int, length: int) -> None:
        if opcode == 1:
            kind = bytes(self._in[start : start + min(length, _TYPE_WITHIN)])
            if self.sound_at is None and _SOUND in kind:
                self.sound_at = perf_counter()
            elif _DONE in kind:
                self.done += 1
        elif opcode == 2:
            if self.sound_at is None and self._in[start : start + length].strip(b"\0"):
                self.sound_at = perf_counter()
        elif opcode == 9:
            self.send(ws_frame(bytes(self._in[start : start + length]), 10))
        elif opcode == 10:
            self.pong_at = perf_counter()


async def call(ports: Sequence[int], turns: int, said: Cycle, *, warm_up: int = 1) -> Heard:
    """Hold a conversation of `turns` turns on each of `ports` but the last, which is probed."""
    heard = Heard()
    *lines, probe = [await _open(port) for port in ports]
    probing = asyncio.create_task(_probe(probe, heard))
    cycle_s = len(said.frames) * said.frame_s
    began = perf_counter() + 0.2
    callers = [
        _converse(line, said, heard, began=began + starts_at, turns=turns, warm_up=warm_up)
        for line, starts_at in zip(lines, starts(len(lines), cycle_s, said.frame_s), strict=True)
    ]
    await asyncio.gather(*callers)
    probing.cancel()
    heard.lost = sum(line.ended for line in (*lines, probe))
    for line in (*lines, probe):
        if line.transport is not None:
            line.transport.abort()
    return heard


def starts(callers: int, cycle_s: float, frame_s: float) -> list[float]:
    """When each caller begins: spread evenly over one cycle, and their frames over the time of a frame.

    Real callers know nothing of each other; without the second spread most frames would leave together.
    """
    return [
        cycle_s * number / callers + frame_s * (number * GOLDEN_SECTION % 1.0) for number in range(callers)
    ]


async def _open(port: int) -> Line:
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(lambda: Line(port), "127.0.0.1", port)
    await line.opened
    return line


async def _converse(line: Line, said: Cycle, heard: Heard, *, began: float, turns: int, warm_up: int) -> None:
    for turn in range(turns):
        line.sound_at, voiced_at = None, 0.0
        for number, frame in enumerate(said.frames):
            due = began + (turn * len(said.frames) + number) * said.frame_s
            await asyncio.sleep(due - perf_counter())
            line.send(frame)
            if number == said.voiced_frame:
                voiced_at = perf_counter()
                if turn >= warm_up:
                    heard.late_ms.append((voiced_at - due) * 1000)
        if turn < warm_up:
            continue
        if line.sound_at is None or line.sound_at < voiced_at:
            heard.unanswered += 1
        else:
            heard.mouth_to_ear_ms.append((line.sound_at - voiced_at) * 1000)


async def _probe(line: Line, heard: Heard) -> None:
    while True:
        line.pong_at, sent_at = None, perf_counter()
        line.send(ws_frame(b"", 9))
        await asyncio.sleep(_PROBE_S)
        pong_at = line.pong_at
        heard.pong_ms.append(((pong_at or perf_counter()) - sent_at) * 1000)
