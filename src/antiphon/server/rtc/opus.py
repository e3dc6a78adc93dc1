"""Opus, between the wire's packets and our 24 kHz.

Opus is written at 24 kHz, which it can be, and read at 48 kHz, which is all that the library offers; a
half-band filter of 0.3 ms makes 24 of it. It is written in the mode for little delay (2.5 ms instead of
6.5), which is also the cheapest: 0.06 ms for 20 ms of sound, and 0.05 ms to read it. That is less than
handing it to another thread costs, so both are done where they are needed.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from av import AudioFrame, CodecContext, Packet
from av.error import FFmpegError
from numpy.typing import NDArray

from antiphon.contracts import CLOCK_HZ, Audio

FRAME = CLOCK_HZ // 50
"""Samples in a packet that we send: 20 ms."""
RTP_HZ = 48_000
"""The clock of Opus on the wire, whatever was encoded (RFC 7587, 4.1)."""
RTP_PER_SAMPLE = RTP_HZ // CLOCK_HZ
BITS_PER_SECOND = 40_000
_EFFORT = 5
"""Of ten: half the time of ten, and for speech at this rate the same sound."""
_TIME_BASE = Fraction(1, CLOCK_HZ)


class Writer:
    """Sound of one stream, packet by packet."""

    def __init__(self) -> None:
        codec = CodecContext.create("libopus", "w")
        codec.format, codec.layout, codec.sample_rate = "s16", "mono", CLOCK_HZ
        codec.bit_rate, codec.time_base = BITS_PER_SECOND, _TIME_BASE
        codec.options = {"application": "lowdelay", "compression_level": str(_EFFORT)}
        self._codec: Any = codec
        self._written = 0

    def write(self, audio: Audio) -> bytes:
        """The packet of exactly one `FRAME` of 24 kHz."""
        samples = np.clip(np.rint(audio * 32_767), -32_768, 32_767).astype(np.int16)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = CLOCK_HZ, _TIME_BASE, self._written
        self._written += FRAME
        return b"".join(map(bytes, self._codec.encode(frame)))


class Reader:
    """Packets of one stream, as 24 kHz sound."""

    def __init__(self) -> None:
        codec = CodecContext.create("libopus", "r")
        codec.format, codec.layout, codec.sample_rate = "s16", "mono", RTP_HZ
        self._codec: Any = codec
        self._half = Half()

    def read(self, packet: bytes) -> Audio:
        """What the packet holds, [n] at 24 kHz; nothing when it is damaged."""
        if not packet:
            return np.zeros(0, np.float32)
        try:
            frames = self._codec.decode(Packet(packet))
        except FFmpegError:
            return np.zeros(0, np.float32)
        return self._half.push(_joined(frames))


def _joined(frames: Iterable[AudioFrame]) -> Audio:
    pieces = [np.asarray(frame.to_ndarray()[0], np.float32) for frame in frames]
    if not pieces:
        return np.zeros(0, np.float32)
    return np.concatenate(pieces) * np.float32(1 / 32_768)


_TAPS = 31


def _half_band() -> NDArray[np.float32]:
    place = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = 0.5 * np.sinc(0.46 * place) * np.kaiser(_TAPS, 5.0)
    return (taps / taps.sum()).astype(np.float32)


_FILTER = _half_band()


class Half:
    """48 kHz to 24 kHz: flat to 9 kHz, and delayed by 0.3 ms."""

    def __init__(self) -> None:
        self._past: Audio = np.zeros(_TAPS - 1, np.float32)

    def push(self, audio: Audio) -> Audio:
        """Every second sample, filtered. `audio` has an even length, as all of Opus has."""
        whole = np.concatenate((self._past, audio))
        self._past = whole[len(whole) - (_TAPS - 1) :]
        even = np.convolve(whole[::2], _FILTER[::2], "valid")
        odd = np.convolve(whole[1::2], _FILTER[1::2], "valid")
        length = len(audio) // 2
        return (even[:length] + odd[:length]).astype(np.float32)


SILENCE = Writer().write(np.zeros(FRAME, np.float32))
"""20 ms of nothing, ready to be sent."""
