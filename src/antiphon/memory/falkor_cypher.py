"""The graph in openCypher: how rows become nodes and edges, and how they come back.

    (:Turn)-[:SAID_BY]->(:Speaker)      (:Fact)-[:OF]->(:Entity)<-[:NAMES]-(:Alias)
    (:Turn)-[:IN]->(:Conversation)      (:Fact)-[:RESTS_ON]->(:Turn)-[:SUPERSEDED]->(:Fact)

Nodes carry every column of their row, so that a row comes back as it was; edges are for whoever asks the
server. No text of anybody is ever part of a query: all of it travels in parameters.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from antiphon.memory.touched import TABLES, Row

INDICES: Final = (("Turn", "row"), ("Turn", "id"), ("Fact", "id"), ("Entity", "id"), ("Alias", "alias"))
_LABELS: Final = {"turn": "Turn", "fact": "Fact", "entity": "Entity", "alias": "Alias"}
_AT_ONCE: Final = 64
"""Rows in one query; a turn's vector alone is some kilobytes of it."""
Query = tuple[str, Mapping[str, Any]]

_WRITE: Final = {
    "turn": "UNWIND $rows AS r MERGE (t:Turn {row: r.row}) SET t += r SET t.vector = vecf32(r.vector) "
    "MERGE (s:Speaker {name: r.speaker}) MERGE (t)-[:SAID_BY]->(s) "
    "MERGE (c:Conversation {name: r.conversation}) MERGE (t)-[:IN]->(c)",
    "entity": "UNWIND $rows AS r MERGE (e:Entity {id: r.id}) SET e += r",
    "alias": "UNWIND $rows AS r MERGE (a:Alias {alias: r.alias}) SET a += r "
    "WITH a, r MATCH (e:Entity {id: r.entity}) MERGE (a)-[:NAMES]->(e)",
    "fact": "UNWIND $rows AS r MERGE (f:Fact {id: r.id}) SET f += r "
    "WITH f, r OPTIONAL MATCH (:Turn)-[s:SUPERSEDED]->(f) DELETE s",
    "support": "UNWIND $rows AS r MATCH (f:Fact {id: r.fact}), (t:Turn {row: r.turn}) "
    "MERGE (f)-[:RESTS_ON]->(t)",
}
_LINK_FACTS: Final = (
    "UNWIND $rows AS r MATCH (f:Fact {id: r.id}), (e:Entity {name: r.subject}) MERGE (f)-[:OF]->(e)",
    "UNWIND $rows AS r MATCH (f:Fact {id: r.id}), (t:Turn {row: r.superseded_by}) "
    "MERGE (t)-[:SUPERSEDED]->(f)",
)
_REMOVE: Final = {
    "turn": "UNWIND $rows AS r MATCH (n:Turn {row: r.row}) DETACH DELETE n",
    "entity": "UNWIND $rows AS r MATCH (n:Entity {id: r.id}) DETACH DELETE n",
    "alias": "UNWIND $rows AS r MATCH (n:Alias {alias: r.alias}) DETACH DELETE n",
    "fact": "UNWIND $rows AS r MATCH (n:Fact {id: r.id}) DETACH DELETE n",
    "support": "UNWIND $rows AS r MATCH (:Fact {id: r.fact})-[e:RESTS_ON]->(:Turn {row: r.turn}) DELETE e",
}
_REMOVE_LEFT: Final = (
    "MATCH (n:Speaker) WHERE NOT (n)<-[:SAID_BY]-() DELETE n",
    "MATCH (n:Conversation) WHERE NOT (n)<-[:IN]-() DELETE n",
)


def writes(touched: Mapping[str, tuple[Sequence[Row], Sequence[Row]]]) -> Iterator[Query]:
    """The queries that do to the graph what was done to the tables."""
    for name in ("turn", "entity", "alias", "fact", "support"):
        there = [_sent(row) for row in touched[name][0]]
        yield from _in_parts(_WRITE[name], there)
        if name == "fact":
            for link in _LINK_FACTS:
                yield from _in_parts(link, there)
    for name in ("support", "fact", "alias", "entity", "turn"):
        yield from _in_parts(_REMOVE[name], [_sent(row) for row in touched[name][1]])
    if touched["turn"][1]:
        yield from ((query, {}) for query in _REMOVE_LEFT)


def reading(name: str, after: Any, at_most: int) -> Query:
    """The query for `at_most` rows of the table `name` behind the row named `after`, in order."""
    columns = TABLES[name]
    if name == "support":
        pairs = "MATCH (f:Fact)-[:RESTS_ON]->(t:Turn) WITH f.id AS fact, t.row AS turn "
        return (
            f"{pairs} WHERE fact > $after[0] OR (fact = $after[0] AND turn > $after[1]) "
            "RETURN fact, turn ORDER BY fact, turn LIMIT $most",
            {"after": after, "most": at_most},
        )
    values = ", ".join(f"n.{column}" for column in columns)
    key = f"n.{columns[0]}"
    query = f"MATCH (n:{_LABELS[name]}) WHERE {key} > $after RETURN {values} ORDER BY {key} LIMIT $most"
    return query, {"after": after, "most": at_most}


def before_first(name: str) -> Any:
    """What no row of the table `name` comes before."""
    return {"support": [-1, -1], "alias": ""}.get(name, -1)


def key_of(name: str, row: Sequence[Any]) -> Any:
    """What names `row` for `reading`."""
    return list(row) if name == "support" else row[0]


def received(name: str, row: Sequence[Any]) -> list[Any]:
    """A row as the table has it."""
    if name == "turn":
        return [*row[:-1], np.asarray(row[-1] or (), np.float32).astype(np.float16).tobytes()]
    return list(row)


def _sent(row: Row) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, bytes):
        return np.frombuffer(value, np.float16).astype(np.float32).tolist()
    # The server takes a query for over where a NUL stands.
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _in_parts(query: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Query]:
    for start in range(0, len(rows), _AT_ONCE):
        yield query, {"rows": rows[start : start + _AT_ONCE]}
