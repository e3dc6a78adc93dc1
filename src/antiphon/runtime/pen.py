"""What all sessions note goes to the journal together: a moment of it is one piece of work, one transaction.

A thread that is woken for every note takes the interpreter from the event loop as often, and a transaction
costs more than what is written in it.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import msgspec
from msgspec.structs import replace

from antiphon.contracts import ContractBroken, Journal, JournalEntry
from antiphon.runtime.lanes import Batches, Lane

GATHER_S = 0.02
"""How long a note may wait for others."""
WAITING_MAX = 10_000
"""Moments whose notes may wait for the journal."""


class Author(Protocol):
    """Who notes. Everything is for the journal's lane but where it says otherwise.

    Attributes:
        unwritten: entries that the journal has not taken yet, in order.
    """

    unwritten: list[JournalEntry]

    def not_written(self, message: str) -> None:
        """The journal took nothing of `unwritten`."""
        ...


Told: TypeAlias = Callable[[bool], None]
Note: TypeAlias = tuple[Author, JournalEntry | Told]


class Pen:
    """Writes for everybody, on the journal's lane. Its methods are for the loop's thread."""

    def __init__(self, journal: Journal, lane: Lane, *, gather_s: float = 0.0) -> None:
        """`gather_s`: how long notes are gathered before they are written."""
        self._journal, self._gather_s = journal, gather_s
        self._batches: Batches[list[Note]] = Batches(lane, self._write, most=WAITING_MAX)
        self._notes: list[Note] = []
        self._timer: asyncio.TimerHandle | None = None

    def put(self, author: Author, entry: JournalEntry) -> None:
        """Have `entry` written soon. Busy: far too much is waiting; what had gathered is lost."""
        self._notes.append((author, entry))
        if not self._gather_s:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._gather_s, self.flush)

    def mark(self, author: Author, tell: Told) -> None:
        """Have all that was noted written now; `tell` is told on the lane whether `author`'s is. As `put`."""
        self._notes.append((author, tell))
        self.flush()

    def flush(self) -> None:
        """Have all that was noted written now. Raises as `put` does."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        notes, self._notes = self._notes, []
        if notes:
            self._batches.put(notes)

    def _write(self, moments: list[list[Note]]) -> None:
        authors: dict[Author, None] = {}
        marks: list[tuple[Author, Told]] = []
        for notes in moments:
            for author, noted in notes:
                authors[author] = None
                if isinstance(noted, JournalEntry):
                    # Here and not where it was noted: plain values cost time, which the loop has not.
                    author.unwritten.append(replace(noted, body=msgspec.to_builtins(noted.body)))
                else:
                    marks.append((author, noted))
        self._append(tuple(authors))
        for author, tell in marks:
            tell(not author.unwritten)

    def _append(self, authors: Sequence[Author]) -> None:
        try:
            self._journal.append([entry for author in authors for entry in author.unwritten])
        except Exception as error:
            if isinstance(error, ContractBroken) and len(authors) > 1:
                for author in authors:  # one of them is to blame
                    self._append((author,))
            else:
                for author in authors:
                    author.not_written(str(error))
        else:
            for author in authors:
                author.unwritten.clear()
