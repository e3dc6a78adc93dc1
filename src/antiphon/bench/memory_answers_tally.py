"""Answers from several contexts, counted: how many were right, and what each context costs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from antiphon.bench.figures import Figure, Machine, figure, machine
from antiphon.bench.locomo import CATEGORIES, Talk
from antiphon.contracts import PrerequisiteMissing

MEMORY, SHORT, LONG = "memory, 512", "last turns, 512", "last turns, 4096"
WAYS = {MEMORY: 512, SHORT: 512, LONG: 4096}
"""The contexts, and the tokens each may have."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One question, answered one way."""

    model: str
    talk: str
    question: str
    category: int
    way: str
    answer: str
    shares: float
    """Of the gold answer's key words, those in the answer."""
    chosen: bool
    context_tokens: int
    first_ms: float
    """Until the first token, with what was in the cache."""
    read_tokens: int


class Cold(msgspec.Struct, frozen=True, kw_only=True):
    """A context read with nothing in the cache."""

    model: str
    way: str
    tokens: int
    first_ms: float
    processor_ms: float


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One way, over questions of one category or all."""

    way: str
    category: str
    questions: int
    contained: Figure
    shares: Figure
    chosen: Figure


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `memory-answers.json` holds."""

    machine: Machine
    model: str
    talks: tuple[str, ...]
    asked: int
    """Of so many; fewer were answered when the run was broken off."""
    lines: tuple[Line, ...]
    above: dict[str, tuple[Figure, Figure]]
    """By how much memory is above each other way: contained, chosen; the same questions."""
    cold_ms: dict[str, float]
    """Until the first token with nothing in the cache, median."""
    cold_processor_ms: dict[str, float]
    cold_tokens: dict[str, float]


def kept(keep: Path, model: str) -> tuple[list[Row], list[Cold]]:
    rows: list[Row] = []
    colds: list[Cold] = []
    if keep.exists():
        for line in keep.read_bytes().splitlines():
            if b'"question"' in line:
                rows.append(msgspec.json.decode(line, type=Row))
            else:
                colds.append(msgspec.json.decode(line, type=Cold))
    return [row for row in rows if row.model == model], [cold for cold in colds if cold.model == model]


def result_of(talks: Sequence[Talk], asked: int, model: str, keep: Path) -> Result:
    rows, colds = kept(keep, model)
    if not rows:
        raise PrerequisiteMissing("nothing has been answered yet", remedy="give it more --minutes")
    found = {way: {(row.talk, row.question): row for row in rows if row.way == way} for way in WAYS}
    # Each way is compared with memory on the questions that both have answered.
    both = {way: sorted(found[way].keys() & found[MEMORY].keys()) for way in WAYS}
    by_way = {way: [found[way][key] for key in both[way]] for way in WAYS}
    ours = {way: [found[MEMORY][key] for key in both[way]] for way in WAYS}
    kinds = {"all": 0} | {name: kind for kind, name in CATEGORIES.items() if kind != 5}
    lines = [
        _line(way, name, [row for row in them if kind in (0, row.category)])
        for name, kind in kinds.items()
        for way, them in by_way.items()
    ]
    cold = {way: [one for one in colds if one.way == way] for way in WAYS}
    return Result(
        machine=machine(),
        model=model,
        talks=tuple(talk.name for talk in talks),
        asked=asked,
        lines=tuple(lines),
        above={
            way: (
                _above(ours[way], by_way[way], lambda row: row.shares == 1),
                _above(ours[way], by_way[way], lambda row: row.chosen),
            )
            for way in (SHORT, LONG)
        },
        cold_ms={way: float(np.median([one.first_ms for one in them])) for way, them in cold.items() if them},
        cold_processor_ms={
            way: float(np.median([one.processor_ms for one in them])) for way, them in cold.items() if them
        },
        cold_tokens={
            way: float(np.median([one.tokens for one in them])) for way, them in cold.items() if them
        },
    )


def _line(way: str, category: str, rows: Sequence[Row]) -> Line:
    return Line(
        way=way,
        category=category,
        questions=len(rows),
        contained=_mean([row.shares == 1 for row in rows]),
        shares=_mean([row.shares for row in rows]),
        chosen=_mean([row.chosen for row in rows]),
    )


def _above(ours: Sequence[Row], theirs: Sequence[Row], right: Callable[[Row], bool]) -> Figure:
    pairs = zip(ours, theirs, strict=True)
    return _mean([float(right(our)) - float(right(their)) for our, their in pairs])


def _mean(values: Sequence[float]) -> Figure:
    return figure([float(each) for each in values] or [0.0], lambda each: float(np.mean(each)))
