"""A memory that looks for shared words and lives as long as its process."""

import re
from collections.abc import Callable, Sequence
from typing import ClassVar, Self

import msgspec

from antiphon.contracts import EngineCard, EngineSetup, Recall, RecallQuery, Utterance
from antiphon.contracts.settings import decode


class MemorySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `memory.scripted`: there is nothing to set."""


class ScriptedMemory:
    """Offers the utterances that share most words with the question, as many as fit."""

    card: ClassVar[EngineCard] = EngineCard(
        name="scripted",
        part="memory",
        summary="Recalls by shared words, in memory only; for tests and load.",
        licence="Apache-2.0",
    )
    settings_kind: ClassVar[type[MemorySettings]] = MemorySettings

    def __init__(self) -> None:
        self._known: dict[str, Utterance] = {}

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """An empty memory."""
        decode(setup.settings, MemorySettings, "memory.scripted")
        return cls()

    def ingest(self, utterances: Sequence[Utterance]) -> None:
        """Keep each utterance under its id, the first time it is seen."""
        for utterance in utterances:
            self._known.setdefault(utterance.id, utterance)

    def recall(self, query: RecallQuery, count_tokens: Callable[[str], int]) -> Recall:
        """Utterances of the query's conversation, in the order they were said, until the budget is full."""
        spoken = [each for each in self._known.values() if each.conversation == query.conversation]
        asked = _words(query.text)
        # Sorting is stable, so among equals the newest, which comes first here, is tried first.
        ranked = spoken[::-1]
        ranked.sort(key=lambda each: -len(asked & _words(each.text)))
        chosen: set[str] = set()
        for utterance in ranked:
            if count_tokens(_context(spoken, chosen | {utterance.id})) <= query.budget_tokens:
                chosen.add(utterance.id)
        context = _context(spoken, chosen)
        sources = tuple(each.id for each in spoken if each.id in chosen) if context else ()
        return Recall(context, count_tokens(context), sources)

    def forget(self, ids: Sequence[str]) -> int:
        """Drop what is known of `ids`; returns how many were."""
        return sum(self._known.pop(each, None) is not None for each in ids)

    def close(self) -> None:
        """Nothing to let go of."""


def _context(spoken: Sequence[Utterance], chosen: set[str]) -> str:
    return "\n".join(f"{each.speaker}: {each.text}" for each in spoken if each.id in chosen)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
