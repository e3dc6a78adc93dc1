"""A session's diary: numbers what happens and has it written, in order, without making anybody wait."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from antiphon.contracts import Busy, JournalEntry
from antiphon.runtime.clock import Clock
from antiphon.runtime.lanes import nobody, post
from antiphon.runtime.pen import Pen

UNWRITTEN_MAX = 10_000
"""Entries held for a journal that cannot write; then they are dropped, and the session goes unrecorded."""


class Diary:
    """One session's entries.

    A write that failed is tried again with the next entry, because a journal takes no gaps. `warn` is called
    once, on the loop, when the first one fails; the conversation goes on.
    """

    def __init__(
        self, session: str, clock: Clock, pen: Pen, *, warn: Callable[[str], None], after: int = 0
    ) -> None:
        """`after`: the number of the last entry the journal has of the session."""
        self._session, self._clock, self._pen, self._warn = session, clock, pen, warn
        self._loop = asyncio.get_running_loop()
        self._sequence = self._after = after
        self.unwritten: list[JournalEntry] = []
        self._warned = self._abandoned = False

    def note(self, kind: str, body: Mapping[str, Any]) -> JournalEntry:
        """Write down that `kind` happened now; returns the entry, written or not."""
        self._sequence += 1
        entry = JournalEntry(
            session=self._session, sequence=self._sequence, at=self._clock.now(), kind=kind, body=body
        )
        if not self._abandoned:
            try:
                self._pen.put(self, entry)
                if self._sequence == self._after + 1:
                    # A client that is told of the session may look for it at once, in whichever process.
                    self._pen.flush()
            except Busy as error:
                self._abandoned = True
                self._fail(str(error))
        return entry

    @property
    def last(self) -> int:
        """The number of the last entry."""
        return self._sequence

    def when_written(self, tell: Callable[[bool], None]) -> None:
        """Tell, on the loop, whether all that was noted by now is in the journal, once that is known."""
        told = partial(post, self._loop)
        if self._abandoned:
            told(partial(tell, False))
            return
        try:
            self._pen.mark(self, lambda written: told(partial(tell, written and not self._abandoned)))
        except Busy:
            told(partial(tell, False))

    def abandon(self) -> None:
        """Write nothing more: somebody else goes on with the session."""
        self._abandoned = True

    def close(self) -> None:
        """Have written what was noted, and warn nobody."""
        self._warn = nobody
        with suppress(Busy):
            self._pen.flush()

    def not_written(self, message: str) -> None:
        """The journal took nothing of what is unwritten; called on its lane."""
        if len(self.unwritten) > UNWRITTEN_MAX:
            self._abandoned = True
            self.unwritten.clear()
        post(self._loop, partial(self._fail, message))

    def _fail(self, message: str) -> None:
        if not self._warned:
            self._warned = True
            self._warn(message)
