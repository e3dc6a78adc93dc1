"""Generated memories: is a fact that no longer holds still offered, and how long does a large one take?"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import ClassVar, Self, TypeVar
from zlib import crc32

import msgspec
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from antiphon.bench.writing import progress
from antiphon.contracts import EngineCard, EngineSetup
from antiphon.memory import Ask, GraphMemory, Turn

T = TypeVar("T")

_BUDGET = 256
_STRIDE = 4096
_FIRST_DAY = date(2024, 1, 1)


class Updates(msgspec.Struct, frozen=True, kw_only=True):
    """What is offered to questions about facts that have changed."""

    questions: int
    stale: float
    """Share of contexts that hold the old value."""
    current: float
    """Share of contexts that hold the new one."""
    otherwise_stale: float
    """As `stale`, for changes told in ways that no pattern knows."""

    def told(self) -> str:
        """In a sentence."""
        return (
            f"{self.questions} changed facts: stale offered {self.stale:.1%}, current {self.current:.1%}; "
            f"told in ways no pattern knows: stale {self.otherwise_stale:.1%}"
        )


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """A memory of many facts."""

    turns: int
    facts: int
    questions: int
    median_ms: float
    p99_ms: float
    ingest_ms_a_turn: float
    found: float
    """Share of questions whose answer is in the context."""
    read_back_s: float
    """To open the file again."""

    def told(self) -> str:
        """In a sentence."""
        return (
            f"{self.facts} facts in {self.turns} turns: median {self.median_ms:.1f} ms, 99th percentile "
            f"{self.p99_ms:.1f} ms, found {self.found:.1%}, ingest {self.ingest_ms_a_turn:.2f} ms a turn, "
            f"opened in {self.read_back_s:.0f} s"
        )


class Kind(msgspec.Struct, frozen=True):
    """A sort of fact: how it is said at first, how its change is told, and how it is asked for."""

    first: tuple[str, ...]
    changed: tuple[str, ...]
    otherwise: tuple[str, ...]
    asked: tuple[str, ...]


KINDS: Sequence[Kind] = (
    Kind(
        ("I live in {}.", "I'm based in {} at the moment.", "We are living in {} these days."),
        ("I moved to {} last week.", "I live in {} now.", "We've just relocated to {}."),
        ("Greetings from {}, my new home!", "All my boxes are in {} now."),
        ("Where does {} live?", "Which city does {} live in?", "Where is {} based now?"),
    ),
    Kind(
        ("I work at {}.", "I've been working for {} since 2019.", "I got a job at {}."),
        ("I just joined {}.", "I started working for {} on Monday.", "I work for {} now."),
        ("{} pays my bills from now on.", "My badge says {} now."),
        ("Where does {} work?", "Which company does {} work for?", "Who is {}'s employer?"),
    ),
    Kind(
        ("My phone number is {}.", "My phone number is {}, by the way."),
        ("My new phone number is {}.", "I changed my phone number to {}.", "My phone number is now {}."),
        ("Please ring me on {} from now on.",),
        ("What is {}'s phone number?", "What phone number does {} have?"),
    ),
    Kind(
        ("My favourite dish is {}.", "My favorite dish is {}."),
        ("My new favourite dish is {}.", "My favourite dish is {} these days."),
        ("I have come to prefer {} over every other dish.",),
        ("What is {}'s favourite dish?", "Which dish is {}'s favourite?"),
    ),
    Kind(
        ("My dentist is Dr. {}.", "My dentist is {}."),
        ("My new dentist is Dr. {}.", "I switched my dentist to {}.", "I've changed my dentist to Dr. {}."),
        ("For teeth I go to {} now.",),
        ("Who is {}'s dentist?", "What is the name of {}'s dentist?"),
    ),
    Kind(
        ("My locker code is {}.",),
        ("I changed my locker code to {}.", "My locker code is now {}.", "My new locker code is {}."),
        ("The locker opens with {} now.",),
        ("What is {}'s locker code?", "What is the code of {}'s locker?"),
    ),
)
_REMARKS = (
    "How was your weekend?",
    "The rain has not stopped since morning.",
    "I read a good book about lighthouses.",
    "Shall we cook together on Sunday?",
    "The cat slept on my keyboard again.",
    "That sounds wonderful, tell me more.",
)
_SYLLABLES = (
    "ba",
    "ko",
    "li",
    "mer",
    "ta",
    "vin",
    "so",
    "dra",
    "nel",
    "pu",
    "zor",
    "hai",
    "gri",
    "wen",
    "ji",
)


def updates(people: int = 100, seed: int = 0) -> Updates:
    """Each of `people` tells two facts and later that they have changed, and is asked about."""
    dice = np.random.default_rng(seed)
    plain = [_update(dice, lambda kind: kind.changed) for _ in range(people * 2)]
    otherwise = [_update(dice, lambda kind: kind.otherwise) for _ in range(people)]
    return Updates(
        questions=len(plain),
        stale=float(np.mean([stale for stale, _ in plain])),
        current=float(np.mean([current for _, current in plain])),
        otherwise_stale=float(np.mean([stale for stale, _ in otherwise])),
    )


def _update(dice: Generator, changed: Callable[[Kind], tuple[str, ...]]) -> tuple[bool, bool]:
    name, other, old, new = _names(dice, 4)
    kind = _one(dice, KINDS)
    memory = GraphMemory()
    said = [(name, _one(dice, kind.first).format(old))]
    said += [(_one(dice, (name, other)), _one(dice, _REMARKS)) for _ in range(12)]
    said += [(name, _one(dice, changed(kind)).format(new))]
    said += [(_one(dice, (name, other)), _one(dice, _REMARKS)) for _ in range(6)]
    memory.learn(
        [
            Turn(
                id=str(place), speaker=who, text=text, said_at=(_FIRST_DAY + timedelta(9 * place)).isoformat()
            )
            for place, (who, text) in enumerate(said)
        ]
    )
    ask = Ask(text=_one(dice, kind.asked).format(name), budget_tokens=_BUDGET)
    context = memory.look(ask, _quarters).context
    memory.close()
    return old in context, new in context


class _Noise:
    """Vectors that mean nothing and cost nothing: only how many there are matters here."""

    card: ClassVar[EngineCard] = EngineCard(
        name="noise", part="embedder", summary="Random vectors.", licence="Apache-2.0"
    )
    dimensions = 384

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Nothing to load."""
        del setup
        return cls()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit row a text, the same for the same text."""
        dice = np.random.default_rng([crc32(text.encode()) for text in texts])
        rows = dice.standard_normal((len(texts), self.dimensions), np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def close(self) -> None:
        """Nothing to let go of."""


def growth(facts: int, questions: int = 400, seed: int = 0) -> Growth:
    """A memory of about `facts` generated facts, four a turn, and questions to it."""
    dice = np.random.default_rng(seed)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "memory.sqlite"
        memory = GraphMemory(path, _Noise())
        told: dict[str, str] = {}
        spent_s = 0.0
        while memory.view.count * 4 < facts:
            progress(f"{memory.view.count * 4} of {facts} facts")
            turns = [_told(dice, memory.view.count + place, told) for place in range(_STRIDE)]
            began = perf_counter()
            memory.learn(turns)
            spent_s += perf_counter() - began
        memory.settle()
        people = list(told.items())
        took_ms: list[float] = []
        found = 0
        for _ in range(questions):
            name, city = people[int(dice.integers(len(people)))]
            ask = Ask(text=f"Where does {name} live?", budget_tokens=512)
            vector = _Noise().embed([ask.text])[0]
            began = perf_counter()
            got = memory.look(ask, _quarters, vector=vector)
            took_ms.append((perf_counter() - began) * 1e3)
            found += city in got.context
        turns_count = memory.view.count
        facts_count = memory.count_facts()
        memory.close()
        began = perf_counter()
        GraphMemory(path, _Noise()).close()
        read_back_s = perf_counter() - began
    middle, slow = np.percentile(took_ms, (50, 99)).tolist()
    return Growth(
        turns=turns_count,
        facts=facts_count,
        questions=questions,
        median_ms=middle,
        p99_ms=slow,
        ingest_ms_a_turn=spent_s * 1e3 / turns_count,
        found=found / questions,
        read_back_s=read_back_s,
    )


def _told(dice: Generator, place: int, told: dict[str, str]) -> Turn:
    name, city, company, dentist, thing = _names(dice, 5)
    told[name] = city  # who is drawn twice has moved
    return Turn(
        id=str(place),
        speaker=name,
        text=f"I live in {city}. I work at {company}. My dentist is Dr. {dentist}. I love {thing.lower()}.",
        said_at=(_FIRST_DAY + timedelta(place // 1000)).isoformat(),
        conversation=str(place // 50),
    )


def _names(dice: Generator, count: int) -> list[str]:
    drawn: list[list[int]] = dice.integers(len(_SYLLABLES), size=(count, 5)).tolist()
    return ["".join(_SYLLABLES[one] for one in row).capitalize() for row in drawn]


def _one(dice: Generator, of: Sequence[T]) -> T:
    return of[int(dice.integers(len(of)))]


def _quarters(text: str) -> int:
    return -(-len(text) // 4)
