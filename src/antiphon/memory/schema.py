"""The tables of a memory file."""

from typing import Final

VERSION: Final = 1

SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS turn (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        speaker TEXT NOT NULL,
        text TEXT NOT NULL,
        said_at TEXT NOT NULL,
        conversation TEXT NOT NULL,
        persona TEXT NOT NULL,
        vector BLOB NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS fact (
        id INTEGER PRIMARY KEY,
        subject TEXT NOT NULL,
        relation TEXT NOT NULL,
        object TEXT NOT NULL,
        valid_from TEXT NOT NULL,
        valid_to TEXT NOT NULL,
        recorded_at TEXT NOT NULL,
        superseded_at TEXT NOT NULL,
        superseded_by INTEGER,
        source INTEGER NOT NULL,
        speaker TEXT NOT NULL,
        confidence REAL NOT NULL,
        persona TEXT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS fact_of ON fact (subject, relation)",
    "CREATE INDEX IF NOT EXISTS fact_from ON fact (source)",
    "CREATE INDEX IF NOT EXISTS fact_over ON fact (superseded_by) WHERE superseded_by IS NOT NULL",
    """CREATE TABLE IF NOT EXISTS support (
        fact INTEGER NOT NULL, turn INTEGER NOT NULL, PRIMARY KEY (fact, turn)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS support_of ON support (turn)",
    "CREATE TABLE IF NOT EXISTS entity (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """CREATE TABLE IF NOT EXISTS alias (
        alias TEXT PRIMARY KEY, entity INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS alias_of ON alias (entity)",
)
