"""Towers of judges whose errors are known: does the rule stop where it may, and only there?"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import sqrt
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.evals.intervals import Estimate, wilson
from antiphon.evals.tower import Chain, tower

TOLERANCE = 0.05
DEPTH = 5

Errors: TypeAlias = Callable[[np.random.Generator], list[float]]
"""How often each level answers its own question wrongly."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which towers are built."""

    errors: Errors
    correlation: float
    """Of the errors of adjacent levels."""
    anchors: int


class Towers(msgspec.Struct, frozen=True, kw_only=True):
    """What came of many towers of one kind."""

    kind: str
    towers: int
    stopped: Estimate
    """The share at which the rule fired."""
    within: Estimate
    """Of these, the share with an error within the tolerance."""
    error_median: float | None
    """Of the verdicts that were given."""
    covered: Estimate
    """Of these, intervals that hold the truth."""
    raw_error_median: float
    """Of level 1 at its word, over all towers."""


def _equal(dice: np.random.Generator) -> list[float]:
    return list(dice.uniform(0.1, 0.25, DEPTH))


def _easier(dice: np.random.Generator) -> list[float]:
    return list(dice.uniform(0.1, 0.25) * 0.45 ** np.arange(DEPTH))


KINDS: Mapping[str, Kind] = {
    "independent, equally able": Kind(errors=_equal, correlation=0.0, anchors=300),
    "independent, easier upward": Kind(errors=_easier, correlation=0.0, anchors=300),
    "easier upward, no anchors": Kind(errors=_easier, correlation=0.0, anchors=0),
    "shared blind spots .3, easier upward": Kind(errors=_easier, correlation=0.3, anchors=300),
    "one model judges itself, .6": Kind(errors=_equal, correlation=0.6, anchors=300),
    "one model judges itself, .6, no anchors": Kind(errors=_equal, correlation=0.6, anchors=0),
}


def chains(kind: Kind, dice: np.random.Generator, subjects: int) -> tuple[list[Chain], float]:
    """A tower's draws, and the true rate."""
    rate = float(dice.uniform(0.2, 0.9))
    truth = dice.random(subjects) < rate
    errors = kind.errors(dice)
    wrong = dice.random(subjects) < errors[0]
    verdict = truth ^ wrong  # what the chain so far makes of the subject
    said = [verdict.astype(float)]
    for below, error in pairwise(errors):
        # The verdict below is right or not; this level says which, and may err where the one below erred.
        wrong = _wrong(dice, wrong, below, error, kind.correlation)
        right_below = verdict == truth
        answer = right_below ^ wrong
        verdict = np.where(answer, verdict, ~verdict)
        said.append(answer.astype(float))
    known = dice.permutation(subjects)[: kind.anchors]
    anchors = set(known.tolist())
    table = np.stack(said, 1)
    return [
        Chain(
            cluster=str(place),
            said=tuple(table[place].tolist()),
            truth=float(truth[place]) if place in anchors else None,
        )
        for place in range(subjects)
    ], rate


def measure(name: str, *, towers: int, subjects: int, seed: int = 0) -> Towers:
    """Build many towers of the kind `name`."""
    kind, dice = KINDS[name], np.random.default_rng(seed)
    errors: list[float] = []
    raw: list[float] = []
    covered = 0
    for _ in range(towers):
        drawn, rate = chains(kind, dice, subjects)
        found = tower(drawn, tolerance=TOLERANCE)
        raw.append(abs(found.depths[0].uncorrected - rate))
        if found.stopped_at is not None:
            at = found.depths[found.stopped_at - 1]
            errors.append(abs(at.estimate.value - rate))
            covered += at.estimate.covers(rate)
    within = sum(error <= TOLERANCE for error in errors)
    return Towers(
        kind=name,
        towers=towers,
        stopped=wilson(len(errors), towers),
        within=wilson(within, len(errors)),
        error_median=float(np.median(errors)) if errors else None,
        covered=wilson(covered, len(errors)),
        raw_error_median=float(np.median(raw)),
    )


def _wrong(
    dice: np.random.Generator, below: NDArray[np.bool_], rate_below: float, rate: float, correlation: float
) -> NDArray[np.bool_]:
    """Errors with the mean `rate` that correlate with those below, as far as two such rates can."""
    lift = correlation * sqrt(rate * (1 - rate) / (rate_below * (1 - rate_below)))
    after_error = min(rate + lift * (1 - rate_below), 1.0)
    otherwise = max(rate - lift * rate_below, 0.0)
    return dice.random(len(below)) < np.where(below, after_error, otherwise)
