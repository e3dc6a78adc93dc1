"""Is the new version worse? An alarm that may be asked after every pair of conversations.

When two versions do not differ, which of two conversations with one caller and one seed came from which is
a coin toss, so the sign of their difference is fair whatever its size. Who bets on signs then makes no
money: the stake at hand is an e-process, exact at any sample size, for any measure without bounds, and at
whatever moment one stops (Ville 1939; Ramdas et al. 2023). What is staked is what a normal shift of some
size would make right, `tanh(shift * |difference| / scale)`, averaged over sizes.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

from antiphon.evals.intervals import Floats

_SHIFTS = (0.2, 0.5, 1.0, 2.0)
"""In units of the differences' root mean square."""
_EXACT, _FLIPS = 12, 2_000
_STAKE_MOST = 0.99
"""Who stakes everything has lost everything at the first surprise."""


def evidence_of_worse(differences: Sequence[float]) -> Floats:
    """The e-value after each difference, new less old, oriented so that more is better.

    Above 1/alpha the new version is worse; under no change that ever happens with at most alpha.
    """
    d = np.asarray(differences, np.float64)
    if not len(d):
        return np.ones(0)
    scale = np.sqrt(np.cumsum(d * d) / np.arange(1, len(d) + 1))
    sizes = np.divide(np.abs(d), scale, out=np.zeros_like(d), where=scale > 0)
    bets = np.minimum(np.tanh(np.outer(_SHIFTS, sizes)), _STAKE_MOST) * -np.sign(d)
    return np.asarray(np.exp(np.cumsum(np.log1p(bets), axis=1)).mean(axis=0), np.float64)


def named(evidence: Mapping[str, float], alpha: float) -> tuple[str, ...]:
    """Which of several alarms hold when false ones together may be at most `alpha`.

    A closed test over averages of e-values (Vovk and Wang 2021): it holds for any dependence between them.
    """
    held: list[str] = []
    for name, value in evidence.items():
        others = sorted(other for key, other in evidence.items() if key != name)
        sums = accumulate(others, initial=value)
        if min(total / count for count, total in enumerate(sums, 1)) >= 1 / alpha:
            held.append(name)
    return tuple(held)


def sign_flip_p(differences: Sequence[float], *, seed: int = 0) -> float:
    """How often chance alone makes a mean at least this far from 0, for who looks once.

    Exact up to 12 differences that are not 0, by 2,000 random flips beyond.
    """
    d = np.asarray(differences, np.float64)
    d = d[d != 0]
    if not len(d):
        return 1.0
    if len(d) <= _EXACT:
        bits = np.arange(2 ** len(d), dtype=np.int64)[:, None] >> np.arange(len(d), dtype=np.int64)
        signs = 1.0 - 2.0 * np.asarray(bits & 1, np.float64)
        return float((np.abs(signs @ d) >= abs(d.sum()) * (1 - 1e-9)).mean())
    signs = 1.0 - 2.0 * np.random.default_rng(seed).integers(0, 2, (_FLIPS, len(d)))
    return float((1 + (np.abs(signs @ d) >= abs(d.sum()) * (1 - 1e-9)).sum()) / (1 + _FLIPS))
