"""A question's sound as Home Assistant sends it, gathered until it is whole."""

from typing import Annotated

import msgspec
import numpy as np
import soxr
from msgspec import Meta

from antiphon.contracts import LISTENING_HZ, Audio
from antiphon.server.home.wire import Garbled, Incoming

HINT_LETTERS = 400


class Transcribe(msgspec.Struct, frozen=True):
    """What is asked for."""

    transcript_names: list[str] | None = None
    transcript_terms: list[str] | None = None

    @property
    def hint(self) -> str:
        """Names and words that are likely to occur."""
        return ", ".join((*(self.transcript_names or ()), *(self.transcript_terms or ())))[:HINT_LETTERS]


class Format(msgspec.Struct, frozen=True):
    """How the samples of a chunk are written."""

    rate: Annotated[int, Meta(ge=8_000, le=48_000)]
    width: int
    channels: Annotated[int, Meta(ge=1, le=2)]


class Gathered:
    """One stretch of speech. `most_s` is the longest there may be."""

    def __init__(self, asked: Transcribe, most_s: float) -> None:
        self.hint, self._most_s = asked.hint, most_s
        self._format: Format | None = None
        self._pieces: list[bytes] = []
        self._bytes = 0

    def add(self, chunk: Incoming) -> None:
        """Another piece. Garbled: it is no 16-bit sound, unlike the one before it, or too much."""
        form = chunk.read(Format)
        if form.width != 2:
            raise Garbled(f"samples of {form.width} bytes; 16-bit samples are understood")
        if self._format not in (None, form):
            raise Garbled("the format of the sound has changed in the middle")
        self._format = form
        self._bytes += len(chunk.payload)
        if self._bytes > self._most_s * form.rate * form.channels * 2:
            raise Garbled(f"more than {self._most_s:g} s of sound")
        self._pieces.append(chunk.payload)

    def audio(self) -> Audio:
        """All of it, 16 kHz. It may take some milliseconds."""
        form = self._format or Format(LISTENING_HZ, 2, 1)
        sound = b"".join(self._pieces)
        whole = len(sound) - len(sound) % (2 * form.channels)
        samples = np.frombuffer(sound[:whole], "<i2").astype(np.float32) / 32768
        mono = samples.reshape(-1, form.channels).mean(axis=1, dtype=np.float32)
        if form.rate == LISTENING_HZ:
            return mono
        return soxr.resample(mono, form.rate, LISTENING_HZ).astype(np.float32, copy=False)
