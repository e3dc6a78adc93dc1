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
    persona: str = ""
    """Who may recall it; empty: everyone."""
    to: str = ""
    """Whom it was said to; empty when unknown, or everyone."""


class RecallQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the next answer may need to know."""

    text: str
    """What is asked, or as much of it as was heard. Empty: nothing has been said yet, and what is wanted is
    what `speaker` will take for known."""
    budget_tokens: int
    """A hard bound on `Recall.tokens`."""
    speaker: str = ""
    conversation: str = ""
    persona: str = ""
    """Who will answer: what only others may recall stays away. A memory that keeps no such secrets passes
    over it."""
    known: frozenset[str] = frozenset()
    """Ids of utterances that stand in the prompt already; a memory need not offer them again."""


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """An utterance that came into question."""

    id: str
    text: str
    """As it is quoted, on one line, with its speaker."""
    tokens: int
    score: float = 0.0
    """Comparable within one recall: the higher the better."""
    said_at: str = ""
    persona: str = ""
    """Who alone may recall it; empty: everyone."""


class Recall(msgspec.Struct, frozen=True):
    """What memory offers for one answer."""

    context: str
    """Ready to stand in a prompt; empty when nothing fits or nothing is known."""
    tokens: int
    """Of `context`, as counted by the counter that was given."""
    sources: tuple[str, ...] = ()
    """Ids of the utterances it rests on, in the order they appear."""
    answerable: float = 1.0
    """Between 0 and 1: how likely the answer is in memory at all; 1 from a memory that cannot tell."""
    chosen: tuple[Recalled, ...] = ()
    """The lines of `context`, in their order; empty from a memory that keeps no account."""
    known: tuple[Recalled, ...] = ()
    """Those of `RecallQuery.known` that would have been chosen, at no cost."""
    left_out: tuple[Recalled, ...] = ()
    """The best of those that did not fit or say what another says, best first."""


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
