"""Fitting the line that joins the judges of likely moves: a conditional logit over each turn's options."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from antiphon.samp.commands import Command
from antiphon.samp.likelihood import FEATURES, ONLY_SEEKING, Weights
from antiphon.samp.moves import Option

Row1: TypeAlias = NDArray[np.float64]

_STEPS = 40
_SMALL = 1e-4
_FIRMLY = 1e9
_PRIOR = 0.005
"""How strongly the line is held to where it began: few turns tell of the rarer judges."""
START = Weights(
    similar=7.1,
    typical=2.0,
    meant=2.3,
    shared=2.3,
    offered=1.6,
    closed=1.0,
    unasked=0.0,
    named=3.0,
    known=2.0,
    sought=1.0,
    spoken_of=-1.0,
    resumed=2.0,
    asks=0.5,
    told=1.7,
    margin=0.3,
    stay=5.7,
    way=0.0,
    jump=0.0,
    back=1.0,
    persona=0.0,
)
"""Where it begins: about what dialogues alone make of it."""
PLAIN_START = replace(START, **dict.fromkeys(ONLY_SEEKING, 0.0))
"""The same for the line of words that ask for nobody."""
_KINDS = ("stay", "jump", "back", "persona")
"""Ways are what the others are compared with."""


class Row(msgspec.Struct, frozen=True):
    """A turn as the judges see it, and what was right."""

    options: tuple[Option, ...]
    features: NDArray[np.float64]
    move: Command | None
    """None: stay."""
    weight: float = 1.0


def without(row: Row, judges: Sequence[str]) -> Row:
    """The turn as it is seen without some of the judges."""
    features = row.features.copy()
    features[:, [FEATURES.index(name) for name in judges]] = 0.0
    return replace(row, features=features)


def fitted(rows: Sequence[Row], start: Weights) -> Weights:
    """The weights under which what callers meant is likeliest; what no row can tell of stays as it is.

    Maximum likelihood with a Gaussian prior around `start` (McFadden 1974, conditional logit), by Newton's
    method with halved steps. Options that make the same move count as one.
    """
    names = (*FEATURES, *_KINDS)
    before = np.array([getattr(start, name) for name in names])
    tables = [(*_table(row), row.weight) for row in rows]
    told = np.any([features.any(axis=0) for features, _, _ in tables], axis=0)
    total = sum(weight for _, _, weight in tables)
    held = np.where(told, _PRIOR * total / np.maximum(np.abs(before), 1.0) ** 2, _FIRMLY)
    line: Row1 = before.copy()
    for _ in range(_STEPS):
        slope = -held * (line - before)
        bend = np.diag(held)
        for features, right, weight in tables:
            inside, every = _shares(features @ line, right), _shares(features @ line)
            mean = every @ features
            slope += weight * (inside @ features - mean)
            bend += weight * (features.T @ (every[:, None] * features) - np.outer(mean, mean))
        step, size = np.linalg.solve(bend, slope), 1.0
        now = _fit(line, before, held, tables)
        while size > _SMALL and _fit(np.asarray(line + size * step, np.float64), before, held, tables) < now:
            size /= 2
        line = np.asarray(line + size * step, np.float64)
        if np.abs(size * step).max() < _SMALL:
            break
    return replace(start, **{name: float(value) for name, value in zip(names, line, strict=True)})


def _shares(utility: Row1, among: NDArray[np.bool_] | None = None) -> Row1:
    odds = np.exp(utility - utility.max())
    odds = odds if among is None else np.where(among, odds, 0.0)
    return odds / odds.sum()


def _fit(line: Row1, before: Row1, held: Row1, tables: Sequence[tuple[Any, Any, float]]) -> float:
    value = -0.5 * float((held * (line - before) ** 2).sum())
    for features, right, weight in tables:
        value += weight * float(np.log(max(_shares(features @ line)[right].sum(), 1e-300)))
    return value


def _table(row: Row) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    kinds = np.array([[float(option.kind == kind) for kind in _KINDS] for option in row.options])
    right = np.array([option.move == row.move for option in row.options])
    if not right.any():
        right[0] = True
    return np.hstack([row.features, kinds]), right
