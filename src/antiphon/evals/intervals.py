"""Intervals for rates and means: small samples, whole clusters, and judges who err.

Never the plain normal interval: below a few hundred items it promises more than it keeps, and 0 of n is no
certainty. Conversations of one scenario are alike, so what is resampled or counted is the scenario.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import special

from antiphon.contracts import ContractBroken

Floats = NDArray[np.float64]

_NO_SPREAD = 1e-9
_stdtrit: Any = special.stdtrit  # which scipy gives no types for


class Estimate(msgspec.Struct, frozen=True):
    """A number, and the interval that covers the truth as often as it says."""

    value: float
    low: float
    high: float
    n: int
    """Of what it rests on: items, or clusters where there are clusters."""

    def covers(self, truth: float) -> bool:
        """Whether `truth` lies inside."""
        return self.low <= truth <= self.high


def wilson(hits: float, n: int, level: float = 0.95) -> Estimate:
    """A rate of independent items (Wilson 1927); of no items everything is possible."""
    if not 0 <= hits <= n:
        raise ContractBroken(f"{hits} of {n} is no rate")
    if n == 0:
        return Estimate(0.5, 0.0, 1.0, 0)
    rate = hits / n
    return Estimate(rate, *_score(rate, n, z_of(level)), n)


def _score(rate: float, n: float, z: float) -> tuple[float, float]:
    """The rates that `z` of their own standard errors part from `rate`, at most."""
    room = 1 + z * z / n
    middle = (rate + z * z / (2 * n)) / room
    half = z * float(np.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))) / room
    return max(0.0, min(rate, middle - half)), min(1.0, max(rate, middle + half))


def rate_within(rate: float, se: float, clusters: int, reach: float) -> tuple[float, float]:
    """`reach` standard errors about a rate, and toward the middle as far as a score interval goes.

    Near 0 and 1 few failures are seen, the spread seems small, and the rate is nearer to the edge than the
    truth: there the plain interval is too short on the side of the middle (Brown, Cai and DasGupta 2001).
    `se` says how many independent items the rate is worth; as many as there are clusters at least. Where
    nothing differs, that is all there is to count with, on both sides; and of one cluster nothing is known.
    """
    half = reach * se
    if clusters < 2 or not np.isfinite(half):
        return min(0.0, rate), max(1.0, rate)
    low, high = rate - half, rate + half
    inside = min(max(rate, 0.0), 1.0)
    if half < _NO_SPREAD:
        return _score(inside, clusters, reach)
    least, most = _score(inside, max(inside * (1 - inside) / se**2, clusters), reach)
    return (min(low, least) if inside >= 0.5 else low), (max(high, most) if inside <= 0.5 else high)


def clustered_mean(values: Sequence[float], clusters: Sequence[object], level: float = 0.95) -> Estimate:
    """The mean of items, with Student's t over clusters (a ratio estimate: clusters may differ in size).

    With one cluster nothing is known of the others: the interval is infinite.
    """
    if not values or len(values) != len(clusters):
        raise ContractBroken("a mean needs values, and a cluster for each")
    items = np.asarray(values, np.float64)
    mean = float(items.mean())
    parts = by_cluster((items - mean) / len(items), clusters)
    half = t_of(level, len(parts)) * float(np.sqrt(spread_of(parts)))
    return Estimate(mean, mean - half, mean + half, len(parts))


def clustered_rate(values: Sequence[float], clusters: Sequence[object], level: float = 0.95) -> Estimate:
    """The mean of shares: as `clustered_mean`, between 0 and 1.

    Clusters that do not differ at all, as a single one or a hundred successes, have no spread to count with,
    and yet the next one may be another: then Wilson's, with as many items as there are clusters.
    """
    found = clustered_mean(values, clusters, level)
    if found.n == 1 or found.high - found.low < _NO_SPREAD:
        edge = wilson(min(1.0, max(0.0, found.value)) * found.n, found.n, level)
        return Estimate(found.value, edge.low, edge.high, found.n)
    reach = t_of(level, found.n)
    low, high = rate_within(found.value, (found.high - found.value) / reach, found.n, reach)
    return Estimate(found.value, max(0.0, low), min(1.0, high), found.n)


def rogan_gladen(
    said_good: int,
    n: int,
    sensitivity: tuple[int, int],
    specificity: tuple[int, int],
    level: float = 0.95,
) -> Estimate | None:
    """The true rate behind a judge's, from its hits among the truly good and the truly bad.

    Rogan and Gladen 1978; the interval is that of Lang and Reiczigel 2014. It survives a change in how common
    the good is, and is as wide as the judge is bad. None when the judge is no better than a coin.

    Args:
        said_good: how often the judge said "good", of `n`.
        sensitivity: how often it did among the truly good, and of how many.
        specificity: how often it said "bad" among the truly bad, and of how many.
    """
    z = z_of(level)
    z2 = z * z
    (hit1, m1), (hit0, m0) = sensitivity, specificity
    q1, q0 = (hit1 + 1) / (m1 + 2), (hit0 + 1) / (m0 + 2)
    p, n1, n0, total = (said_good + z2 / 2) / (n + z2), m1 + 2, m0 + 2, n + z2
    youden = q1 + q0 - 1
    if youden <= 0:
        return None
    theta = (p + q0 - 1) / youden
    shift = 2 * z2 * (-(1 - theta) * q0 * (1 - q0) / n0 + theta * q1 * (1 - q1) / n1)
    se2 = p * (1 - p) / total + (1 - theta) ** 2 * q0 * (1 - q0) / n0 + theta**2 * q1 * (1 - q1) / n1
    half = z * float(np.sqrt(se2)) / youden
    plain = (said_good / max(n, 1) + hit0 / max(m0, 1) - 1) / (hit1 / max(m1, 1) + hit0 / max(m0, 1) - 1 or 1)
    low, high = np.clip([theta + shift - half, theta + shift + half], 0, 1)
    return Estimate(float(np.clip(plain, 0, 1)), float(low), float(high), n)


def with_missing(values: Sequence[float | None], low: float, high: float) -> tuple[list[float], list[float]]:
    """The values as they are at worst and at best, where those that are missing may be anything."""
    return (
        [low if value is None else value for value in values],
        [high if value is None else value for value in values],
    )


def numbered(clusters: Sequence[object]) -> NDArray[np.intp]:
    """A number for each item's cluster, from 0 on, in the order in which clusters come."""
    places = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    return np.array([places[name] for name in clusters], np.intp)


def by_cluster(parts: Floats, clusters: Sequence[object]) -> Floats:
    """The sum of `parts` in each cluster, in the order in which clusters come."""
    numbers = numbered(clusters)
    sums = np.zeros(int(numbers.max()) + 1)
    np.add.at(sums, numbers, parts)
    return sums


def spread_of(parts: Floats) -> float:
    """The variance of a sum of independent cluster contributions that have the mean 0."""
    count = len(parts)
    return float(np.square(parts).sum()) * count / (count - 1) if count > 1 else float("inf")


def z_of(level: float) -> float:
    """How many standard errors a normal interval reaches."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def t_of(level: float, clusters: int) -> float:
    """The same for a spread that was estimated from `clusters` of them."""
    return float(_stdtrit(clusters - 1, 0.5 + level / 2)) if clusters > 1 else float("inf")
