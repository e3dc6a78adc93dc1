"""The weights by which one turn overtakes another at question time (`rivals`), fitted to generated talks.

Of every story the turn that answers a question and each later turn of its speaker are a pair; it is true of one
pair only, that of the value that changed and the turn that told so, and only for the question about it. Of
LoCoMo's evidence no later turn is taken for what overtakes it. A logistic fit, as in `memory_fit`.
"""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from antiphon.bench.memory_cases import Case, Places, Vectors
from antiphon.bench.memory_fit import Matrix, logistic
from antiphon.bench.memory_updates import Story
from antiphon.contracts import Embedder
from antiphon.memory.question import read
from antiphon.memory.ranking import scored
from antiphon.memory.rival_weights import RIVALS
from antiphon.memory.rivals import compared, likeliest, rivalry, valued
from antiphon.memory.values import Ask
from antiphon.memory.view import View, empty_view, grown, settled

_TOLD, _OTHER, _BESIDE, _REAL = 3.0, 0.5, 3.0, 0.3
"""What a pair counts: of the turn that tells of the change, or sounds like it; of any other turn; when something
else is asked; of LoCoMo."""


class Pairs(msgspec.Struct, frozen=True):
    """Pairs of turns for one question: their features, whether it is true of them, what they count."""

    lines: Matrix
    true: Matrix
    counts: Matrix


def names(weights: Sequence[str] = tuple(RIVALS)) -> list[str]:
    """Features that are fitted."""
    return [name for name in weights if name != "constant"]


def pairs_of_story(story: Story, embedder: Embedder, features: Sequence[str]) -> list[Pairs]:
    """Of every question to `story`, the one about what was told last first."""
    said = embedder.embed([f"{turn.speaker}: {turn.text}" for turn in story.turns])
    view = settled(grown(empty_view(said.shape[1]), story.turns, said))
    asked = [(story.asked, story.old), *story.beside]
    vectors = embedder.embed([text for text, _ in asked])
    told = view.rows[story.told_id]
    first = [next(row for row, turn in enumerate(story.turns) if value in turn.text) for _, value in asked]
    made: list[Pairs] = []
    for place, ((text, _), vector, row) in enumerate(zip(asked, vectors, first, strict=True)):

        def counts(later: Places, beside: bool = place > 0) -> Matrix:
            return np.full(len(later), _BESIDE) if beside else np.where(later == told, _TOLD, _OTHER)

        true = told if story.changed and not place else -1
        made.append(_pairs(view, Ask(text=text, budget_tokens=0), vector, row, counts, true, features))
    return made


def pairs_of_case(case: Case, features: Sequence[str]) -> list[Pairs]:
    """Of a real question whose evidence nothing has overtaken."""
    if case.question.past or case.question.several:
        return []

    def counts(later: Places) -> Matrix:
        return np.full(len(later), _REAL)

    rows: list[int] = case.evidence.tolist()
    return [_pairs(case.view, case.ask, case.vector, row, counts, -1, features) for row in rows]


def fitted(pairs: Sequence[Pairs], features: Sequence[str]) -> dict[str, float]:
    """The weights of `features`, and the constant."""
    lines, true, counts = (
        np.concatenate([getattr(each, part) for each in pairs]) for part in Pairs.__struct_fields__
    )
    middle, spread = lines.mean(0), lines.std(0) + 1e-6
    found = logistic(np.column_stack([np.ones(len(lines)), (lines - middle) / spread]), true, counts, prior=3.0)
    weights = found[1:] / spread
    constant = float(found[0] - weights @ middle)
    return {"constant": constant, **dict(zip(features, weights.tolist(), strict=True))}


def _pairs(
    view: View, ask: Ask, vector: Vectors, row: int, counts: Callable[[Places], Matrix], true: int, features: Sequence[str]
) -> Pairs:
    """Of the turn in `row` and those after it; `counts` says what each of these counts, `true` is who overtook it."""
    question = read(ask, view)
    order = scored(view, ask, question, vector)
    best = likeliest(order.scores)
    rows = order.rows[best]
    at = int(np.searchsorted(rows, row))
    if at == len(rows) or rows[at] != row:
        return Pairs(np.zeros((0, len(features))), np.zeros(0), np.zeros(0))
    found = compared(view, ask.text, question, vector, rows, order.scores[best])
    later = np.flatnonzero(rivalry(view, rows)[at])
    grids = [np.broadcast_to(valued(found, name), (len(rows), len(rows))) for name in features]
    lines = np.array([grid[at, later] for grid in grids], float).T
    return Pairs(lines, (rows[later] == true).astype(float), counts(rows[later]))
