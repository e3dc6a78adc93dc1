"""The caller's audio: kept as long as a turn may need it, at the rate the models hear.

Positions are ticks: samples at 24 kHz as they came. Storage is at 16 kHz.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable

import numpy as np
import soxr

from antiphon.contracts import CLOCK_HZ, LISTENING_HZ, Audio, Ticks

KEPT: Ticks = CLOCK_HZ * 2
"""How much audio from before the free position is kept, for the beginning of the next speech."""
ARRIVALS_MAX = 10_000
"""How many arrivals are remembered: 200 s of 20 ms frames."""


def to_listening(position: Ticks) -> int:
    """A position in samples at 16 kHz."""
    return position * LISTENING_HZ // CLOCK_HZ


class _Track:
    """Pieces of audio without a gap between them, the newest of all that came."""

    def __init__(self) -> None:
        self.base = 0
        """Position, at 16 kHz, of the first sample kept."""
        self._pieces: deque[Audio] = deque()

    def push(self, piece: Audio, keep_from: int) -> None:
        if len(piece):
            self._pieces.append(piece)
        while self._pieces and self.base + len(self._pieces[0]) <= keep_from:
            self.base += len(self._pieces.popleft())

    def slice(self, start: Ticks, end: Ticks) -> Audio:
        kept = np.concatenate([np.zeros(0, np.float32), *self._pieces])
        first = max(0, to_listening(start) - self.base)
        return kept[first : max(first, to_listening(end) - self.base)]


class Uplink:
    """Audio in, slices out.

    Attributes:
        end: how much has come.
        free: where the audio that no committed turn owns begins.
    """

    def __init__(self, clean: Callable[[Audio, Ticks], Audio] = lambda audio, _: audio) -> None:
        self._clean = clean
        """What to make of 16 kHz audio that arrived at a time; it may hold a little back."""
        self.end: Ticks = 0
        self.free: Ticks = 0
        self._resampler = soxr.ResampleStream(CLOCK_HZ, LISTENING_HZ, 1, dtype="float32", quality="LQ")
        self._came, self._cleaned = _Track(), _Track()
        """At 16 kHz, as it came and as it was cleaned; the same arrays where there was nothing to clean."""
        self._arrivals: deque[tuple[Ticks, Ticks]] = deque(maxlen=ARRIVALS_MAX)

    @property
    def uncommitted(self) -> Ticks:
        """How much audio waits for a commit."""
        return self.end - self.free

    @property
    def kept_from(self) -> Ticks:
        """The first position whose sound can still be had."""
        return -(-self._cleaned.base * CLOCK_HZ // LISTENING_HZ)

    def push(self, audio: Audio, now: Ticks) -> Audio:
        """Take in 24 kHz audio that arrived at `now`; returns the new samples at 16 kHz."""
        self.end += len(audio)
        self._arrivals.append((self.end, now))
        came = self._resampler.resample_chunk(audio)
        heard = self._clean(came, now)
        keep_from = to_listening(self.free - KEPT)
        self._came.push(came, keep_from)
        self._cleaned.push(heard, keep_from)
        return heard

    def slice(self, start: Ticks, end: Ticks, *, clean_to: Ticks | None = None) -> Audio:
        """A copy of the audio from `start` to `end`, at 16 kHz, as far as it is kept.

        Args:
            start: where it begins.
            end: where it ends.
            clean_to: from here on it is given as it came; None: it is cleaned to its end.
        """
        if clean_to is None or clean_to >= end:
            return self._cleaned.slice(start, end)
        came = self._came.slice(max(start, clean_to), end)
        return np.concatenate([self._cleaned.slice(start, clean_to), came]) if clean_to > start else came

    def changed(self, start: Ticks, end: Ticks) -> bool:
        """Whether cleaning changed the audio from `start` to `end`."""
        cleaned = self._cleaned.slice(start, end)
        return not np.array_equal(cleaned, self._came.slice(start, end)[: len(cleaned)])

    def release(self, position: Ticks) -> None:
        """No turn will need audio from before `position`."""
        self.free = max(self.free, min(position, self.end))

    def arrivals(self, start: Ticks) -> Callable[[Ticks], Ticks]:
        """When each sample from `start` on arrived: a function that other threads may ask."""
        known = [arrival for arrival in self._arrivals if arrival[0] > start]

        def arrived_at(position: Ticks) -> Ticks:
            place = bisect_right(known, position, key=lambda arrival: arrival[0])
            return known[min(place, len(known) - 1)][1] if known else 0

        return arrived_at
