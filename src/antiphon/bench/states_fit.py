"""Fitting the line that joins the judges of likely moves: a conditional logit over each turn's options."""

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from antiphon.samp.commands import Command
from antiphon.samp.likelihood import FEATURES, Weights
from antiphon.samp.moves import Option

_STEPS = 3000
_RATE = 0.05
_PRIOR = 0.02
"""How strongly the line is held to where it began: few turns tell of the rarer judges."""
START = Weights(
    similar=7.1,
    typical=2.0,
    meant=2.3,
    shared=2.3,
    offered=1.6,
    told=1.7,
    margin=0.3,
    stay=5.7,
    way=0.0,
    jump=0.0,
    back=1.0,
    persona=0.0,
)
"""Where it begins: about what dialogues alone make of it."""
_KINDS = ("stay", "jump", "back", "persona")
"""Ways are what the others are compared with."""


class Row(msgspec.Struct, frozen=True):
    """A turn as the judges see it, and what was right."""

    options: tuple[Option, ...]
    features: NDArray[np.float64]
    move: Command | None
    """None: stay."""
    weight: float = 1.0


def fitted(rows: Sequence[Row], start: Weights) -> Weights:
    """The weights under which what callers meant is likeliest; what no row can tell of stays as it is.

    Maximum likelihood with a Gaussian prior around `start` (McFadden 1974, conditional logit). Options that
    make the same move count as one.
    """
    names = (*FEATURES, *_KINDS)
    before = np.array([getattr(start, name) for name in names])
    tables = [(*_table(row), row.weight) for row in rows]
    total = sum(weight for _, _, weight in tables)
    line = before.copy()
    for _ in range(_STEPS):
        slope = -_PRIOR * total * (line - before) / np.maximum(np.abs(before), 1.0)
        for features, right, weight in tables:
            utility = features @ line
            odds = np.exp(utility - utility.max())
            inside = np.where(right, odds, 0.0)
            slope += weight * (inside / inside.sum() - odds / odds.sum()) @ features
        line += _RATE * slope / total
    told = np.any([features.any(axis=0) for features, _, _ in tables], axis=0)
    line = np.where(told, line, before)
    return replace(start, **{name: float(value) for name, value in zip(names, line, strict=True)})


def _table(row: Row) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    kinds = np.array([[float(option.kind == kind) for kind in _KINDS] for option in row.options])
    right = np.array([option.move == row.move for option in row.options])
    if not right.any():
        right[0] = True
    return np.hstack([row.features, kinds]), right
