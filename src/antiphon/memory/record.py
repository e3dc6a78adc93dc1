"""The graph in one SQLite file: the durable log that the image is made of.

Every `learn` and every `forget` is one transaction, so a killed process leaves all of it or none. As with the
journal, a power cut may take the last moments and never damages what is older. Forgotten text is overwritten
(`secure_delete`) and the write-ahead log is emptied, so it is in none of the files.
"""

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import Busy, ConfigInvalid, ContractBroken, EngineBroken, PrerequisiteMissing
from antiphon.memory.schema import SCHEMA, VERSION
from antiphon.memory.stating import Superseded, forget_names, forgotten, outdated, outdated_by, state
from antiphon.memory.values import Draft, Entity, Fact, Turn

IN_PROCESS = Path(":memory:")
"""No file: what SQLite calls a database that lives as long as its connection."""
_WAIT_FOR_WRITER_S = 5.0
_CHECKED_BYTES = 256 * 2**20
"""A larger file is not read whole each time it is opened; damage then shows when it is met."""
_FACT = (
    "SELECT id, subject, relation, object, valid_from, valid_to, recorded_at, superseded_at, "
    "coalesce((SELECT id FROM turn WHERE turn.row = source), ''), speaker, confidence, persona FROM fact"
)


class Record:
    """One writer at a time; whoever reads the image needs no record."""

    def __init__(self, path: Path, embedder: str | None, dimensions: int) -> None:
        """Open or create the file at `path`, readable by its owner only; vectors are of `embedder`.

        None: of whichever it is; `self.embedder` and `self.dimensions` say: "none" for none, "" if new.

        Raises:
            PrerequisiteMissing: it cannot be written.
            EngineBroken: it is damaged, or no memory.
            ConfigInvalid: its vectors are another embedder's.
        """
        self.generation = 0
        self._path = path
        self._connection: sqlite3.Connection | None = _connected(path)
        try:
            with self.use() as connection:
                self._check(connection)
                self.embedder, self.dimensions = _vectors(connection, embedder, dimensions, path)
        except BaseException:
            self.close()
            raise

    def turns(self) -> Iterator[tuple[int, Turn, bytes]]:
        """Every turn, in the order they were learned: its number, itself, its vector as 16-bit floats."""
        with self.use() as connection:
            rows = connection.execute(
                "SELECT row, id, speaker, text, said_at, conversation, persona, vector FROM turn ORDER BY row"
            )
            for row, id_, speaker, text, said_at, conversation, persona, vector in rows:
                turn = Turn(
                    id=id_,
                    speaker=speaker,
                    text=text,
                    said_at=said_at,
                    conversation=conversation,
                    persona=persona,
                )
                yield row, turn, vector

    def known(self, ids: Iterable[str]) -> set[str]:
        """Those of `ids` that have been learned."""
        with self.use() as connection:
            found = (connection.execute("SELECT id FROM turn WHERE id = ?", (each,)) for each in ids)
            return {row[0] for rows in found for row in rows}

    def learn(
        self, turns: Sequence[Turn], vectors: NDArray[np.float16], drafts: Sequence[Sequence[Draft]]
    ) -> list[Superseded]:
        """Write `turns`, unknown until now, with their vectors and what was read out of each; all or nothing.

        Returns, of every fact that this has superseded, as `Superseded`.
        """
        with self.use() as connection, _transaction(connection):
            (before,) = connection.execute("SELECT coalesce(max(row), 0) FROM turn").fetchone()
            for turn, vector, found in zip(turns, vectors, drafts, strict=True):
                inserted = connection.execute(
                    "INSERT INTO turn (id, speaker, text, said_at, conversation, persona, vector) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        turn.id,
                        turn.speaker,
                        turn.text,
                        turn.said_at,
                        turn.conversation,
                        turn.persona,
                        vector.tobytes(),
                    ),
                )
                for draft in found:
                    state(connection, turn, int(inserted.lastrowid or 0), draft)
            return outdated(connection, before)

    def restate(self, stated: Sequence[tuple[str, Draft]]) -> list[Superseded]:
        """Write facts that were read out of known turns later; all or nothing.

        Returns what these turns have superseded, as `learn` does.
        """
        with self.use() as connection, _transaction(connection):
            rows: dict[int, None] = {}
            for id_, draft in stated:
                turn, row = _turn(connection, id_)
                state(connection, turn, row, draft)
                rows[row] = None
            return [one for row in rows for one in outdated_by(connection, row)]

    def forget(self, ids: Sequence[str]) -> int:
        """Delete these turns and all that rests on them alone; what they had superseded holds again."""
        with self.use() as connection:
            with _transaction(connection):
                count = sum(forgotten(connection, each) for each in dict.fromkeys(ids))
                if count:
                    forget_names(connection)
            if count:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def facts(self, sources: Sequence[str] | None = None, *, current: bool = False) -> list[Fact]:
        """Facts, of these turns or of all, in the order they were learned; `current`: what still holds."""
        holds = " AND superseded_at = '' AND valid_to = ''" if current else ""
        with self.use() as connection:
            if sources is None:
                return [_fact(row) for row in connection.execute(f"{_FACT} WHERE 1{holds} ORDER BY id")]
            found: dict[int, Fact] = {}
            for each in sources:
                rows = connection.execute(
                    f"{_FACT} WHERE id IN (SELECT fact FROM support JOIN turn ON turn.row = support.turn "  # noqa: S608 - words of ours
                    f"WHERE turn.id = ?){holds}",
                    (each,),
                )
                found |= {row[0]: _fact(row) for row in rows}
            return [found[key] for key in sorted(found)]

    def count_facts(self) -> int:
        """How many facts there are, those superseded included."""
        with self.use() as connection:
            return connection.execute("SELECT count(*) FROM fact").fetchone()[0]

    def entities(self) -> list[Entity]:
        """Everybody and everything with a name, most mentioned first."""
        with self.use() as connection:
            rows = connection.execute(
                "SELECT name, (SELECT json_group_array(alias) FROM alias WHERE entity = entity.id), "
                "(SELECT count(*) FROM fact WHERE subject = name OR object = name) AS mentions "
                "FROM entity ORDER BY mentions DESC, name"
            )
            return [_entity(*row) for row in rows]

    def outdated(self) -> list[Superseded]:
        """Of every fact that a turn has superseded, turn id, id of that turn, and relation."""
        with self.use() as connection:
            return outdated(connection, 0)

    def refresh(self) -> None:
        """Look whether others have written; of a file this process is the only writer."""

    def close(self) -> None:
        """Let go of the file. Calling it twice is allowed."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    @contextmanager
    def use(self) -> Generator[sqlite3.Connection]:
        """The connection itself; what SQLite says of it is told as this class tells it."""
        if self._connection is None:
            raise ContractBroken("this memory is closed")
        try:
            yield self._connection
        except sqlite3.Error as error:
            raise _meant(self._path, error) from error

    def _check(self, connection: sqlite3.Connection) -> None:
        if self._path != IN_PROCESS and self._path.stat().st_size <= _CHECKED_BYTES:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(f"malformed: {' '.join(found.split())}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise EngineBroken(
                "graph", f"{self._path} is of version {version} and this program reads {VERSION}; upgrade it"
            )
        for statement in SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _vectors(
    connection: sqlite3.Connection, embedder: str | None, dimensions: int, path: Path
) -> tuple[str, int]:
    if embedder is not None:
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('vectors', ?)", (f"{embedder} {dimensions}",))
    found = connection.execute("SELECT value FROM meta WHERE key = 'vectors'").fetchone()
    name, _, size = (found[0] if found else " 0").rpartition(" ")
    if embedder is not None and (name, int(size)) != (embedder, dimensions):
        configured = "" if name == "none" else name
        raise ConfigInvalid(
            (
                f"the vectors in {path} are of '{name} {size}' and not of '{embedder} {dimensions}': "
                f'give --embedder {name} (in a configuration, memory.graph.embedder = "{configured}"), or '
                f"change to yours with: antiphon memory export --db {path} > talk.jsonl && "
                f"antiphon memory ingest talk.jsonl --db NEW.sqlite --embedder {embedder}",
            )
        )
    return name, int(size)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Generator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk has already rolled it back
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _turn(connection: sqlite3.Connection, id_: str) -> tuple[Turn, int]:
    row, *fields = connection.execute(
        "SELECT row, id, speaker, text, said_at, conversation, persona FROM turn WHERE id = ?", (id_,)
    ).fetchone()
    kept = (name for name in Turn.__struct_fields__ if name != "to")
    return Turn(**dict(zip(kept, fields, strict=True))), row


def _fact(row: tuple[Any, ...]) -> Fact:
    return Fact(**dict(zip(Fact.__struct_fields__, row, strict=True)))


def _entity(name: str, aliases: str, mentions: int) -> Entity:
    return Entity(name=name, aliases=tuple(sorted(msgspec.json.decode(aliases))), mentions=mentions)


def _connected(path: Path) -> sqlite3.Connection:
    try:
        if path != IN_PROCESS:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
    except OSError as error:
        raise PrerequisiteMissing(
            f"the memory {path} cannot be written: {error.strerror}",
            remedy="set memory.graph.path to another file",
        ) from error
    connection = None
    try:
        connection = sqlite3.connect(
            path, timeout=_WAIT_FOR_WRITER_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise _meant(path, error) from error
    return connection


def _meant(path: Path, error: sqlite3.Error) -> Busy | EngineBroken:
    said = str(error)
    if "locked" in said or "busy" in said:
        return Busy(f"another process has been writing to the memory {path} for {_WAIT_FOR_WRITER_S:.0f} s")
    if "full" in said:
        way_out = "nothing of this batch was written; make room and do it again"
    elif "malformed" in said or "not a database" in said:
        way_out = "it is damaged; put a copy back, or move it away and ingest anew"
    else:
        way_out = "what was written before is still there"
    return EngineBroken("graph", f"the memory {path}: {said}; {way_out}")
