"""The only truth: everything that happened, in order, once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from antiphon.contracts.audio import Ticks
from antiphon.contracts.engine import Engine


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    session: str
    sequence: int
    """1 for a session's first entry, then without a gap."""
    at: Ticks
    """On the session's clock."""
    kind: str
    """A past-tense name, such as "caller_turn_committed"."""
    body: Mapping[str, Any] = {}
    """JSON-compatible."""


@runtime_checkable
class Journal(Engine, Protocol):
    """Append-only. What `append` has returned from survives a killed process."""

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """Add `entries`, all or none.

        Raises:
            ContractBroken: a sequence number leaves a gap, or is taken by a different entry. Appending the
                very same entry again is allowed and changes nothing.
        """
        ...

    def read(self, session: str, *, after: int = 0) -> Iterator[JournalEntry]:
        """The entries of `session` with a sequence number above `after`, in order."""
        ...

    def sessions(self) -> tuple[str, ...]:
        """Every session that has an entry, oldest first."""
        ...
