"""Fitting the line that joins the judges of likely moves: a conditional logit over each turn's options."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from antiphon.samp.likelihood import FEATURES, Weights
from antiphon.samp.moves import Option

_STEPS = 2000
_RATE = 0.05
_PRIOR = 0.02
"""How strongly the line is held to where it began: few turns tell of the rarer judges."""

Row = tuple[tuple[Option, ...], NDArray[np.float64], str]
"""Options, their features, and the scene that was right: "stay" where no way leads to it."""


def fitted(rows: Sequence[Row], start: Weights) -> Weights:
    """The weights under which what callers did is likeliest; what no row can tell of stays as it is.

    Maximum likelihood with a Gaussian prior around `start` (McFadden 1974, conditional logit).
    """
    names = (*FEATURES, "stay")
    before = np.array([getattr(start, name) for name in names])
    tables = [_table(row) for row in rows]
    line = before.copy()
    for _ in range(_STEPS):
        slope = -_PRIOR * len(rows) * (line - before) / np.maximum(np.abs(before), 1.0)
        for features, right in tables:
            utility = features @ line
            odds = np.exp(utility - utility.max())
            slope += features[right] - (odds / odds.sum()) @ features
        line += _RATE * slope / len(rows)
    told = np.any([features.any(axis=0) for features, _ in tables], axis=0)
    line = np.where(told, line, before)
    return replace(start, **{name: float(value) for name, value in zip(names, line, strict=True)})


def _table(row: Row) -> tuple[NDArray[np.float64], int]:
    options, features, scene = row
    stays = np.array([[float(option.kind == "stay")] for option in options])
    right = next((place for place, option in enumerate(options) if option.key == f"way:{scene}"), 0)
    return np.hstack([features, stays]), right
