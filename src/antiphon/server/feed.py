"""Telemetry for whoever watches: the facts of a session as server-sent events, and reports that outlive it.

A watcher is never waited for. One that falls behind its bound is let go; the conversation does not notice.
"""

import logging
from asyncio import Queue, QueueFull
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from antiphon.contracts import TurnReport
from antiphon.runtime import Session
from antiphon.runtime.events import ReplyEnded, SessionEvent, SessionFailed, TranscriptFailed, TurnMeasured
from antiphon.runtime.shown import shown

log = logging.getLogger(__name__)

OBSERVED = frozenset({ReplyEnded, SessionFailed, TranscriptFailed, TurnMeasured})
"""Not the sound, of which there are fifty frames a second in every session."""
WATCHERS = 16
WATCHER_BACKLOG = 512
CLOSED_KEPT = 64


class Observer(Protocol):
    """Looks at all sessions, without blocking. It is told what is in `OBSERVED`, and of nothing else."""

    def opened(self, session: Session) -> None:
        """A session has begun."""
        ...

    def told(self, session_id: str, event: SessionEvent) -> None:
        """A session has told something."""
        ...

    def closed(self, session_id: str) -> None:
        """A session has ended."""
        ...


class Watcher:
    """One reader of a feed."""

    def __init__(self) -> None:
        self._queue: Queue[bytes | None] = Queue(WATCHER_BACKLOG + 1)
        self.behind = False

    def offer(self, line: bytes | None) -> None:
        """Queue a line, or the end (None). The last place is kept for the end."""
        if line is not None and self._queue.qsize() >= WATCHER_BACKLOG:
            self.behind, line = True, None
        try:
            self._queue.put_nowait(line)
        except QueueFull:
            self.behind = True

    async def wait_next(self) -> bytes | None:
        """The next line; None at the end."""
        return await self._queue.get()


class Record:
    """What is known of one session, open or closed."""

    def __init__(self, session: Session, opened_at: datetime, observers: Sequence[Observer] = ()) -> None:
        self.id, self._observers = session.id, observers
        self.opened_at = opened_at
        self._session: Session | None = session
        self._reports: tuple[TurnReport, ...] = ()
        self._watchers: set[Watcher] = set()

    @property
    def session(self) -> Session | None:
        """None once it is closed."""
        return self._session

    @property
    def reports(self) -> tuple[TurnReport, ...]:
        """The equations of its turns, each in its newest form."""
        reports = self._reports if self._session is None else self._session.reports
        return tuple({report.turn: report for report in reports}.values())

    def tell(self, event: SessionEvent) -> None:
        """Show a fact to every observer and watcher."""
        if type(event) in OBSERVED:
            self._observe(event)
        if self._watchers and (line := sse_line(event)) is not None:
            for watcher in tuple(self._watchers):
                watcher.offer(line)
                if watcher.behind:
                    self._watchers.discard(watcher)

    def _observe(self, event: SessionEvent) -> None:
        for observer in self._observers:
            try:
                observer.told(self.id, event)
            except Exception:
                # The conversation must not feel it.
                log.exception("an observer failed", extra={"session": self.id})

    def watch(self) -> Watcher | None:
        """A new watcher, at its end at once when the session is closed; None when there are too many."""
        if len(self._watchers) >= WATCHERS:
            return None
        watcher = Watcher()
        if self._session is None:
            watcher.offer(None)
        else:
            self._watchers.add(watcher)
        return watcher

    def unwatch(self, watcher: Watcher) -> None:
        """A watcher has gone."""
        self._watchers.discard(watcher)

    def close(self) -> None:
        """Keep the reports and let go of the rest."""
        if self._session is not None:
            self._reports, self._session = self._session.reports, None
        for watcher in self._watchers:
            watcher.offer(None)
        self._watchers.clear()

    def summary(self) -> dict[str, Any]:
        """The session at a glance, as JSON."""
        reports = self.reports
        sent = sorted(report.sent_ms for report in reports if report.sent_ms is not None)
        return {
            "id": self.id,
            "object": "antiphon.session",
            "open": self._session is not None,
            "opened_at": self.opened_at.isoformat(timespec="seconds"),
            "turns": len(reports),
            "median_sent_ms": sent[len(sent) // 2] if sent else None,
        }


class Records:
    """All open sessions, and as many closed ones as are kept."""

    def __init__(self, closed_kept: int = CLOSED_KEPT, observers: Sequence[Observer] = ()) -> None:
        self._closed_kept, self._observers = closed_kept, observers
        self._open: dict[str, Record] = {}
        self._closed: OrderedDict[str, Record] = OrderedDict()

    def open(self, session: Session) -> Record:
        """Begin a record."""
        record = self._open[session.id] = Record(session, datetime.now(UTC), self._observers)
        for observer in self._observers:
            observer.opened(session)
        return record

    def close(self, record: Record) -> None:
        """The session is over; the oldest closed record makes room."""
        record.close()
        if self._open.pop(record.id, None) is not None:
            for observer in self._observers:
                observer.closed(record.id)
        self._closed[record.id] = record
        while len(self._closed) > self._closed_kept:
            self._closed.popitem(last=False)

    def find(self, session_id: str) -> Record | None:
        """By id, open or closed."""
        return self._open.get(session_id) or self._closed.get(session_id)

    def all(self) -> tuple[Record, ...]:
        """Closed ones first, each group oldest first."""
        return (*self._closed.values(), *self._open.values())


def sse_line(event: SessionEvent) -> bytes | None:
    """A fact as one server-sent event; None for what is not shown."""
    fact = shown(event)
    if fact is None:
        return None
    return b"event: " + fact[0].encode() + b"\ndata: " + msgspec.json.encode(fact[1]) + b"\n\n"
