"""Intervals that may be looked at after every item, and stopped at whenever one likes.

A fixed interval looked at after each conversation is wrong far more often than it says, and everybody who
has a green light to wait for looks. These hold at all times at once, at the price of some width.

`ConfidenceSequence` bets against every candidate mean at once (Waudby-Smith and Ramdas 2024, hedged
capital): what makes a gambler rich is no longer believed. It needs bounded values and nothing else. Where
values are estimates and not items, `anytime_factor` widens their standard error instead (Waudby-Smith et
al. 2024, asymptotic confidence sequences).
"""

from collections.abc import Iterable
from math import log, sqrt

import numpy as np

from antiphon.contracts import ContractBroken
from antiphon.evals.intervals import Estimate, Floats

_STAKE_MOST = 0.75
"""Of all the money in one bet."""
_CANDIDATES = 2001


class ConfidenceSequence:
    """The mean of values in [`low`, `high`], one after another; covered at all times with 1 - `alpha`."""

    def __init__(self, low: float, high: float, *, alpha: float = 0.05) -> None:
        if not low < high or not 0 < alpha < 1:
            raise ContractBroken(f"no interval for values in [{low}, {high}] at alpha {alpha}")
        self._low, self._room, self._alpha = low, high - low, alpha
        self._means = np.linspace(0.0, 1.0, _CANDIDATES)
        self._up = np.zeros(_CANDIDATES)
        self._down = np.zeros(_CANDIDATES)
        self._alive = np.ones(_CANDIDATES, np.bool_)
        self._sum, self._squares, self.n = 0.5, 0.25, 0

    def add(self, values: Iterable[float]) -> "ConfidenceSequence":
        """Take more values, in the order in which they came; what lies outside the bounds counts as there."""
        for value in values:
            self._bet(min(max((value - self._low) / self._room, 0.0), 1.0))
        return self

    @property
    def estimate(self) -> Estimate:
        """As far as it is known now. With no candidate left the values have no common mean: all may be."""
        mean = (self._sum - 0.5) / self.n if self.n else 0.5
        inside = np.flatnonzero(self._alive)
        step = 1 / (_CANDIDATES - 1)
        low, high = (inside[0] - 1, inside[-1] + 1) if len(inside) else (0, _CANDIDATES - 1)
        return Estimate(
            self._low + self._room * mean,
            self._low + self._room * float(max(low * step, 0.0)),
            self._low + self._room * float(min(high * step, 1.0)),
            self.n,
        )

    def evidence_against(self, mean: float) -> float:
        """How many times its stake a gambler who doubts `mean` has by now: an e-value.

        Above 1/alpha it is safe to say that the mean is another, whenever that is.
        """
        place = round((mean - self._low) / self._room * (_CANDIDATES - 1))
        place = min(max(place, 0), _CANDIDATES - 1)
        return float(np.exp(self._wealth()[place]))

    def _bet(self, x: float) -> None:
        count = self.n + 1
        variance = self._squares / count
        stake = sqrt(2 * log(2 / self._alpha) / (variance * count * log(1 + count)))
        with np.errstate(divide="ignore"):
            up = np.minimum(stake, _STAKE_MOST / self._means)
            down = np.minimum(stake, _STAKE_MOST / (1 - self._means))
        self._up += np.log1p(up * (x - self._means))
        self._down += np.log1p(-down * (x - self._means))
        self.n = count
        self._sum += x
        self._squares += (x - self._sum / (count + 1)) ** 2
        self._alive &= self._wealth() < log(1 / self._alpha)

    def _wealth(self) -> Floats:
        """The logarithm of the better of two gamblers who began with half each."""
        return np.maximum(self._up, self._down) - log(2)


def anytime_factor(n: int, *, alpha: float = 0.05, tuned_to: int = 50) -> float:
    """How many standard errors an estimate from `n` items must reach so that it may be looked at at any time.

    Asymptotically; narrowest at about `tuned_to` items.
    """
    if n < 1:
        return float("inf")
    rho2 = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / tuned_to
    return sqrt(2 * (n * rho2 + 1) / (n * rho2) * log(sqrt(n * rho2 + 1) / alpha))
