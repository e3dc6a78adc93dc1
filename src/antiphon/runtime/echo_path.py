"""Whether a caller's microphone hears our own sound: a judgement from two series of levels.

A loudspeaker's echo rises and falls with what we play, some delay later; a caller's own voice and room do
not. So the levels of both, in decibels per block, are correlated over the last seconds at every delay that
an echo may have, and the best of them decides. A slope is asked for beside the correlation, because
a steady room that correlates by chance hardly moves at all.
"""

from collections import deque
from math import log10
from typing import Literal, TypeAlias

import numpy as np

Verdict: TypeAlias = Literal["unknown", "echo", "none"]

BLOCKS_PER_S = 50
REMEMBERED = 4 * BLOCKS_PER_S
LEAST = BLOCKS_PER_S
"""Nothing is decided on less; and on less than half as much again only that nothing at all moved."""
DELAYS = 30
"""Delays that are tried, in blocks: 0.6 s."""
_EVERY = BLOCKS_PER_S // 2
_FLOOR_DB = -70.0
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
        self._far: deque[float] = deque([_FLOOR_DB] * DELAYS, maxlen=REMEMBERED + DELAYS)
        self._near: deque[float] = deque(maxlen=REMEMBERED)
        self._half: tuple[float, float] | None = None
        self._blocks = 0

    def hear(self, near: float, far: float) -> None:
        """The mean powers of 10 ms more, while our sound plays or has just played."""
        if self._half is None:
            self._half = near, far
            return
        self._near.append(_db((near + self._half[0]) / 2))
        self._far.append(_db((far + self._half[1]) / 2))
        self._half = None
        self._blocks += 1
        if self._blocks % _EVERY == 0 and len(self._near) >= LEAST:
            self._judge(likeness(np.array(self._near), np.array(self._far)))

    def _judge(self, likeness: float) -> None:
        if len(self._near) < LEAST * 3 // 2 and likeness > 0:
            return
        full = len(self._near) == REMEMBERED
        match self.verdict:
            case "unknown":
                if likeness >= _IS_ECHO:
                    self.verdict = "echo"
                elif likeness < _IS_NONE or full:
                    self.verdict = "none"
            case "none":
                if likeness >= _IS_ECHO_AFTER_ALL:
                    self.verdict = "echo"
            case "echo":
                if full and likeness < _IS_NONE_AFTER_ALL:
                    self.verdict = "none"


def likeness(near_db: np.ndarray, far_db: np.ndarray) -> float:
    """The best correlation of `near_db` with `far_db` a delay before; 0 where it moves too little with it.

    Args:
        near_db: levels of what was heard, one per block.
        far_db: levels of what was played, from `DELAYS` blocks before the first of `near_db` on.
    """
    played = np.lib.stride_tricks.sliding_window_view(far_db, len(near_db))
    played = played - played.mean(axis=1, keepdims=True)
    heard = near_db - near_db.mean()
    shared, spread = played @ heard, np.square(played).sum(axis=1)
    moves = shared > _LEAST_SLOPE * np.maximum(spread, 1e-9)
    alike = shared / np.sqrt(np.maximum(spread * np.square(heard).sum(), 1e-9))
    return float(np.where(moves, alike, 0.0).max())


def _db(power: float) -> float:
    return 10 * log10(max(power, _FLOOR))
