"""The journal in one SQLite file.

What `append` has returned from survives a killed process: it is in the write-ahead log, in the operating
system's hands. It need not survive a power cut, which may take the last moments and never damages what is
older; waiting for the disk on every turn would cost a live conversation tens of milliseconds on a slow disk.
"""

import os
import sqlite3
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self, TypeAlias

import msgspec

from antiphon.contracts import (
    Busy,
    ContractBroken,
    EngineBroken,
    EngineCard,
    EngineSetup,
    JournalEntry,
    PrerequisiteMissing,
)
from antiphon.contracts.settings import decode
from antiphon.store.home import data_home

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    position INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (session, sequence)
)
"""
_INSERT = "INSERT INTO entries (session, sequence, at, kind, body) VALUES "
_Row: TypeAlias = tuple[str, int, int, str, bytes]

_PAGE_ENTRIES = 256
_TOGETHER = 32
"""Entries that one statement inserts. Each statement lets go of the interpreter and takes it back, which
under load costs more than the statement does."""
_SESSIONS_KNOWN = 4096
"""Sessions whose last entry is remembered, at most."""
_WAIT_FOR_WRITER_S = 5.0
_LARGEST_INTEGER = 2**63 - 1


class SqliteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `journal.sqlite`."""

    path: str = ""
    """The file; empty: `journal.sqlite` in Antiphon's data folder."""


class SqliteJournal:
    """Append-only, one writer at a time, any number of readers, from any thread."""

    card: ClassVar[EngineCard] = EngineCard(
        name="sqlite",
        part="journal",
        summary="Every conversation in one local file.",
        licence="Apache-2.0",
    )
    settings_kind: ClassVar[type[SqliteSettings]] = SqliteSettings

    def __init__(self, path: Path) -> None:
        """Open or create the file at `path`, readable by its owner only: it holds what people said."""
        self._path = path
        # One connection under one lock: whatever thread calls, SQLite sees one caller.
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = _connected(path)
        self._lasts: dict[str, int] = {}
        """Numbers of the last entries of sessions, true as long as nobody but us writes."""
        self._version = -1
        """The file's, which others change and we do not."""

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Settings as in `SqliteSettings`."""
        settings = decode(setup.settings, SqliteSettings, "journal.sqlite")
        return cls(Path(settings.path).expanduser() if settings.path else data_home() / "journal.sqlite")

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """Add `entries`, all or none; on return they survive a killed process.

        Raises:
            ContractBroken: a gap, a sequence number taken by a different entry, a body that is not JSON, or
                a closed journal.
            Busy: another process has been writing for 5 s.
        """
        rows = [_row(entry) for entry in entries]
        with self._use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                lasts = _write(connection, rows, self._known(connection))
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            self._lasts |= lasts

    def read(self, session: str, *, after: int = 0) -> Iterator[JournalEntry]:
        """The entries of `session` with a sequence number above `after`, in order."""
        while page := self._page(session, after):
            yield from page
            after = page[-1].sequence

    def sessions(self) -> tuple[str, ...]:
        """Every session that has an entry, oldest first."""
        with self._use() as connection:
            rows = connection.execute("SELECT session FROM entries WHERE sequence = 1 ORDER BY position")
            return tuple(row[0] for row in rows)

    def close(self) -> None:
        """Let go of the file. Calling it twice is allowed."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _known(self, connection: sqlite3.Connection) -> Mapping[str, int]:
        """The last entries of sessions, as far as they are known; asked within a transaction."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != self._version or len(self._lasts) > _SESSIONS_KNOWN:
            self._version = version
            self._lasts.clear()
        return self._lasts

    def _page(self, session: str, after: int) -> list[JournalEntry]:
        # Page by page: a reader that stops half-way holds nothing, a long journal is never in memory whole.
        with self._use() as connection:
            rows = connection.execute(
                "SELECT sequence, at, kind, body FROM entries WHERE session = ? AND sequence > ? "
                "ORDER BY sequence LIMIT ?",
                (session, after, _PAGE_ENTRIES),
            ).fetchall()
        return [
            JournalEntry(session=session, sequence=sequence, at=at, kind=kind, body=msgspec.json.decode(body))
            for sequence, at, kind, body in rows
        ]

    @contextmanager
    def _use(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            if self._connection is None:
                raise ContractBroken("this journal is closed")
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise _meant(self._path, error) from error


def _connected(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise PrerequisiteMissing(
            f"the journal {path} cannot be written: {error.strerror}",
            remedy="set journal.path to another file",
        ) from error
    connection = None
    try:
        connection = sqlite3.connect(
            path, timeout=_WAIT_FOR_WRITER_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_SCHEMA)
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise _meant(path, error) from error
    return connection


def _row(entry: JournalEntry) -> _Row:
    try:
        # Sorted keys: the same entry is the same bytes.
        body = msgspec.json.encode(entry.body, order="sorted")
    except (TypeError, ValueError, msgspec.EncodeError) as error:
        raise ContractBroken(
            f"entry {entry.sequence} of {entry.session!r} has a body that is not JSON: {error}"
        ) from error
    if entry.sequence < 1:
        raise ContractBroken(
            f"session {entry.session!r} counts its entries from 1, not from {entry.sequence}"
        )
    if max(entry.sequence, abs(entry.at)) > _LARGEST_INTEGER:
        raise ContractBroken(f"entry {entry.sequence} of {entry.session!r} has a number beyond 64 bits")
    return entry.session, entry.sequence, entry.at, entry.kind, body


def _write(connection: sqlite3.Connection, rows: Sequence[_Row], known: Mapping[str, int]) -> dict[str, int]:
    """Add each of `rows` behind the last entry of its session, whose number is looked up where it is not
    known; returns the numbers of the last entries then."""
    lasts: dict[str, int] = {}
    new: list[_Row] = []
    for row in rows:
        session, sequence = row[:2]
        last = lasts[session] if session in lasts else known.get(session)
        if last is None:
            last = _last(connection, session)
        if sequence > last + 1:
            raise ContractBroken(f"entry {sequence} of {session!r} leaves a gap after {last}")
        if sequence > last:
            new.append(row)
        else:
            _insert(connection, new)  # it may be one of them
            new = []
            _check_same(connection, row)
        lasts[session] = max(sequence, last)
    _insert(connection, new)
    return lasts


def _last(connection: sqlite3.Connection, session: str) -> int:
    found: Any = connection.execute("SELECT max(sequence) FROM entries WHERE session = ?", (session,))
    return int(found.fetchone()[0] or 0)


def _insert(connection: sqlite3.Connection, rows: Sequence[_Row]) -> None:
    for start in range(0, len(rows), _TOGETHER):
        part = rows[start : start + _TOGETHER]
        statement = _INSERT + ", ".join(["(?, ?, ?, ?, ?)"] * len(part))
        connection.execute(statement, [value for row in part for value in row])


def _check_same(connection: sqlite3.Connection, row: _Row) -> None:
    found: Any = connection.execute(
        "SELECT session, sequence, at, kind, body FROM entries WHERE session = ? AND sequence = ?", row[:2]
    ).fetchone()
    if found != row:
        raise ContractBroken(f"entry {row[1]} of {row[0]!r} is already there, and is a different one")


def _meant(path: Path, error: sqlite3.Error) -> Busy | EngineBroken:
    if "locked" in str(error) or "busy" in str(error):
        return Busy(f"another process has been writing to the journal {path} for {_WAIT_FOR_WRITER_S:.0f} s")
    return EngineBroken("sqlite", f"the journal {path}: {error}")
