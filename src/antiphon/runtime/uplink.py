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


SPARE_SAMPLES = LISTENING_HZ * 2
"""Room for what comes before the kept audio is moved again: the more, the seldomer, and the more memory."""


def to_listening(position: Ticks) -> int:
    """A position in samples at 16 kHz."""
    return position * LISTENING_HZ // CLOCK_HZ


class Kept:
    """The newest part of a stream of samples, in one piece, so that a slice costs nothing.

    Attributes:
        start: the position of the first sample kept.
    """

    def __init__(self) -> None:
        self.start = 0
        self._store: Audio = np.empty(SPARE_SAMPLES, np.float32)
        self._first = self._last = 0
        """Where in the store the kept samples lie."""

    def append(self, audio: Audio) -> None:
        """More samples."""
        if self._last + len(audio) > len(self._store):
            self._move(self._last - self._first + len(audio))
        self._store[self._last : self._last + len(audio)] = audio
        self._last += len(audio)

    def drop_before(self, position: int) -> None:
        """Nobody will ask for anything before `position`."""
        dropped = min(max(0, position - self.start), self._last - self._first)
        self.start += dropped
        self._first += dropped

    def view(self, start: int, end: int) -> Audio:
        """The samples from one position to another, as far as they are kept: not to be written to.

        They stay what they are, because more are written behind them, and a move leaves them where they were.
        """
        offset = self._first - self.start
        first = max(start + offset, self._first)
        return self._store[first : max(first, min(end + offset, self._last))]

    def _move(self, needed: int) -> None:
        """Make room for `needed` samples and some to spare."""
        kept = self._store[self._first : self._last]
        store = np.empty(needed + SPARE_SAMPLES, np.float32)
        store[: len(kept)] = kept
        self._store, self._first, self._last = store, 0, len(kept)


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
        self._kept = Kept()
        """At 16 kHz, as it came."""
        self._changed: deque[tuple[int, Audio]] = deque()
        """Pieces that are different when cleaned, and where they lie."""
        self._cleaned_to = 0
        self._arrivals: deque[tuple[Ticks, Ticks]] = deque(maxlen=ARRIVALS_MAX)

    @property
    def uncommitted(self) -> Ticks:
        """How much audio waits for a commit."""
        return self.end - self.free

    @property
    def kept_from(self) -> Ticks:
        """The first position whose sound can still be had."""
        return -(-self._kept.start * CLOCK_HZ // LISTENING_HZ)

    def push(self, audio: Audio, now: Ticks) -> Audio:
        """Take in 24 kHz audio that arrived at `now`; returns the new samples at 16 kHz."""
        self.end += len(audio)
        self._arrivals.append((self.end, now))
        came = self._resampler.resample_chunk(audio)
        heard = self._clean(came, now)
        self._kept.append(came)
        if heard is not came:
            self._changed.append((self._cleaned_to, heard))
        self._cleaned_to += len(heard)
        self._kept.drop_before(to_listening(self.free - KEPT))
        while self._changed and _end(self._changed[0]) <= self._kept.start:
            self._changed.popleft()
        kept_from = self.kept_from
        while self._arrivals and self._arrivals[0][0] <= kept_from:
            self._arrivals.popleft()
        return heard

    def slice(self, start: Ticks, end: Ticks, *, clean_to: Ticks | None = None) -> Audio:
        """The audio from `start` to `end`, at 16 kHz, as far as it is kept: not to be written to.

        Args:
            start: where it begins.
            end: where it ends.
            clean_to: from here on it is given as it came; None: it is cleaned to its end.
        """
        first, last = to_listening(start), to_listening(end)
        clean = last if clean_to is None else min(max(first, to_listening(clean_to)), last)
        if clean == last:
            last = min(last, self._cleaned_to)
        out = self._kept.view(first, last)
        first = max(first, self._kept.start)
        cleaned = [piece for piece in self._changed if max(first, piece[0]) < min(clean, _end(piece))]
        if cleaned:
            out = out.copy()
        for piece in cleaned:
            start, end = max(first, piece[0]), min(clean, _end(piece))
            out[start - first : end - first] = piece[1][start - piece[0] : end - piece[0]]
        return out

    def changed(self, start: Ticks, end: Ticks) -> bool:
        """Whether cleaning changed the audio from `start` to `end`."""
        cleaned = self.slice(start, end)
        return not np.array_equal(cleaned, self.slice(start, end, clean_to=start)[: len(cleaned)])

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


def _end(piece: tuple[int, Audio]) -> int:
    return piece[0] + len(piece[1])
