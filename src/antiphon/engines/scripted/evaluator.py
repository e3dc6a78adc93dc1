"""A judge that says what it was told to, or rolls a die whose number is in the seed."""

from collections.abc import Mapping
from typing import ClassVar, Self
from zlib import crc32

import msgspec

from antiphon.contracts import Draw, EngineCard, EngineSetup, Subject
from antiphon.contracts.settings import decode

KINDS = ("conversation", "draw", "transcript", "turn")


class EvaluatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `evaluator.scripted`."""

    values: Mapping[str, float] = {}
    """From a subject's id to the middle of its draws; 0.5 where nothing is said."""
    spread: float = 0.0
    """How far draws lie apart: evenly from `-spread` to `spread` around the middle, decided by the seed."""


class ScriptedEvaluator:
    """Judges by the script."""

    card: ClassVar[EngineCard] = EngineCard(
        name="scripted",
        part="evaluator",
        summary="Judges as its script says, with as much scatter as wanted; for tests of evaluations.",
        licence="Apache-2.0",
        capabilities=frozenset(f"subject:{kind}" for kind in KINDS),
        concurrency=16,
    )

    def __init__(self, settings: EvaluatorSettings) -> None:
        self._settings = settings

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Read the script."""
        return cls(decode(setup.settings, EvaluatorSettings, "evaluator.scripted"))

    def draw(self, subject: Subject, seed: int) -> Draw:
        """The scripted value, moved by what `seed` and the subject's id decide together."""
        missing = _missing(subject)
        die = crc32(f"{seed} {subject.id}".encode()) / 2**31 - 1.0  # evenly in [-1, 1]
        middle = self._settings.values.get(subject.id, 0.5)
        value = None if missing else middle + self._settings.spread * die
        return Draw(evaluator=self.card.name, subject=subject.id, seed=seed, value=value, missing=missing)

    def close(self) -> None:
        """Nothing to let go of."""


def _missing(subject: Subject) -> str | None:
    if subject.kind not in KINDS:
        return f"a {subject.kind} is nothing it can judge; it takes {', '.join(KINDS)}"
    return None if subject.content else "the subject is empty"
