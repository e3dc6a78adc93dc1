"""A journal in memory."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self, TypeAlias

from antiphon.contracts import ConfigInvalid, ContractBroken, EngineCard, EngineSetup, JournalEntry

Shelf: TypeAlias = dict[str, list[JournalEntry]]
"""Entries by session."""


class ScriptedJournal:
    """Keeps entries on a shelf, which outlives it when its opener holds on to it."""

    card: ClassVar[EngineCard] = EngineCard(
        name="scripted",
        part="journal",
        summary="Keeps everything in memory and loses it at the end; for tests and load.",
        licence="Apache-2.0",
    )

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """With the setting `shelf`, a dict, entries are kept in it and can be opened again."""
        return cls(_shelf(setup.settings))

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """Add all of `entries`, or none when one of them breaks the order."""
        added: Shelf = {}
        for entry in entries:
            held = [*self._shelf.get(entry.session, ()), *added.get(entry.session, ())]
            if _is_new(entry, held):
                added.setdefault(entry.session, []).append(entry)
        for session, new in added.items():
            self._shelf.setdefault(session, []).extend(new)

    def read(self, session: str, *, after: int = 0) -> Iterator[JournalEntry]:
        """The entries above `after`, as they are now."""
        return iter(self._shelf.get(session, [])[max(after, 0) :])

    def sessions(self) -> tuple[str, ...]:
        """Every session, oldest first."""
        return tuple(self._shelf)

    def close(self) -> None:
        """Nothing to let go of."""


def _shelf(settings: Mapping[str, Any]) -> Shelf:
    unknown = sorted(set(settings) - {"shelf"})
    if unknown:
        raise ConfigInvalid(
            tuple(f"journal.scripted has no setting {key!r}; it knows shelf" for key in unknown)
        )
    # Not decoded into a settings value: the very dict that was given is what gets written to.
    shelf = settings.get("shelf", {})
    if not isinstance(shelf, dict):
        raise ConfigInvalid(("journal.scripted.shelf is no dict",))
    return shelf  # pyright: ignore[reportUnknownVariableType] - a client's own dict, checked at its use


def _is_new(entry: JournalEntry, held: Sequence[JournalEntry]) -> bool:
    number = entry.sequence
    if number == len(held) + 1:
        return True
    if not 1 <= number <= len(held):
        raise ContractBroken(
            f"entry {number} of session {entry.session!r} leaves a gap; the next is {len(held) + 1}"
        )
    if held[number - 1] != entry:
        raise ContractBroken(f"entry {number} of session {entry.session!r} is taken by a different one")
    return False
