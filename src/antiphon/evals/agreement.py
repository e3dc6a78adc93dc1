"""How far people agree with each other, and a judge with people: what no judge can be asked to exceed."""

from collections.abc import Sequence
from itertools import combinations

import msgspec
import numpy as np

from antiphon.evals.intervals import Floats


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Of raters with each other."""

    alpha: float
    """Krippendorff's, for values on a scale: 1 is perfect, 0 is chance."""
    same: float
    """Share of pairs of raters of one subject who say the same."""
    subjects: int
    """With two raters or more."""


def agreement(ratings: Sequence[tuple[str, str, float]]) -> Agreement | None:
    """Of (subject, rater, value); a rater's last word on a subject counts. None: no subject has two."""
    last = {(subject, rater): value for subject, rater, value in ratings}
    units: dict[str, list[float]] = {}
    for (subject, _), value in last.items():
        units.setdefault(subject, []).append(value)
    shared = [values for values in units.values() if len(values) > 1]
    if not shared:
        return None
    pairs = [one == other for values in shared for one, other in combinations(values, 2)]
    return Agreement(alpha=_alpha(shared), same=sum(pairs) / len(pairs), subjects=len(shared))


def weighted_kappa(one: Sequence[float], other: Sequence[float]) -> float:
    """Cohen's kappa with squared weights (Cohen 1968), of two raters of the same subjects."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    chance = _mean_square_gap(a, b)
    return 1 - float(((a - b) ** 2).mean()) / chance if chance > 0 else 0.0


def auroc(scores: Sequence[float], good: Sequence[bool]) -> float:
    """How often a good subject has the higher score of a random good and bad one; ties count half."""
    high = [score for score, is_good in zip(scores, good, strict=True) if is_good]
    low = [score for score, is_good in zip(scores, good, strict=True) if not is_good]
    if not high or not low:
        return 0.5
    gaps = np.subtract.outer(np.asarray(high), np.asarray(low))
    return float((gaps > 0).mean() + (gaps == 0).mean() / 2)


def _alpha(units: Sequence[Sequence[float]]) -> float:
    """Krippendorff 2004, interval metric: 1 less observed over expected disagreement."""
    everything = np.array([value for values in units for value in values])
    observed = sum(
        (one - other) ** 2 * 2 / (len(values) - 1)
        for values in units
        for one, other in combinations(values, 2)
    ) / len(everything)
    expected = 2 * float(everything.var()) * len(everything) / (len(everything) - 1)
    return 1 - observed / expected if expected > 0 else 1.0


def _mean_square_gap(a: Floats, b: Floats) -> float:
    return float(a.var() + b.var() + (a.mean() - b.mean()) ** 2)
