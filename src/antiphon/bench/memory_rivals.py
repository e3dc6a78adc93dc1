"""The weights by which one turn overtakes another when there is a question (`rivals`, `telling`).

Of every story the turn that answers a question and each later turn of its speaker are a pair. It is true of
one of them, for one question: what changed, and the turn that told so. Of LoCoMo's evidence it is never true.
The features of a pair and the phrases of its later turn are fitted together, so that neither counts for what
the other says already.
"""

from collections import defaultdict
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
from antiphon.memory.telling import phrases
from antiphon.memory.values import Ask
from antiphon.memory.view import View

_TOLD, _OTHER, _BESIDE, _REAL = 3.0, 0.5, 3.0, 0.3
"""What a pair counts: with the turn that told of a change, or of none; with another turn; when something
else is asked; in LoCoMo."""
_LOOKED_AT = 7
"""Of the many pairs with another turn, every so manieth is fitted, and counts for all of them."""
_PRIOR = 3.0
_PHRASE = 0.7
"""What stands in the column of a phrase that is there: the less, the stronger it is held to 0."""
_KINDS = 10
"""A phrase that fewer kinds are told with is one of theirs."""
_SMALLEST = 0.02
FEATURES = tuple(name for name in RIVALS if name not in ("constant", "telling"))


class Pairs(msgspec.Struct, frozen=True):
    """Pairs for one question: the features of each, its later turn's text, is it true, what does it count."""

    lines: Matrix
    later: tuple[str, ...]
    true: Matrix
    counts: Matrix


def rival_weights(
    told: Sequence[Story], embedder: Embedder, cases: Sequence[Case]
) -> tuple[dict[str, float], dict[str, float]]:
    """What `RIVALS` and `telling.json` hold, from these stories and real questions."""
    pairs = [one for story in told for one in pairs_of_story(story, embedder)]
    pairs += [one for case in cases for one in pairs_of_case(case)]
    lines, true, counts = (
        np.concatenate([getattr(one, part) for one in pairs]) for part in ("lines", "true", "counts")
    )
    known = common_phrases(told)
    middle, spread = lines.mean(0), lines.std(0) + 1e-6
    columns = np.zeros((len(lines), 1 + len(FEATURES) + len(known)))
    columns[:, 0] = 1.0
    columns[:, 1 : 1 + len(FEATURES)] = (lines - middle) / spread
    places = {phrase: place for place, phrase in enumerate(known, 1 + len(FEATURES))}
    for line, text in enumerate(text for one in pairs for text in one.later):
        columns[line, [places[phrase] for phrase in phrases(text) if phrase in places]] = _PHRASE
    weights = logistic(columns, true, counts, _PRIOR)
    raw = weights[1 : 1 + len(FEATURES)] / spread
    worth = _PHRASE * weights[1 + len(FEATURES) :]
    rivals = {"constant": float(weights[0] - raw @ middle), **dict(zip(FEATURES, raw.tolist(), strict=True))}
    spoken = dict(zip(known, worth.round(2).tolist(), strict=True))
    return {**rivals, "telling": 1.0}, {one: of for one, of in spoken.items() if abs(of) >= _SMALLEST}


def common_phrases(told: Sequence[Story]) -> list[str]:
    """Those with which many kinds are told anew, or seem to be."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for story in told:
        for phrase in phrases(next(turn.text for turn in story.turns if turn.id == story.told_id)):
            kinds[phrase].add(story.kind)
    return sorted(phrase for phrase, its in kinds.items() if len(its) >= _KINDS)


def pairs_of_story(story: Story, embedder: Embedder) -> list[Pairs]:
    """Of every question to `story`, that about what was told of first."""
    view = view_of_turns(story.turns, embedder.embed([f"{one.speaker}: {one.text}" for one in story.turns]))
    told = view.rows[story.told_id]
    made: list[Pairs] = []
    for place, (asked, value) in enumerate([(story.asked, story.old), *story.beside]):
        row = next(row for row, turn in enumerate(story.turns) if value in turn.text)
        ask = Ask(text=asked, budget_tokens=0)
        later, lines = _later(view, ask, embedder.embed([asked])[0], row)
        # Which places are taken moves on with the story's own, so that each kind of turn has its share.
        kept = (later == told) | ((later + place + len(story.turns[0].text)) % _LOOKED_AT == 0)
        later, lines = later[kept], lines[kept]
        tells = later == told
        counts = np.full(len(later), _BESIDE) if place else np.where(tells, _TOLD, _OTHER)
        counts = np.where(tells, counts, counts * _LOOKED_AT)
        true = (tells & (story.changed and not place)).astype(float)
        made.append(Pairs(lines, _texts(view, later), true, counts))
    return made


def pairs_of_case(case: Case) -> list[Pairs]:
    """Of a real question, whose evidence nothing has overtaken."""
    if case.question.past or case.question.several:
        return []
    found = [_later(case.view, case.ask, case.vector, row) for row in case.evidence.tolist()]
    return [
        Pairs(lines, _texts(case.view, later), np.zeros(len(later)), np.full(len(later), _REAL))
        for later, lines in found
    ]


def _texts(view: View, rows: Places) -> tuple[str, ...]:
    places: list[int] = rows.tolist()
    return tuple(view.turns[row].text for row in places)


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
