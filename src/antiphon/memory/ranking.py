"""From signals to an order, and to whether there is an answer at all."""

import math
from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.memory.candidates import candidates
from antiphon.memory.columns import Floats
from antiphon.memory.question import Question
from antiphon.memory.rivals import overtaken
from antiphon.memory.signals import PERSONS, Places, signals, similarities
from antiphon.memory.values import Ask
from antiphon.memory.view import View
from antiphon.memory.walk import walked
from antiphon.memory.weights import FITTED, Weights, total

_WHO = PERSONS.start
SHARPER = np.float32(2)
"""A walk begins at the few likeliest turns, which are likelier right than their share says."""
FLOOR = 1e-5
"""A turn that the walk does not come by is as likely as one it hardly comes by."""
_ALONE = 2.0
"""What it counts for when a question names nobody whose turns could be told from the others'."""


class Ranked(msgspec.Struct, frozen=True):
    """Candidates and how good each is."""

    rows: Places
    scores: Floats
    answerable: float


def ranked(view: View, ask: Ask, question: Question, vector: Floats | None, by: Weights = FITTED) -> Ranked:
    """The candidates that nothing has overtaken, each with its score."""
    order = scored(view, ask, question, vector, by)
    if vector is None or not len(order.rows):
        return order
    heirs = overtaken(view, question, vector, order.rows, order.scores)
    return _without(order, heirs) if heirs else order


def scored(view: View, ask: Ask, question: Question, vector: Floats | None, by: Weights = FITTED) -> Ranked:
    """Every candidate's score; higher is likelier, and a difference of 1 is a factor of e."""
    similar = similarities(view, vector)
    near = candidates(view, ask, question, vector, similar)
    rows, replaced = near.rows, near.replaced
    if not len(rows):
        return Ranked(rows, np.zeros(0, np.float32), 0.0)
    made = signals(view, question, vector, rows, similar, unheard=[*replaced])
    if replaced:
        old = signals(view, question, vector, np.array([*replaced]), similar)
        _hand_over(made, rows, old, replaced.values(), by)
    first = total(by.signals, made)
    scores = first
    if by.walked:
        found = walked(view, rows, shares(SHARPER * first))
        scores = np.float32(by.likely) * first + np.float32(by.walked) * np.log(found + np.float32(FLOOR))
    return Ranked(rows, scores, _answerable(made, by))


def _hand_over(made: Floats, rows: Places, old: Floats, heirs: Iterable[frozenset[int]], by: Weights) -> None:
    """Give each line of `old`, of a turn that no longer holds, to those of `rows` that say what does."""
    order: list[int] = np.argsort(total(by.signals, old)).tolist()
    current: list[Places] = [np.array([*each], np.int64) for each in heirs]
    worth = total(by.signals, made)
    # The best of several comes last and stays.
    for place in order:
        theirs = np.isin(rows, current[place]) & (worth < total(by.signals, old[place : place + 1]))
        made[theirs] = old[place]


def _without(order: Ranked, heirs: Mapping[int, int]) -> Ranked:
    """`order` without the turns in the places `heirs`, whose scores go to what has overtaken them."""
    scores, gone = order.scores.copy(), np.array([*heirs])
    # An heir is later than what it overtakes, so a score goes all the way to the last of several.
    for old, heir in sorted(heirs.items()):
        scores[heir] = max(scores[heir], scores[old])
    return Ranked(np.delete(order.rows, gone), np.delete(scores, gone), order.answerable)


def shares(scores: Floats) -> Floats:
    """The softmax of `scores`."""
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def answer_signals(made: Floats, weights: tuple[float, ...]) -> tuple[float, float]:
    """How much more of the likelihood lies on turns of whom the question is about, and that of the best turn.

    A question about what somebody else did finds good turns, and finds them with the wrong speaker.
    """
    who = made[:, _WHO]
    plain = total(weights, made) - total(weights[PERSONS], made[:, PERSONS])
    theirs, others = plain[who > 0], plain[who < 0]
    if not len(theirs):
        return (-_ALONE if len(others) else _ALONE), float(plain.max())
    lead = _log_sum(theirs) - _log_sum(others) if len(others) else _ALONE
    return lead, float(theirs.max())


def _answerable(made: Floats, by: Weights) -> float:
    lead, best = answer_signals(made, by.signals)
    constant, of_lead, of_best = by.answer
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, constant + of_lead * lead + of_best * best))))


def _log_sum(values: NDArray[np.float32]) -> float:
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).sum()))
