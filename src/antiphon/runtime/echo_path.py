"""Whether a caller's microphone hears our own sound: a judgement from two series of levels.

A loudspeaker's echo rises and falls with what we play, some delay later; a caller's own voice and room do
not. So the levels of both, in decibels per block, are correlated over the last seconds at every delay that
an echo may have, and the best of them decides. A slope is asked for beside the correlation, because
a steady room that correlates by chance hardly moves at all.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

Verdict: TypeAlias = Literal["unknown", "echo", "none"]

BLOCKS_PER_S = 50
REMEMBERED = 4 * BLOCKS_PER_S
LEAST = BLOCKS_PER_S
"""Nothing is decided on less; and on less than half as much again only that nothing at all moved."""
DELAYS = 30
"""Delays that are tried, in blocks: 0.6 s."""
_HALVES = 2
"""A block is so many of the stretches that levels come in."""
_EVERY = BLOCKS_PER_S // 2 * _HALVES
_FLOOR = 1e-7
_LEAST_SLOPE = 0.06
_IS_ECHO, _IS_ECHO_AFTER_ALL = 0.55, 0.7
_IS_NONE, _IS_NONE_AFTER_ALL = 0.45, 0.3


class EchoPath:
    """Follows the levels of what we play and of what we hear meanwhile.

    Attributes:
        verdict: what is believed now.
    """

    def __init__(self) -> None:
        self.verdict: Verdict = "unknown"
        self._near_db, self._far_db = np.zeros(0), _blocks_db([0.0] * DELAYS * _HALVES)
        self._near: list[float] = []
        """Powers that came since the last judgement was due, as of the other."""
        self._far: list[float] = []

    def hear(self, near: Sequence[float], far: Sequence[float]) -> None:
        """Mean powers of 10 ms each, as many of both, while our sound plays or has just played."""
        self._near += near
        self._far += far
        whole = len(self._near) // _EVERY * _EVERY
        if whole:
            self._near_db = np.append(self._near_db, _blocks_db(self._near[:whole]))[-REMEMBERED:]
            self._far_db = np.append(self._far_db, _blocks_db(self._far[:whole]))[-REMEMBERED - DELAYS :]
            del self._near[:whole], self._far[:whole]
            self._judge()

    def _judge(self) -> None:
        blocks = len(self._near_db)
        if blocks < LEAST:
            return
        alike = likeness(self._near_db, self._far_db)
        if blocks < LEAST * 3 // 2 and alike > 0:
            return
        full = blocks == REMEMBERED
        match self.verdict:
            case "unknown":
                if alike >= _IS_ECHO:
                    self.verdict = "echo"
                elif alike < _IS_NONE or full:
                    self.verdict = "none"
            case "none":
                if alike >= _IS_ECHO_AFTER_ALL:
                    self.verdict = "echo"
            case "echo":
                if full and alike < _IS_NONE_AFTER_ALL:
                    self.verdict = "none"


def likeness(near_db: np.ndarray, far_db: np.ndarray) -> float:
    """The best correlation of `near_db` with `far_db` a delay before; 0 where it moves too little with it.

    Args:
        near_db: levels of what was heard, one per block.
        far_db: levels of what was played, from `DELAYS` blocks before the first of `near_db` on.
    """
    length = len(near_db)
    heard, played = near_db - near_db.mean(), far_db - far_db.mean()
    # What is shared needs no mean taken out of each stretch of what was played: that of `heard` is nothing.
    shared = np.correlate(played, heard)
    sums = np.cumsum([np.append(0.0, played), np.append(0.0, np.square(played))], axis=1)
    total, squares = sums[:, length:] - sums[:, :-length]
    spread = squares - np.square(total) / length
    moves = shared > _LEAST_SLOPE * np.maximum(spread, 1e-9)
    alike = shared / np.sqrt(np.maximum(spread * np.square(heard).sum(), 1e-9))
    return float(np.where(moves, alike, 0.0).max())


def _blocks_db(powers: list[float]) -> np.ndarray:
    blocks = np.array(powers).reshape(-1, _HALVES).mean(axis=1)
    return 10 * np.log10(np.maximum(blocks, _FLOOR))
