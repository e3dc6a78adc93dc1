"""What each signal weighs: a few numbers, fitted once on conversations that no figure is reported on.

`antiphon bench memory --fit` prints them anew: a softmax over the turns of a memory, fitted to put its mass
on the evidence (listwise, Cao et al. 2007).
"""

from typing import Final

import msgspec
import numpy as np

from antiphon.memory.columns import Floats, products


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one way to recall."""

    signals: tuple[float, ...]
    """One for each of `signals.NAMES`; what they add up to says how likely a turn is before the walk."""
    likely: float
    """Of that sum, after the walk."""
    walked: float
    """Of the logarithm of where the walk is found; 0: no walk."""
    length: float = 0.8
    """How much a turn's worth falls with the logarithm of its length: 1 is worth per token."""
    answer: tuple[float, float, float] = (0.0, 1.0, 0.0)
    """Of answerability: a constant, the lead of whom the question is about, the best turn."""


FITTED: Final = Weights(
    signals=(1.66, 4.31, 4.67, 5.14, 0.19, 1.07, -1.19, 0.7, -0.83, 0.3, 1.82, 0.8),
    likely=0.59,
    walked=0.307,
    answer=(-0.16, 1.78, 0.05),
)
"""From LoCoMo's conversations 26, 30 and 41."""


def total(weights: tuple[float, ...], made: Floats) -> Floats:
    """The weighted sum of each line of `made`."""
    return products(made, np.array(weights, np.float32))


CHANGE = (
    -8.39,
    9.16,
    6.47,
    3.72,
    -1.34,
    4.56,
    0.32,
    0.49,
    -1.57,
    0.13,
    0.83,
    -2.8,
    -1.19,
    -0.87,
    -1.0,
    -2.83,
    3.13,
    2.38,
    3.9,
    1.54,
    2.24,
    4.66,
    2.37,
    1.96,
    4.04,
    0.89,
    0.04,
    -3.61,
    -2.05,
    1.72,
    -0.77,
)
"""Of a constant and of `changes.FEATURES`: how likely a claim takes an earlier one's place."""
LIKELY = 0.7
"""From here on it does."""
DOUBTFUL = 0.03
"""From here on it is worth a language model's word."""
REFINED = (0.0, 1.0, 1.0)
"""After that word: of a constant, of the odds before, of the margin between yes and no."""
