"""Which of the turns that a question finds have been overtaken by later ones of them.

Of two turns in which one speaker answers the same question, the later one holds. Nobody said beforehand what
the two have in common, so it is weighed when there is a question: how well both answer it, how alike
they are, whether another turn is more like either of them, and what the words of the later one tell
(`telling`). Every pair of the likeliest turns is weighed at once, in small matrices with the earlier turns
down and the later ones across. The weights are data (`RIVALS`).
"""

import re
from collections.abc import Mapping
from itertools import chain
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from antiphon.memory.columns import Floats
from antiphon.memory.marks import MARKS, code
from antiphon.memory.question import Question
from antiphon.memory.rival_weights import OVERTAKEN, RIVALS
from antiphon.memory.signals import Places
from antiphon.memory.terms import words
from antiphon.memory.view import View

Grid: TypeAlias = NDArray[np.float32] | np.float32
"""Of every pair, of every earlier turn (one column), of every later turn (one row), or one for all."""

AMONG: Final = 32
"""Likeliest turns that are compared with one another."""
_LOWEST = np.float32(-8.0)
_USUAL = np.float32(0.45)
"""How alike the most alike of other turns usually are: what is taken where there are no others."""
_SHARED_AT_MOST = np.float32(6.0)
_ASKS = re.compile(r"\b(what|which|who|whom|whose|where|when|how)\b", re.IGNORECASE)
_WHO = re.compile(r"^\W*(who|whom)\b|\bcalled\b|\bname\b", re.IGNORECASE)
_WHEN = re.compile(r"^\W*(when|what time|how long|until when)\b|\b(day|date|time)\b", re.IGNORECASE)
_MARK: Final = {name: place for place, name in enumerate(MARKS)}


def overtaken(
    view: View, question: Question, vector: Floats, rows: Places, scores: Floats
) -> Mapping[int, int]:
    """Places in `rows` of turns that no longer answer `question`, each with the place of its heir.

    Only turns that say one thing: whoever loses a longer one loses what else it says.
    """
    best = likeliest(scores)
    alone = view.columns.marks[rows[best], _MARK["one thing"]] > 0
    one_answer = _ASKS.search(question.text) and not question.past and not question.several
    if not one_answer or not alone[:-1].any():
        return {}
    pairs = rivalry(view, rows[best]) & alone[:, None] & may_overtake(view, question, rows[best])
    if not pairs.any():
        return {}
    odds = np.where(pairs, weighed(compared(view, question, vector, rows[best], scores[best])), -np.inf)
    heirs = odds.argmax(1)
    return {
        int(best[old]): int(best[heirs[old]]) for old in np.flatnonzero(odds.max(1) >= OVERTAKEN).tolist()
    }


def likeliest(scores: Floats) -> Places:
    """The places of the highest `scores`, ascending."""
    if len(scores) <= AMONG:
        return np.arange(len(scores))
    return np.sort(np.argpartition(-scores, AMONG)[:AMONG]).astype(np.int64)


def rivalry(view: View, rows: Places) -> NDArray[np.bool_]:
    """Which of `rows`, ascending, the same speaker says later than which."""
    speaker = view.columns.speaker[rows]
    return np.triu(speaker[:, None] == speaker[None, :], 1)


def may_overtake(view: View, question: Question, rows: Places) -> NDArray[np.bool_]:
    """Of each pair, whether the later one could: not a question, nor what is about kin nobody asked for."""
    columns, kin = view.columns, view.columns.kin[rows]
    of_them = (kin == 0) | _asked_for(kin, question)
    return (columns.asks[rows] == 0) & (of_them[None, :] | (kin[:, None] == kin[None, :]))


def weighed(found: Mapping[str, Grid], weights: Mapping[str, float] = RIVALS) -> Floats:
    """The log-odds of every pair."""
    total = np.zeros((1, 1), np.float32)
    for name, weight in weights.items():
        total = total + np.float32(weight) * valued(found, name)
    return np.asarray(total, np.float32)


def valued(found: Mapping[str, Grid], name: str) -> Grid:
    """The feature of that name, or the product that it names."""
    one, _, other = name.partition(" * ")
    return found[one] * found[other] if other else found[one]


