"""A session's pen: numbers what happens and has it written, in order, without making anybody wait."""

from collections.abc import Mapping
from typing import Any

from antiphon.contracts import AntiphonError, Journal, JournalEntry
from antiphon.runtime.clock import Clock
from antiphon.runtime.lanes import Lane


class Diary:
    """Writes one session's entries on the journal's lane.

    Attributes:
        failure: why the last write failed, if it did; the conversation goes on without it.
    """

    def __init__(self, session: str, clock: Clock, journal: Journal, lane: Lane) -> None:
        self._session, self._clock, self._journal, self._lane = session, clock, journal, lane
        self._sequence = 0
        self._unwritten: list[JournalEntry] = []
        self.failure: str | None = None

    def note(self, kind: str, body: Mapping[str, Any]) -> None:
        """Write down that `kind` happened now."""
        self._sequence += 1
        self._unwritten.append(
            JournalEntry(
                session=self._session, sequence=self._sequence, at=self._clock.now(), kind=kind, body=body
            )
        )
        if len(self._unwritten) == 1:
            self._lane.submit(self._write)

    def _write(self) -> None:
        # What has gathered while the lane was busy goes in one transaction. Taking the list is atomic.
        entries, self._unwritten = self._unwritten, []
        try:
            self._journal.append(entries)
        except AntiphonError as error:
            self.failure = str(error)
