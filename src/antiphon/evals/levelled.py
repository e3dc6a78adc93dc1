"""What a judge says, less what only the way of asking says.

A judge that is told to be strict says "bad" more often, whatever it is asked about; so does one that reads
the bad answer first. Where every subject is asked in other manners, that is noise, and the larger part of
what looks like dice. But it is the same for all subjects: it can be told from all draws together, and taken
away. That is done with the log-odds of the two answers, where such leans add up and do not vanish near 0 and
1, for each model by itself; no label is looked at, so what is left is an opinion as good as any to be
corrected by labels.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from antiphon.contracts import Draw
from antiphon.evals.intervals import Floats

PARTS = (("strictness",), ("wording",), ("form", "good_first"), ("names", "turns"))
"""Of a manner; those that stand together have an effect together."""
STEEP = 1.0
"""How steeply opinions rise: nine in ten of normal ones lie from .16 to .84, nearly in a line."""
_NO_SPREAD = 1e-9
"""Of log-odds: what is left of a judge that always says the same is what a computer rounds."""
_SHRUNK_BY = 1.0
"""A manner's effect counts as if one more draw had shown none."""

_solve: Any = np.linalg.solve  # whose type is lost between products of tables


def levelled(draws: Sequence[Draw]) -> list[float | None]:
    """What each draw says, from 0 to 1, beside the others of its model: one half is as good as most.

    Draws of a judge that tells no log-probabilities stay as they are.
    """
    if not all(_tells(draw) for draw in draws if draw.value is not None):
        return [draw.value for draw in draws]
    found: list[float | None] = [None] * len(draws)
    models: dict[str, list[int]] = {}
    for place, draw in enumerate(draws):
        if draw.value is not None:
            models.setdefault(str(draw.details.get("model")), []).append(place)
    for places in models.values():
        odds = np.array([_odds(draws[place].details) for place in places], np.float64)
        rest = without_manners(odds, [draws[place].details for place in places])
        spread = float(rest.std())
        spread = spread if spread > _NO_SPREAD else 1.0
        for place, value in zip(places, rest, strict=True):
            found[place] = float(1 / (1 + np.exp(-STEEP * value / spread)))
    return found


def without_manners(said: Floats, manners: Sequence[Mapping[str, Any]]) -> Floats:
    """`said` less its mean, and less what each part of a manner adds to it (least squares, shrunk)."""
    columns: dict[tuple[object, ...], int] = {}
    for manner in manners:
        for part in _parts(manner):
            columns.setdefault(part, len(columns))
    table = np.zeros((len(said), len(columns)))
    for row, manner in enumerate(manners):
        table[row, [columns[part] for part in _parts(manner)]] = 1
    rest = said - said.mean()
    effects: Floats = _solve(table.T @ table + _SHRUNK_BY * np.eye(len(columns)), table.T @ rest)
    return rest - table @ effects


def _parts(manner: Mapping[str, Any]) -> list[tuple[object, ...]]:
    return [(*names, *(manner.get(name) for name in names)) for names in PARTS]


def _tells(draw: Draw) -> bool:
    return len(draw.details.get("logprobs") or ()) == 2


def _odds(details: Mapping[str, Any]) -> float:
    good, bad = details["logprobs"]
    return float(good) - float(bad)