def compared(
    view: View, question: Question, vector: Floats, rows: Places, scores: Floats
) -> Mapping[str, Grid]:
    """Every feature of every pair of `rows`, which are ascending and have these scores."""
    columns, pairs = view.columns, rivalry(view, rows)
    vectors = columns.vectors[rows].astype(np.float32)
    asked, alike = np.vecdot(vectors, vector), np.vecdot(vectors[:, None, :], vectors[None, :, :])
    score = np.clip(scores - scores.max(), _LOWEST, 0.0).astype(np.float32)
    shared, held = _words_of(view, question, rows)
    shared_most = np.minimum(_other_best(shared, pairs, 0, np.float32(0.0)), _SHARED_AT_MOST)
    shared = np.minimum(shared, _SHARED_AT_MOST)
    marks = columns.marks[rows].astype(np.float32)
    old, new = marks.T[:, :, None], marks.T[:, None, :]
    when, who = (np.float32(form.search(question.text) is not None) for form in (_WHEN, _WHO))
    number, name = _MARK["number"], _MARK["name"]
    form = columns.form[rows]
    return {
        "constant": np.float32(1.0),
        "asked of old": asked[:, None],
        "asked of new": asked[None, :],
        "score of new": score[None, :],
        "new above others": score[None, :] - _other_best(score[None, :], pairs, 1, _LOWEST),
        "words of new": held[None, :],
        "alike": alike,
        "alike above other old": alike - _other_best(alike, pairs, 0, _USUAL),
        "alike above other new": alike - _other_best(alike, pairs, 1, _USUAL),
        "nearer old": _nearer(alike, pairs),
        "shared": shared,
        "shared with other old": shared_most,
        "names old": (shared > 0).astype(np.float32),
        "size of old": columns.distinct[rows][:, None],
        "size of new": columns.distinct[rows][None, :],
        **_kin_of(columns.kin[rows], question),
        "both numbers": old[number] * new[number],
        "number is missing": old[number] * (1 - new[number]),
        "same form": ((form[:, None] == form[None, :]) & (form[:, None] > 0)).astype(np.float32),
        "both names": old[name] * new[name],
        "name is missing": old[name] * (1 - new[name]),
        "asks when, has none": when * (1 - new[_MARK["time"]]),
        "asks who, has name": who * new[name],
        "telling": columns.telling[rows][None, :],
        **{mark: new[place] for mark, place in _MARK.items()},
    }


def _other_best(values: Floats, pairs: NDArray[np.bool_], axis: int, none: np.float32) -> Floats:
    """Of each pair, the best value among the other pairs of the same later (0) or earlier turn (1)."""
    there = np.where(pairs, values, -np.inf)
    best = there.argmax(axis, keepdims=True)
    first = np.take_along_axis(there, best, axis)
    np.put_along_axis(there, best, -np.inf, axis)
    second = there.max(axis, keepdims=True)
    at = np.arange(len(pairs))[:, None] if axis == 0 else np.arange(len(pairs))[None, :]
    other = np.where(at == best, second, first)
    return np.where(np.isfinite(other), other, none).astype(np.float32)


def _nearer(alike: Floats, pairs: NDArray[np.bool_]) -> Floats:
    """How many earlier turns are more like the later one of each pair."""
    nearer = (alike[:, None, :] > alike[None, :, :]) & pairs[:, None, :]
    return np.log1p(nearer.sum(0)).astype(np.float32)


def _words_of(view: View, question: Question, rows: Places) -> tuple[Floats, Floats]:
    """What two rows share beside the question, rare words more, and what part of the question each holds."""
    near: list[int] = rows.tolist()
    said = [view.terms[row] for row in near]
    places: dict[str, int] = {}
    for term in chain(question.terms, *said):
        places.setdefault(term, len(places))
    holds = np.zeros((len(rows), len(places)), np.float32)
    for row, terms in enumerate(said):
        holds[row, [places[term] for term in terms]] = 1.0
    asked = len(question.terms)
    beside, counts = holds[:, asked:], holds[:, asked:].sum(0)
    worth = np.log1p((len(rows) - counts + 0.5) / (counts + 0.5)).astype(np.float32)
    return (beside * worth) @ beside.T, holds[:, :asked].sum(1) / np.float32(max(1, asked))


def _kin_of(kin: NDArray[np.int64], question: Question) -> Mapping[str, Grid]:
    """Whose affairs each turn tells, and whether that is whose are asked for."""
    there, wanted = kin > 0, _asked_for(kin, question)
    features = {
        "same kin": kin[:, None] == kin[None, :],
        "kin asked for": (there & wanted)[None, :],
        "kin not asked for": (there & ~wanted)[None, :],
        "kin lost": (there & wanted)[:, None] & ~there[None, :],
    }
    return {name: value.astype(np.float32) for name, value in features.items()}


def _asked_for(kin: NDArray[np.int64], question: Question) -> NDArray[np.bool_]:
    asked = words(question.text)
    return np.isin(kin, [code(word) for word in (*asked, *(word.removesuffix("s") for word in asked))])
