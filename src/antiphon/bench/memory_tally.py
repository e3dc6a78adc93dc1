"""Counting what contexts hold, with intervals."""

from collections.abc import Sequence

import msgspec
import numpy as np

from antiphon.bench.figures import Figure, figure
from antiphon.bench.locomo import CATEGORIES
from antiphon.bench.memory_cases import Case
from antiphon.bench.memory_ways import BEST_OTHER, Way
from antiphon.memory.packing import CountTokens
from antiphon.memory.ranking import ranked
from antiphon.memory.weights import Weights

OURS = "antiphon"
NO_GRAPH = "antiphon, no graph"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One way on one kind of question."""

    way: str
    category: str
    questions: int
    recall: tuple[Figure, ...]
    """At each budget."""
    complete: tuple[float, ...]
    """Share of questions with all their evidence."""


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """How far we are above the best other way, question by question."""

    category: str
    recall: tuple[Figure, ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one set of conversations."""

    talks: tuple[str, ...]
    lines: tuple[Line, ...]
    leads: tuple[Lead, ...]
    graph_adds: tuple[Figure, ...]
    """Recall with the graph less recall without it, at each budget."""
    answerable_auroc: Figure
    """Questions with an answer against adversarial ones."""


class Tally:
    """The recall of every question by every way."""

    def __init__(self, budgets: Sequence[int], count_tokens: CountTokens) -> None:
        self._budgets = budgets
        self._count_tokens = count_tokens
        self.found: dict[str, list[tuple[float, ...]]] = {}
        self.categories: list[int] = []
        self.answerable: list[tuple[float, bool]] = []

    def add(self, case: Case, ways: dict[str, Way], by: Weights) -> None:
        """Put `case` to all `ways`."""
        self.categories.append(case.query.category)
        for name, way in ways.items():
            chosen = way(case, self._budgets, self._count_tokens)
            evidence = set(case.evidence.tolist())
            shares = tuple(len(rows & evidence) / len(evidence) for rows in chosen)
            self.found.setdefault(name, []).append(shares)
        score = ranked(case.view, case.ask, case.question, case.vector, by).answerable
        self.answerable.append((score, case.answerable))

    def part(self, talks: Sequence[str]) -> Part:
        """The figures of all that was added."""
        found = {name: np.array(shares) for name, shares in self.found.items()}
        lines: list[Line] = []
        leads: list[Lead] = []
        for category, chosen in self._kinds():
            for name, shares in found.items():
                columns = shares[chosen].T
                lines.append(
                    Line(
                        way=name,
                        category=category,
                        questions=int(chosen.sum()),
                        recall=tuple(_mean(column) for column in columns),
                        complete=tuple(float((column == 1).mean()) for column in columns),
                    )
                )
            above = (found[OURS] - found[BEST_OTHER])[chosen].T
            leads.append(Lead(category=category, recall=tuple(_mean(column) for column in above)))
        graph = (found[OURS] - found[NO_GRAPH]).T
        return Part(
            talks=tuple(talks),
            lines=tuple(lines),
            leads=tuple(leads),
            graph_adds=tuple(_mean(column) for column in graph),
            answerable_auroc=auroc(self.answerable),
        )

    def _kinds(self) -> list[tuple[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]]:
        categories = np.array(self.categories)
        kinds = [("all", np.ones(len(categories), bool))]
        return kinds + [(name, categories == code) for code, name in CATEGORIES.items() if code in categories]


def auroc(scored: Sequence[tuple[float, bool]]) -> Figure:
    """How often a question with an answer scores above one without (ties count half)."""

    def area(places: Sequence[float]) -> float:
        chosen = [scored[int(place)] for place in places]
        scores = np.array([score for score, _ in chosen])
        answered = np.array([answerable for _, answerable in chosen])
        ranks = np.empty(len(scores))
        ranks[np.argsort(scores, kind="stable")] = np.arange(len(scores))
        yes, no = answered.sum(), (~answered).sum()
        if not yes or not no:
            return 0.5
        return float((ranks[answered].sum() - yes * (yes - 1) / 2) / (yes * no))

    return figure([float(place) for place in range(len(scored))], area)


def _mean(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Figure:
    """The mean and its bootstrap interval over questions, resampled together."""
    dice = np.random.default_rng(0)
    again = values[dice.integers(0, len(values), (2000, len(values)))].mean(1)
    low, high = np.percentile(again, (2.5, 97.5)).tolist()
    return Figure(float(values.mean()), low, high, len(values))
