"""Sound and time, as every part of Antiphon counts them.

Audio is a one-dimensional float32 array, mono, in [-1, 1]. Time inside a conversation is counted in
*ticks* of one clock: samples at `CLOCK_HZ`, from the moment the session began. The wire carries 24 kHz, so a
tick is one sample of what the caller sends and of what the listener hears; models that hear at 16 kHz get a
resampled copy, and nothing else ever needs converting.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Audio: TypeAlias = NDArray[np.float32]
"""Mono samples, float32, shape [n], in [-1, 1]. The rate is part of the contract that passes it."""

Ticks: TypeAlias = int
"""A time or a duration in samples at `CLOCK_HZ`."""

CLOCK_HZ = 24_000
LISTENING_HZ = 16_000


def ticks(ms: float) -> Ticks:
    """The number of ticks in `ms` milliseconds, rounded to the nearest."""
    return round(ms * CLOCK_HZ / 1000)


def ms(duration: Ticks) -> float:
    """Milliseconds in `duration` ticks."""
    return duration * 1000 / CLOCK_HZ
