"""The weights by which one turn overtakes another when there is a question (`rivals`).

Of every story the turn that answers a question and each later turn of its speaker are a pair. It is true of
one of them, for one question: what changed, and the turn that told so. Of LoCoMo's evidence it is never true.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from antiphon.bench.memory_cases import Case, Places, Vectors, view_of_turns
from antiphon.bench.memory_fit import Matrix, logistic
from antiphon.bench.memory_updates import Story
from antiphon.contracts import Embedder
from antiphon.memory.question import read
from antiphon.memory.ranking import scored
from antiphon.memory.rival_weights import RIVALS
from antiphon.memory.rivals import compared, likeliest, may_overtake, rivalry, valued
from antiphon.memory.values import Ask
from antiphon.memory.view import View

_TOLD, _OTHER, _BESIDE, _REAL = 3.0, 0.5, 3.0, 0.3
"""What a pair counts: with the turn that told of a change, or of none; with another turn; when something
else is asked; in LoCoMo."""
_PRIOR = 3.0
FEATURES = tuple(name for name in RIVALS if name != "constant")


class Pairs(msgspec.Struct, frozen=True):
    """Pairs for one question: the features of each, whether it is true of it, and what it counts."""

    lines: Matrix
    true: Matrix
    counts: Matrix


def rival_weights(told: Sequence[Story], embedder: Embedder, cases: Sequence[Case]) -> dict[str, float]:
    """What `RIVALS` holds, from these stories and real questions."""
    pairs = [one for story in told for one in pairs_of_story(story, embedder)]
    pairs += [one for case in cases for one in pairs_of_case(case)]
    lines, true, counts = (
        np.concatenate([getattr(one, part) for one in pairs]) for part in Pairs.__struct_fields__
    )
    middle, spread = lines.mean(0), lines.std(0) + 1e-6
    standard = np.column_stack([np.ones(len(lines)), (lines - middle) / spread])
    constant, *weights = logistic(standard, true, counts, _PRIOR).tolist()
    raw = np.array(weights) / spread
    return {"constant": constant - float(raw @ middle), **dict(zip(FEATURES, raw.tolist(), strict=True))}


def pairs_of_story(story: Story, embedder: Embedder) -> list[Pairs]:
    """Of every question to `story`, that about what was told of first."""
    view = view_of_turns(story.turns, embedder.embed([f"{one.speaker}: {one.text}" for one in story.turns]))
    told = view.rows[story.told_id]
    made: list[Pairs] = []
    for place, (asked, value) in enumerate([(story.asked, story.old), *story.beside]):
        row = next(row for row, turn in enumerate(story.turns) if value in turn.text)
        ask = Ask(text=asked, budget_tokens=0)
        later, lines = _later(view, ask, embedder.embed([asked])[0], row)
        tells = later == told
        counts = np.full(len(later), _BESIDE) if place else np.where(tells, _TOLD, _OTHER)
        made.append(Pairs(lines, (tells & (story.changed and not place)).astype(float), counts))
    return made


def pairs_of_case(case: Case) -> list[Pairs]:
    """Of a real question, whose evidence nothing has overtaken."""
    if case.question.past or case.question.several:
        return []
    found = [_later(case.view, case.ask, case.vector, row) for row in case.evidence.tolist()]
    return [Pairs(lines, np.zeros(len(later)), np.full(len(later), _REAL)) for later, lines in found]


def _later(view: View, ask: Ask, vector: Vectors, row: int) -> tuple[Places, Matrix]:
    """The likely turns after `row` by its speaker, and the features of each."""
    question = read(ask, view)
    order = scored(view, ask, question, vector)
    best = likeliest(order.scores)
    rows = order.rows[best]
    if row not in rows:
        return rows[:0], np.zeros((0, len(FEATURES)))
    at = int(np.searchsorted(rows, row))
    found = compared(view, question, vector, rows, order.scores[best])
    later = np.flatnonzero((rivalry(view, rows) & may_overtake(view, question, rows))[at])
    grids = [np.broadcast_to(valued(found, name), (len(rows), len(rows))) for name in FEATURES]
    return rows[later], np.array([grid[at, later] for grid in grids], float).T
