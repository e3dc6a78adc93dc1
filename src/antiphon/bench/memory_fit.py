"""The memory's few weights, from conversations that no figure is reported on.

Three small fits, each convex, each a dozen Newton steps: what makes a turn evidence (a softmax over all turns
of a memory), how much the walk adds to that (the same with two signals), and what tells questions with an
answer from those without (logistic).
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from antiphon.bench.memory_cases import Case
from antiphon.memory.ranking import FLOOR, SHARPER, answer_signals, shares
from antiphon.memory.signals import NAMES, signals
from antiphon.memory.walk import walked
from antiphon.memory.weights import Weights, total

Matrix: TypeAlias = NDArray[np.float64]
Look: TypeAlias = tuple[float, Matrix, Matrix]
"""How good a set of weights is, which way is up, and how it bends."""

_PRIOR = 0.05
"""How strongly weights are held to 0, so that a rare signal does not run away."""
_STEPS = 12
_HALVINGS = 12
_SETTLED = 1e-4
"""What another step is expected to win, in log-likelihood, is not worth it."""


def fit(cases: Sequence[Case], *, without: Sequence[str] = (), walks: bool = True) -> Weights:
    """Weights for `cases`; signals named in `without` weigh 0."""
    used = [place for place, name in enumerate(NAMES) if name not in without]
    made = [signals(case.view, case.question, case.vector, case.rows) for case in cases]
    found = [np.isin(case.rows, case.evidence).astype(float) for case in cases]
    weights = np.zeros(len(NAMES))
    weights[used] = _softmax([each[:, used].astype(float) for each in made], found)
    first = tuple(float(weight) for weight in weights)
    likely = [total(first, each) for each in made]
    likely_weight, walked_weight = 1.0, 0.0
    if walks:
        both = [
            np.stack([one, np.log(walked(case.view, case.rows, shares(SHARPER * one)) + FLOOR)], 1)
            for case, one in zip(cases, likely, strict=True)
        ]
        likely_weight, walked_weight = _softmax([each.astype(float) for each in both], found).tolist()
    leads = [answer_signals(each, first) for each in made]
    lines = np.array([(1.0, lead, best) for lead, best in leads])
    constant, lead, best = logistic(lines, np.array([case.answerable for case in cases], float)).tolist()
    return Weights(signals=first, likely=likely_weight, walked=walked_weight, answer=(constant, lead, best))


def _softmax(made: Sequence[Matrix], found: Sequence[Matrix]) -> Matrix:
    def look(weights: Matrix) -> Look:
        worth, slope = -_PRIOR * float(weights @ weights) / 2, -_PRIOR * weights
        bend = _PRIOR * np.eye(len(weights))
        for lines, evidence in zip(made, found, strict=True):
            scores = lines @ weights
            scores -= scores.max()
            share = np.exp(scores)
            worth += float(evidence @ scores) / evidence.sum() - float(np.log(share.sum()))
            share /= share.sum()
            mean = share @ lines
            slope = slope + (evidence / evidence.sum()) @ lines - mean
            bend += (lines * share[:, None]).T @ lines - np.outer(mean, mean)
        return worth, slope, bend

    return _climbed(look, made[0].shape[1])


def logistic(lines: Matrix, true: Matrix, counts: Matrix | float = 1.0, prior: float = _PRIOR) -> Matrix:
    """Weights of the columns of `lines` for how likely each is `true`, each counted as `counts` says."""

    def look(weights: Matrix) -> Look:
        odds = lines @ weights
        chance = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
        worth = -float((counts * np.logaddexp(0, np.where(true > 0, -odds, odds))).sum())
        slope = lines.T @ (counts * (true - chance)) - prior * weights
        bend = (lines * (counts * chance * (1 - chance))[:, None]).T @ lines + prior * np.eye(len(weights))
        return worth - prior * float(weights @ weights) / 2, slope, bend

    return _climbed(look, lines.shape[1])


def _climbed(look: Callable[[Matrix], Look], size: int) -> Matrix:
    """Newton's method with halved steps while they lead down."""
    weights = np.zeros(size)
    worth, slope, bend = look(weights)
    for _ in range(_STEPS):
        step = np.linalg.solve(bend, slope)
        if float(slope @ step) < _SETTLED:
            break
        for _ in range(_HALVINGS):
            tried = look(weights + step)
            if tried[0] >= worth:
                weights, (worth, slope, bend) = weights + step, tried
                break
            step /= 2
    return weights
