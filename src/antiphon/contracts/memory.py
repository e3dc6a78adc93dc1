"""What is worth remembering, and just the right part of it, inside a budget."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from antiphon.contracts.engine import Engine


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """Something somebody said, once its words are settled."""

    id: str
    speaker: str
    text: str
    said_at: str = ""
    """ISO 8601; empty when unknown."""
    conversation: str = ""


class RecallQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the next answer may need to know."""

    text: str
    budget_tokens: int
    """A hard bound on `Recall.tokens`."""
    speaker: str = ""
    conversation: str = ""


class Recall(msgspec.Struct, frozen=True):
    """What memory offers for one answer."""

    context: str
    """Ready to stand in a prompt; empty when nothing fits or nothing is known."""
    tokens: int
    """Of `context`, as counted by the counter that was given."""
    sources: tuple[str, ...] = ()
    """Ids of the utterances it rests on, in the order they appear."""


@runtime_checkable
class Memory(Engine, Protocol):
    """Learns from utterances and recalls under a budget."""

    def ingest(self, utterances: Sequence[Utterance]) -> None:
        """Learn. An id that is already known is not learned twice."""
        ...

    def recall(self, query: RecallQuery, count_tokens: Callable[[str], int]) -> Recall:
        """The best context within `query.budget_tokens`, counted by `count_tokens`."""
        ...

    def forget(self, ids: Sequence[str]) -> int:
        """Really forget these utterances and all that rests on them; returns how many were known."""
        ...
