"""What speaks for each turn as an answer, in numbers that do not depend on how much is remembered.

Lexical: BM25 (Robertson and Zaragoza 2009) of two windows around the turn, as a share of what a window with
every term of the question would get. Meaning: the cosine with the question, and its mean over the turn
and its neighbours, which is as good as the vector of the window and costs no second embedding. The rest is
about who speaks and how.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from antiphon.memory.columns import Columns, Floats, products
from antiphon.memory.question import Question
from antiphon.memory.view import View, speaker_key

Places = NDArray[np.int64]

NAMES: Final = (
    "window",
    "wide window",
    "vector",
    "vectors around",
    "by whom is asked about",
    "of themselves",
    "to whom is asked about",
    "of somebody else",
    "asks",
    "has a date",
    "has the date asked for",
    "says much",
)
PERSONS: Final = slice(4, 8)
"""Those of `NAMES` that come of the edges between turns and the people they are about."""
_K1, _B = 1.2, 0.75
_WINDOWS: Final = ((2.0, 1.0, 0.0), (1.0, 1.0, 1.0))
"""Weight of a term in the turn itself, one turn away, two turns away."""


class Surroundings:
    """Who stands before and after each of `rows`; -1 for nobody."""

    def __init__(self, columns: Columns, rows: Places, count: int) -> None:
        self.rows = rows
        self.before = _beside(columns.previous, rows, count)
        self.after = _beside(columns.next, rows, count)
        self._rings = (
            (rows,),
            (self.before, self.after),
            (_beside(columns.previous, self.before, count), _beside(columns.next, self.after, count)),
        )

    def rings(self, column: Floats) -> tuple[Floats, Floats, Floats]:
        """`column` at each row, summed over those one away, and over those two away.

        The last value of `column` stands for nobody and must be 0.
        """
        one, two, three = (sum((column[at] for at in ring), np.float32(0)) for ring in self._rings)
        return np.asarray(one), np.asarray(two), np.asarray(three)


def idf(view: View, holders: int) -> float:
    """What a term in so many turns is worth."""
    return math.log(1 + (view.count - holders + 0.5) / (holders + 0.5))


def signals(
    view: View,
    question: Question,
    vector: Floats | None,
    rows: Places,
    similar: Floats | None = None,
    *,
    unheard: Sequence[int] = (),
) -> Floats:
    """One line per row, one number per name in `NAMES`; float32, shape [len(rows), len(NAMES)].

    `similar` is what `similarities` gives, when that is known already. What is said in the rows `unheard`
    does not speak for their neighbours.
    """
    similar = similarities(view, vector) if similar is None else similar
    columns, count = view.columns, view.count
    around = Surroundings(columns, rows, count)
    made = np.zeros((len(rows), len(NAMES)), np.float32)
    silent = np.array(unheard, np.int64)
    made[:, 0:2] = _lexical(view, question, around, silent)
    if vector is not None:
        made[:, 2], made[:, 3] = _meaning(view, vector, similar, around, silent)
    if question.about:
        # Like a term, somebody who speaks seldom tells more; of two who take turns each is worth 1.
        spoken = sum(len(view.postings.hits(speaker_key(who))[0]) for who in question.about)
        made[:, PERSONS] = _persons(columns, question.about, rows) * np.float32(
            idf(view, spoken) / math.log(2)
        )
    made[:, 8] = columns.asks[rows]
    made[:, 9] = columns.dated[rows]
    made[:, 10] = columns.dated[rows] if question.when else 0.0
    made[:, 11] = columns.distinct[rows]
    return made


def _persons(columns: Columns, about: frozenset[int], rows: Places) -> Floats:
    """What somebody says of themselves is about them, and so is "you" in what they are told."""
    theirs = np.isin(columns.speaker[rows], list(about))
    of_self, of_other = columns.of_self[rows], columns.of_other[rows]
    return np.stack(
        [np.where(theirs, 0.5, -0.5), theirs * of_self, ~theirs * of_other, ~theirs * of_self], 1
    ).astype(np.float32)


def _lexical(view: View, question: Question, around: Surroundings, silent: Places) -> Floats:
    scratch = np.zeros(view.count + 1, np.float32)
    scratch[:-1] = view.columns.length[: view.count]
    lengths = _weighted(around.rings(scratch))
    mean = view.terms_total / max(view.count, 1) + 1e-9
    norms = [
        _K1 * (1 - _B + _B * length / (mean * (weights[0] + 2 * weights[1] + 2 * weights[2])))
        for length, weights in zip(lengths, _WINDOWS, strict=True)
    ]
    scores = np.zeros((len(around.rows), len(_WINDOWS)), np.float32)
    best = 1e-9
    scratch[:] = 0.0
    for term in question.terms:
        holders, counts = view.postings.hits(term)
        if not len(holders):
            continue
        worth = idf(view, len(holders))
        best += worth
        scratch[holders] = counts
        scratch[silent] = 0.0
        for place, held in enumerate(_weighted(around.rings(scratch))):
            scores[:, place] += worth * (_K1 + 1) * held / (held + norms[place])
        scratch[holders] = 0.0
    return scores / np.float32(best)


def _weighted(rings: tuple[Floats, Floats, Floats]) -> list[Floats]:
    return [
        np.asarray(own * rings[0] + near * rings[1] + far * rings[2], np.float32)
        for own, near, far in _WINDOWS
    ]


def similarities(view: View, vector: Floats | None) -> Floats | None:
    """The cosine of every row with `vector`, and a 0 behind them; None where that would be too many."""
    if vector is None or view.cells is not None:
        return None
    similar = np.zeros(view.count + 1, np.float32)
    similar[: view.settled] = products(view.scanned, vector)
    late = view.columns.vectors[view.settled : view.count]
    similar[view.settled : -1] = products(late.astype(np.float32), vector)
    return similar


def _meaning(
    view: View, vector: Floats, similar: Floats | None, around: Surroundings, silent: Places
) -> tuple[Floats, Floats]:
    if similar is None:
        wanted = np.unique(np.concatenate([around.rows, around.before, around.after]))
        wanted = wanted[wanted >= 0]
        similar = np.zeros(view.count + 1, np.float32)
        similar[wanted] = products(view.columns.vectors[wanted].astype(np.float32), vector)
    if len(silent):
        similar = similar.copy()
        similar[silent] = 0.0
    own, beside = around.rings(similar)[:2]
    neighbours = (around.before >= 0).astype(np.float32) + (around.after >= 0)
    return own, (own + beside) / (1 + neighbours)


def _beside(column: NDArray[np.int32], rows: NDArray[np.int64], count: int) -> Places:
    there = np.where(rows >= 0, column[rows], -1)
    # A row beyond ours was added after this view was published.
    return np.where(there < count, there, -1).astype(np.int64)
