"""A session's pen: numbers what happens and has it written, in order, without making anybody wait."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from antiphon.contracts import Busy, Journal, JournalEntry
from antiphon.runtime.clock import Clock
from antiphon.runtime.lanes import Batches, Lane, nobody, post

UNWRITTEN_MAX = 10_000
"""Entries held for a journal that cannot write; then they are dropped, and the session goes unrecorded."""


class Diary:
    """Writes one session's entries on the journal's lane.

    A write that failed is tried again with the next entry, because a journal takes no gaps. `warn` is called
    once, on the loop, when the first one fails; the conversation goes on.
    """

    def __init__(
        self,
        session: str,
        clock: Clock,
        journal: Journal,
        lane: Lane,
        *,
        warn: Callable[[str], None],
        after: int = 0,
    ) -> None:
        """`after`: the number of the last entry the journal has of the session."""
        self._session, self._clock, self._journal, self._warn = session, clock, journal, warn
        self._loop = asyncio.get_running_loop()
        self._batches = Batches(lane, self._write, most=UNWRITTEN_MAX)
        self._sequence = after
        self._unwritten: list[JournalEntry] = []
        """Touched on the lane only."""
        self._warned = self._abandoned = False

    def note(self, kind: str, body: Mapping[str, Any]) -> JournalEntry:
        """Write down that `kind` happened now; returns the entry, written or not."""
        self._sequence += 1
        entry = JournalEntry(
            session=self._session, sequence=self._sequence, at=self._clock.now(), kind=kind, body=body
        )
        if not self._abandoned:
            try:
                self._batches.put(entry)
            except Busy as error:
                self._abandoned = True
                self._fail(str(error))
        return entry

    def close(self) -> None:
        """Write what was noted, and warn nobody."""
        self._warn = nobody

    def _write(self, entries: list[JournalEntry]) -> None:
        # Here and not where it was noted: plain values cost time, which the loop has not.
        self._unwritten += [replace(entry, body=msgspec.to_builtins(entry.body)) for entry in entries]
        try:
            self._journal.append(self._unwritten)
        except Exception as error:
            if len(self._unwritten) > UNWRITTEN_MAX:
                self._abandoned = True
                self._unwritten = []
            post(self._loop, partial(self._fail, str(error)))
        else:
            self._unwritten = []

    def _fail(self, message: str) -> None:
        if not self._warned:
            self._warned = True
            self._warn(message)
