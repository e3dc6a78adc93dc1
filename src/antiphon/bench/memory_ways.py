"""Other ways to recall, for comparison: the last turns, BM25, dense vectors, and both together.

All are packed and written like ours, under the same budget, so that only the order differs. BM25 is that of
Robertson and Zaragoza (2009) over "speaker: text" with our stemmer.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from antiphon.bench.locomo import Talk
from antiphon.bench.memory_cases import Case, Vectors, spoken, windows
from antiphon.memory.packing import CountTokens, packed
from antiphon.memory.ranking import Ranked, ranked
from antiphon.memory.terms import terms
from antiphon.memory.weights import Weights

Order: TypeAlias = Callable[[Case], NDArray[np.float64]]
"""A score for each row of a case's memory."""
Way: TypeAlias = Callable[[Case, Sequence[int], CountTokens], list[set[int]]]
"""The rows that are chosen for a case at each budget."""
BEST_OTHER = "window BM25 + dense"
_K1, _B = 1.2, 0.75


class Bm25:
    """BM25 over texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(terms(text)) for text in texts]
        self._count = len(texts)
        self._lengths = np.array([each.total() for each in counted], float)
        self._holders: dict[str, list[tuple[int, int]]] = {}
        for row, each in enumerate(counted):
            for term, count in each.items():
                self._holders.setdefault(term, []).append((row, count))

    def scores(self, question: str) -> NDArray[np.float64]:
        """One score per text."""
        scores = np.zeros(self._count)
        norms = _K1 * (1 - _B + _B * self._lengths / self._lengths.mean())
        for term in set(terms(question)) & self._holders.keys():
            rows, counts = np.array(self._holders[term]).T
            worth = np.log(1 + (self._count - len(rows) + 0.5) / (len(rows) + 0.5))
            scores[rows] += worth * (_K1 + 1) * counts / (counts + norms[rows])
        return scores


def other_ways(talk: Talk, turn_vectors: Vectors, window_vectors: Vectors) -> dict[str, Order]:
    """Every other way to recall from `talk`, by name."""
    turns, wide = Bm25(spoken(talk)), Bm25(windows(talk))

    def dense(case: Case) -> NDArray[np.float64]:
        return _standard(turn_vectors @ case.vector) + 0.5 * _standard(window_vectors @ case.vector)

    return {
        "last turns": lambda case: np.arange(case.view.count, dtype=float),
        "turn BM25": lambda case: turns.scores(case.query.text),
        "window BM25": lambda case: wide.scores(case.query.text),
        "both BM25": lambda case: (
            _standard(turns.scores(case.query.text)) + _standard(wide.scores(case.query.text))
        ),
        "dense": dense,
        BEST_OTHER: lambda case: _standard(wide.scores(case.query.text)) + dense(case),
    }


def way_of(order: Order) -> Way:
    """Packs by `order` alone."""

    def choose(case: Case, budgets: Sequence[int], count_tokens: CountTokens) -> list[set[int]]:
        scores = order(case).astype(np.float32)
        given = Ranked(np.arange(case.view.count), scores, 0.0)
        return [set(packed(case.view, given, budget, count_tokens, 0.0).rows) for budget in budgets]

    return choose


def our_way(by: Weights) -> Way:
    """The memory's own, with these weights."""

    def choose(case: Case, budgets: Sequence[int], count_tokens: CountTokens) -> list[set[int]]:
        given = ranked(case.view, case.ask, case.question, case.vector, by)
        return [set(packed(case.view, given, budget, count_tokens, by.length).rows) for budget in budgets]

    return choose


def _standard(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray((scores - scores.mean()) / (scores.std() + 1e-9), float)
