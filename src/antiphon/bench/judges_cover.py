"""Do the intervals keep what they promise? The labelled set is the population; runs are drawn from it.

A run draws whole dialogues with replacement until it has `ITEMS` turns, labels `m` of them, and estimates the
share of good ones. The truth is the share in the set. So `m` may be anything, and no interval is flattered by
having seen all there is.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.evals.intervals import Estimate, Floats, clustered_mean, rogan_gladen, wilson
from antiphon.evals.prediction_powered import corrected

ITEMS = 800
LABELS = (50, 100, 300)

Way: TypeAlias = Callable[["Sample"], Estimate | None]


class Population(msgspec.Struct, frozen=True, kw_only=True):
    """Items with a judge's opinion and the truth; arrays of one length."""

    name: str
    judged: Floats
    good: Floats
    cluster: NDArray[np.intp]


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One run: the first `labels` items are labelled."""

    judged: Floats
    good: Floats
    cluster: NDArray[np.intp]
    labels: int


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """How one way did over many runs."""

    population: str
    way: str
    labels: int
    runs: int
    covered: Estimate
    bias: float
    """Mean of estimate less truth."""
    error: float
    """Mean of its size."""
    width: float
    """Of the interval, the mean."""
    failed: int
    """Runs without an estimate."""


def coverage(population: Population, *, runs: int, seed: int = 0) -> list[Covered]:
    """Every way at every number of labels."""
    dice = np.random.default_rng(seed)
    truth = float(population.good.mean())
    found: list[Covered] = []
    for labels in LABELS:
        samples = [sampled(population, dice, labels) for _ in range(runs)]
        for name, way in WAYS.items():
            told = [way(sample) for sample in samples]
            known = [each for each in told if each is not None]
            errors = np.array([each.value - truth for each in known] or [float("nan")])
            hits = sum(each.covers(truth) for each in known)
            found.append(
                Covered(
                    population=population.name,
                    way=name,
                    labels=labels,
                    runs=runs,
                    covered=wilson(hits, len(known)),
                    bias=float(errors.mean()),
                    error=float(np.abs(errors).mean()),
                    width=float(np.mean([each.high - each.low for each in known])) if known else float("nan"),
                    failed=runs - len(known),
                )
            )
    return found


def sampled(population: Population, dice: np.random.Generator, labels: int) -> Sample:
    """One run's items, in an order of chance."""
    groups = [np.flatnonzero(population.cluster == c) for c in np.unique(population.cluster)]
    places: list[NDArray[np.intp]] = []
    numbers: list[NDArray[np.intp]] = []
    count = 0
    while count < ITEMS:
        group = groups[int(dice.integers(len(groups)))]
        numbers.append(np.full(len(group), len(places), np.intp))
        places.append(group)
        count += len(group)
    order = dice.permutation(count)
    place, number = np.concatenate(places)[order], np.concatenate(numbers)[order]
    return Sample(judged=population.judged[place], good=population.good[place], cluster=number, labels=labels)


def simulated(
    name: str, hit: float, false: float, *, rate: float = 0.7, items: int = 20_000, seed: int = 1
) -> Population:
    """A judge of known sensitivity (`hit`) and false positive rate, on dialogues that differ in quality."""
    dice = np.random.default_rng(seed)
    cluster = np.arange(items) // 8
    quality = dice.beta(rate * 4, (1 - rate) * 4, items // 8 + 1)[cluster]
    good = (dice.random(items) < quality).astype(float)
    judged = np.where(good > 0, dice.random(items) < hit, dice.random(items) < false).astype(float)
    return Population(name=name, judged=judged, good=good, cluster=cluster)


def _raw(sample: Sample) -> Estimate:
    said = sample.judged >= 0.5
    return wilson(int(said.sum()), len(said))


def _rogan_gladen(sample: Sample) -> Estimate | None:
    said, m = sample.judged >= 0.5, sample.labels
    good, seen = sample.good[:m] > 0, said[:m]
    return rogan_gladen(
        int(said[m:].sum()),
        len(said) - m,
        (int((seen & good).sum()), int(good.sum())),
        (int((~seen & ~good).sum()), int((~good).sum())),
    )


def _corrected(sample: Sample) -> Estimate:
    human: Sequence[float | None] = [
        float(value) if place < sample.labels else None for place, value in enumerate(sample.good)
    ]
    return corrected(sample.judged.tolist(), sample.cluster.tolist(), human).estimate


def _humans(sample: Sample) -> Estimate:
    m = sample.labels
    return clustered_mean(sample.good[:m].tolist(), sample.cluster[:m].tolist())


WAYS: Mapping[str, Way] = {
    "raw judge": _raw,
    "Rogan-Gladen": _rogan_gladen,
    "ours": _corrected,
    "labels only": _humans,
}
