"""Generated talks in which something changes: is what no longer holds still offered?

Somebody tells six things about themselves, somebody else the same six with other values, both chat, and
then one of the six is said to have changed, in one of many wordings (`memory_wordings.toml`); or
something is said that sounds like it and changes nothing. A value counts as offered when the context
holds what was said of it at first.
"""

import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
import numpy as np
from numpy.random import Generator

from antiphon.bench.figures import Figure, figure
from antiphon.contracts import Embedder, LanguageModel
from antiphon.memory import Ask, GraphMemory, Turn
from antiphon.memory.refining import refined_by

How = Literal["plain", "changed", "still"]
Part = Literal["tune", "report", "fresh", "unseen"]
_SETS = ("", "_tune", "_more", "_home", "_work", "_body", "_fresh", "_unseen")
_WORDINGS = tuple(f"memory_wordings{name}.toml" for name in _SETS)
_BUDGET = 256
_THINGS = 6
_CALLS = 2
"""Of the language model, at most, after each turn."""
_NAMES = ("Nora", "Felix")
_FIRST_DAY = date(2024, 1, 1)
_REMARKS = (
    "How was your weekend?",
    "The rain has not stopped since morning.",
    "I read a good book about lighthouses.",
    "Shall we cook together on Sunday?",
    "The cat slept on my keyboard again.",
    "That sounds wonderful, tell me more.",
    "We could go for a walk now that the sun is out.",
    "I finally watched that new film, it was rather long.",
)


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sort of fact, and what is said about it."""

    name: str
    part: Part
    values: tuple[str, ...]
    first: tuple[str, ...]
    plain: tuple[str, ...]
    changed: tuple[str, ...]
    still: tuple[str, ...]
    asked: tuple[str, ...]


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A talk, the question to it, and what is true."""

    kind: str
    wording: str
    changed: bool
    plain: bool
    turns: tuple[Turn, ...]
    told_id: str
    """The turn that told the change, or what sounds like it; the first turn told the old value."""
    asked: str
    old: str
    new: str
    beside: tuple[tuple[str, str], ...]
    """Questions about what else was told, and its values, which nothing has changed."""


class Updates(msgspec.Struct, frozen=True, kw_only=True):
    """What is offered to questions about facts that have changed, and about those that have not."""

    wordings: int
    stories: int
    stale: Figure
    """Share of contexts that offer the old value after it has changed."""
    stale_plain: Figure
    stale_otherwise: Figure
    """As `stale`, of changes in few plain words, and of those told in other ways."""
    current: float
    """Share of them that hold the new one."""
    kept: Figure
    """Share of contexts that still offer the value after what only sounds like a change."""
    undisturbed: float
    """Share of contexts with the value of something else, which nobody spoke about again."""

    def told(self) -> str:
        """In a sentence."""
        return (
            f"{self.stories} stories in {self.wordings} wordings: stale offered {self.stale.value:.1%} "
            f"[{self.stale.low:.1%}, {self.stale.high:.1%}] (plainly told {self.stale_plain.value:.1%}, "
            f"otherwise {self.stale_otherwise.value:.1%}), current {self.current:.1%}; kept after "
            f"what changes nothing {self.kept.value:.1%} [{self.kept.low:.1%}, {self.kept.high:.1%}]; "
            f"other facts {self.undisturbed:.1%}"
        )


def kinds(part: Part) -> list[Kind]:
    """The kinds of `part`."""
    return [kind for name in _WORDINGS for kind in _kinds_in(name) if kind.part == part]


@cache
def _kinds_in(name: str) -> list[Kind]:
    text = (files("antiphon.bench") / name).read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["kind"], list[Kind])


def stories(part: Part, rounds: int, seed: int = 0) -> list[Story]:
    """`rounds` stories of every wording of `part`."""
    dice = np.random.default_rng(seed)
    known = kinds(part)
    return [
        _story(dice, known, kind, wording, how)
        for _ in range(rounds)
        for kind in known
        for how in ("plain", "changed", "still")
        for wording in getattr(kind, how)
    ]


def updates(told: Sequence[Story], embedder: Embedder, judge: LanguageModel | None = None) -> Updates:
    """Tell every story to a memory of its own, and ask; `judge` is asked about what it was not sure of."""
    stale: dict[bool, list[bool]] = {True: [], False: []}
    current: list[bool] = []
    kept: list[bool] = []
    undisturbed: list[bool] = []
    for story in told:
        memory = GraphMemory(embedder=embedder)
        for turn in story.turns:
            memory.learn([turn])
            if judge is not None:
                refined_by(judge, memory.refine(_CALLS))
        context = _context(memory, story.asked)
        (stale[story.plain] if story.changed else kept).append(story.turns[0].text in context)
        if story.changed:
            current.append(story.new in context)
        undisturbed += [value in _context(memory, asked) for asked, value in story.beside]
        memory.close()
    return Updates(
        wordings=len({story.wording for story in told}),
        stories=len(told),
        stale=_share(stale[True] + stale[False]),
        stale_plain=_share(stale[True]),
        stale_otherwise=_share(stale[False]),
        current=float(np.mean(current)),
        kept=_share(kept),
        undisturbed=float(np.mean(undisturbed)),
    )


def _share(found: Sequence[bool]) -> Figure:
    return figure([float(one) for one in found], lambda values: float(np.mean(values)))


def _context(memory: GraphMemory, asked: str) -> str:
    return memory.look(Ask(text=asked, budget_tokens=_BUDGET), lambda text: -(-len(text) // 4)).context


def _story(dice: Generator, known: Sequence[Kind], kind: Kind, wording: str, how: How) -> Story:
    others = [one for one in known if one is not kind]
    order: list[int] = dice.permutation(len(others))[: _THINGS - 1].tolist()
    things = [kind, *(others[place] for place in order)]
    told: list[list[str]] = [dice.permutation(one.values).tolist() for one in things]
    said: list[tuple[str, str]] = []
    for thing, values in zip(things, told, strict=True):
        said.append((_NAMES[0], _one(dice, thing.first).format(old=values[0])))
        said.append((_NAMES[1], _one(dice, thing.first).format(old=values[2])))
        said += [(_one(dice, _NAMES), _one(dice, _REMARKS)) for _ in range(2)]
    old, new = told[0][:2]
    told_place = len(said)
    said.append((_NAMES[0], wording.format(old=old, new=new)))
    said += [(_one(dice, _NAMES), _one(dice, _REMARKS)) for _ in range(4)]
    turns = tuple(
        Turn(id=str(place), speaker=who, text=text, said_at=(_FIRST_DAY + timedelta(9 * place)).isoformat())
        for place, (who, text) in enumerate(said)
    )
    return Story(
        kind=kind.name,
        wording=wording,
        changed=how != "still",
        plain=how == "plain",
        turns=turns,
        told_id=str(told_place),
        asked=_one(dice, kind.asked).format(name=_NAMES[0]),
        old=old,
        new=new,
        beside=tuple(
            (_one(dice, thing.asked).format(name=_NAMES[0]), values[0])
            for thing, values in zip(things[1:], told[1:], strict=True)
        ),
    )


def _one(dice: Generator, of: Sequence[str]) -> str:
    return of[int(dice.integers(len(of)))]
