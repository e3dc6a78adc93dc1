"""Generated memories: how long does a large one take?"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import ClassVar, Self
from zlib import crc32

import msgspec
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from antiphon.bench.writing import progress
from antiphon.contracts import EngineCard, EngineSetup
from antiphon.memory import Ask, GraphMemory, Turn

_STRIDE = 4096
_FIRST_DAY = date(2024, 1, 1)


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


def _quarters(text: str) -> int:
    return -(-len(text) // 4)
