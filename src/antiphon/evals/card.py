"""What a judge is worth at one criterion, measured against people: its card.

Everything is of one evaluator signature and of one set of labels. A card from another set than the run at
hand tells how good the judge is and which way it leans; it does not correct a rate.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from antiphon.contracts import ContractBroken
from antiphon.evals.agreement import Agreement, agreement, auroc, weighted_kappa
from antiphon.evals.intervals import Estimate, Floats, clustered_mean, wilson
from antiphon.evals.prediction_powered import corrected

CARD_LEAST = 10
"""Labelled and judged items."""
_BINS = 10


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled item and what the judge says of it."""

    id: str
    cluster: str
    value: float | None
    """The mean of its draws; None when all are missing."""
    human: tuple[float, ...]
    """One label for each rater, from 0 to 1."""


class Lean(msgspec.Struct, frozen=True, kw_only=True):
    """How far something that should not matter moves the judge, in its own units, from 0 to 1."""

    probe: str
    effect: Estimate
    should_be: str = "none"


class JudgeCard(msgspec.Struct, frozen=True, kw_only=True):
    """The card."""

    criterion: str
    evaluator: str
    items: int
    missing: int
    sensitivity: Estimate
    """Of the good ones, the share it calls good."""
    specificity: Estimate
    """Of the bad ones, the share it calls bad."""
    youden: float | None
    """None where people call all of them good, or none."""
    auroc: float
    kappa: float
    """With people, weighted."""
    ceiling: Agreement | None
    """Of people with each other: no judge can be asked for more. None with one rater."""
    correlation: float
    worth: float
    """A label beside this judge is worth so many without it."""
    off_by: Estimate
    """What it says less what people say, in the mean."""
    brier: float
    """Of its probabilities."""
    calibration_error: float
    """Expected calibration error of its probabilities as they come."""
    calibration_error_after: float
    """The same after isotonic regression fitted on other clusters."""
    leans: tuple[Lean, ...] = ()


def card(
    criterion: str, evaluator: str, items: Sequence[Judged], leans: Sequence[Lean] = (), *, seed: int = 0
) -> JudgeCard:
    """Make the card.

    Raises:
        ContractBroken: fewer than ten items have a value and a label.
    """
    known = [item for item in items if item.value is not None and item.human]
    if len(known) < CARD_LEAST:
        raise ContractBroken(f"{len(known)} labelled and judged items are too few for a card; ten at least")
    said = np.array([item.value for item in known], np.float64)
    human = np.array([sum(item.human) / len(item.human) for item in known])
    clusters = [item.cluster for item in known]
    good = human >= 0.5
    hits, rejections = int((good & (said >= 0.5)).sum()), int((~good & (said < 0.5)).sum())
    worth = corrected(said.tolist(), clusters, human.tolist())
    ratings = [(item.id, str(rater), value) for item in known for rater, value in enumerate(item.human)]
    smooth = _cross_fitted(said, good.astype(float), clusters, seed)
    one, other = wilson(hits, int(good.sum())), wilson(rejections, int((~good).sum()))
    return JudgeCard(
        criterion=criterion,
        evaluator=evaluator,
        items=len(known),
        missing=len(items) - len(known),
        sensitivity=one,
        specificity=other,
        youden=one.value + other.value - 1 if one.n and other.n else None,
        auroc=auroc(said.tolist(), good.tolist()),
        kappa=weighted_kappa((said >= 0.5).astype(float).tolist(), good.astype(float).tolist()),
        ceiling=agreement(ratings),
        correlation=worth.correlation,
        worth=worth.worth,
        off_by=clustered_mean((said - human).tolist(), clusters),
        brier=float(((said - good) ** 2).mean()),
        calibration_error=calibration_error(said, good.astype(float)),
        calibration_error_after=calibration_error(smooth, good.astype(float)),
        leans=tuple(leans),
    )


def isotonic(scores: Floats, good: Floats) -> tuple[Floats, Floats]:
    """The nearest rising step function (pool adjacent violators): scores, and the share of good at each."""
    order = np.argsort(scores, kind="stable")
    blocks: list[list[float]] = []
    for score, value in zip(scores[order], good[order], strict=True):
        blocks.append([float(value), 1.0, float(score)])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, count, high = blocks.pop()
            blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + count, high]
    return np.array([b[2] for b in blocks]), np.array([b[0] / b[1] for b in blocks])


def calibration_error(said: Floats, good: Floats) -> float:
    """Expected calibration error over bins with equally many items."""
    order = np.argsort(said, kind="stable")
    parts = np.array_split(order, min(_BINS, len(order)))
    return float(sum(len(p) * abs(said[p].mean() - good[p].mean()) for p in parts) / len(order))


def _cross_fitted(said: Floats, good: Floats, clusters: Sequence[str], seed: int) -> Floats:
    """Each item's probability as isotonic regression on the other folds' clusters gives it."""
    names = np.array(sorted(set(clusters)))
    folds = np.array_split(np.random.default_rng(seed).permutation(names), min(5, len(names)))
    smooth = said.copy()
    for fold in folds:
        held = np.isin(np.array(clusters), fold)
        if held.all() or not held.any():
            continue
        edges, shares = isotonic(said[~held], good[~held])
        smooth[held] = shares[np.minimum(np.searchsorted(edges, said[held]), len(shares) - 1)]
    return smooth
