"""What the last statements have done to the tables of a record, row by row, for whoever keeps a copy."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "turn": ("row", "id", "speaker", "text", "said_at", "conversation", "persona", "vector"),
    "fact": (
        "id",
        "subject",
        "relation",
        "object",
        "valid_from",
        "valid_to",
        "recorded_at",
        "superseded_at",
        "superseded_by",
        "source",
        "speaker",
        "confidence",
        "persona",
    ),
    "support": ("fact", "turn"),
    "entity": ("id", "name"),
    "alias": ("alias", "entity"),
}
"""Each table's columns; the first names the row, in `support` both do."""
Row = Mapping[str, Any]


def watch(connection: sqlite3.Connection) -> None:
    """Write down from now on which rows are touched."""
    connection.execute("CREATE TEMP TABLE touched (name TEXT, one, other, UNIQUE (name, one, other))")
    for name in TABLES:
        for event, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")):
            one, other = _keys(name, f"{row}.")
            connection.execute(
                f"CREATE TEMP TRIGGER {name}_{event} AFTER {event} ON main.{name} BEGIN "  # noqa: S608 - names of ours
                f"INSERT OR IGNORE INTO touched VALUES ('{name}', {one}, {other}); END"
            )


def touched(connection: sqlite3.Connection) -> dict[str, tuple[list[Row], list[Row]]]:
    """Of each table the rows that are new or changed, as they are now, and the keys of those that are gone.

    Asked again, it tells what was touched since.
    """
    found: dict[str, tuple[list[Row], list[Row]]] = {}
    for name, columns in TABLES.items():
        one, other = _keys(name, "")
        there: list[Row] = []
        gone: list[Row] = []
        for key in connection.execute("SELECT one, other FROM touched WHERE name = ?", (name,)).fetchall():
            row = connection.execute(
                f"SELECT {', '.join(columns)} FROM {name} WHERE {one} = ? AND {other} = ?",  # noqa: S608 - names of ours
                key,
            ).fetchone()
            if row is None:
                gone.append({one: key[0], other: key[1]})
            else:
                there.append(dict(zip(columns, row, strict=True)))
        found[name] = there, gone
    connection.execute("DELETE FROM touched")
    return found


def fill(connection: sqlite3.Connection, name: str, rows: Iterable[Sequence[Any]]) -> None:
    """Write `rows`, each with all columns of the table `name` in their order."""
    columns = TABLES[name]
    marks = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - names of ours


def _keys(name: str, row: str) -> tuple[str, str]:
    first, second, *_ = TABLES[name]
    return f"{row}{first}", f"{row}{second if name == 'support' else first}"
