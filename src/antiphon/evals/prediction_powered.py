"""What people would say of all, from what a judge says of all and people of a few.

Prediction-powered inference (Angelopoulos et al. 2023), with the weight of the judge tuned to what it is
worth (PPI++, 2023): with a useless judge it is the mean of the labels, with a perfect one every item counts
as a label. It is right for *any* judge, as long as the labelled items are a random part of what is judged.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from antiphon.contracts import ContractBroken
from antiphon.evals.intervals import Estimate, Floats, by_cluster, rate_within, t_of


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """A rate or mean as people would give it."""

    estimate: Estimate
    se: float
    weight: float
    """Of the judge, a factor on what it says: 0 where it knows nothing."""
    raw: float
    """The judge's own mean over everything it judged."""
    correlation: float
    """Of judge and people on the labelled items."""
    worth: float
    """One label beside the judge is worth so many without it, however many items it judges."""
    labels: int


def corrected(
    judged: Sequence[float],
    clusters: Sequence[object],
    human: Sequence[float | None],
    *,
    level: float = 0.95,
) -> Corrected:
    """The mean of what people would say.

    Args:
        judged: what the judge says of each item.
        clusters: which belong together (the scenario, the dialogue): the interval is over these.
        human: what people say of it, None where nobody was asked.

    Raises:
        ContractBroken: fewer than two labelled items, or lists of different lengths.
    """
    f, asked, h = _arrays(judged, clusters, human)
    n, rest = int(asked.sum()), int((~asked).sum())
    labelled, others = f[asked], f[~asked]
    residual = np.zeros_like(f)
    residual[asked] = (h[asked] - h[asked].mean()) / n
    lever = np.zeros_like(f)
    lever[asked] = (labelled - labelled.mean()) / n
    if rest:
        lever[~asked] = -(others - others.mean()) / rest
    a, b = by_cluster(residual, clusters), by_cluster(lever, clusters)
    power = float(b @ b)
    weight = max(float(a @ b / power), 0.0) if rest and power > 0 else 0.0
    value = float(h[asked].mean()) - weight * (float(labelled.mean()) - (float(others.mean()) if rest else 0))
    if weight == 0:
        value = float(h[asked].mean())
    groups = len({cluster for cluster, known in zip(clusters, asked, strict=True) if known})
    se = _scatter(a - weight * b, groups)
    rho = _correlation(labelled, h[asked])
    return Corrected(
        estimate=Estimate(value, *rate_within(value, se, groups, t_of(level, groups)), groups),
        se=se,
        weight=weight,
        raw=float(f.mean()),
        correlation=rho,
        worth=1 / max(1 - rho * rho, 1e-3) if rho > 0 else 1.0,
        labels=n,
    )


def _arrays(
    judged: Sequence[float], clusters: Sequence[object], human: Sequence[float | None]
) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]], Floats]:
    if not len(judged) == len(clusters) == len(human):
        raise ContractBroken("every item needs a judgment, a cluster, and a label or None")
    asked = np.array([value is not None for value in human], np.bool_)
    if asked.sum() < 2:
        raise ContractBroken(
            f"{int(asked.sum())} labelled items say nothing of the judge;"
            " label some with `antiphon eval label`"
        )
    labels = np.array([0.0 if value is None else value for value in human], np.float64)
    return np.asarray(judged, np.float64), asked, labels


def _scatter(parts: Floats, groups: int) -> float:
    """The standard error: most clusters may have no label, and those that have one are counted."""
    return float(np.sqrt(np.square(parts).sum() * groups / (groups - 1))) if groups > 1 else float("inf")


def _correlation(one: Floats, other: Floats) -> float:
    spread = float(one.std() * other.std())
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread) if spread > 0 else 0.0
