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
"""How many arrivals are remembered at most: 200 s of 20 ms frames."""


def to_listening(position: Ticks) -> int:
    """A position in samples at 16 kHz."""
    return position * LISTENING_HZ // CLOCK_HZ


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
        self._pieces: deque[Audio] = deque()
        """Of the audio at 16 kHz, without a gap between them."""
        self._base = 0
        """Position, at 16 kHz, of the first sample kept."""
        self._arrivals: deque[tuple[Ticks, Ticks]] = deque(maxlen=ARRIVALS_MAX)

    @property
    def uncommitted(self) -> Ticks:
        """How much audio waits for a commit."""
        return self.end - self.free

    @property
    def kept_from(self) -> Ticks:
        """The first position whose sound can still be had."""
        return -(-self._base * CLOCK_HZ // LISTENING_HZ)

    def push(self, audio: Audio, now: Ticks) -> Audio:
        """Take in 24 kHz audio that arrived at `now`; returns the new samples at 16 kHz."""
        self.end += len(audio)
        self._arrivals.append((self.end, now))
        heard = self._clean(self._resampler.resample_chunk(audio), now)
        if len(heard):
            self._pieces.append(heard)
        keep_from = to_listening(self.free - KEPT)
        while self._pieces and self._base + len(self._pieces[0]) <= keep_from:
            self._base += len(self._pieces.popleft())
        kept_from = self.kept_from
        while self._arrivals and self._arrivals[0][0] <= kept_from:
            self._arrivals.popleft()
        return heard

    def slice(self, start: Ticks, end: Ticks) -> Audio:
        """A copy of the audio from `start` to `end`, at 16 kHz, as far as it is kept."""
        first = max(to_listening(start), self._base)
        last = to_listening(end)
        wanted: list[Audio] = []
        at = self._base
        for piece in self._pieces:
            if at >= last:
                break
            if at + len(piece) > first:
                wanted.append(piece[max(0, first - at) : last - at])
            at += len(piece)
        return np.concatenate(wanted) if wanted else np.zeros(0, np.float32)

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
