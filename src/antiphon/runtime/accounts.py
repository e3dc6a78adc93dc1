"""What memory did for one turn: which lines it was answered with, which not, why, and what they are about."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from antiphon.contracts import Memory, Recalled
from antiphon.runtime.events import MemoryRecalled, Node, RecalledFact, Relation
from antiphon.runtime.recalls import FAR_WORSE, Found, Left

FACTS_MAX = 24
"""Relations that are shown around what was used."""


@runtime_checkable
class Relates(Protocol):
    """A memory that knows more of its utterances than their words."""

    def related(self, ids: Sequence[str]) -> Sequence[tuple[str, str, str, str]]:
        """Subject, relation, object and source of what holds, of all that rests on these."""
        ...


def account(
    turn: int,
    found: Found,
    took_ms: float,
    *,
    used: Sequence[RecalledFact],
    standing: Collection[str],
    coming: Collection[str],
    budget_tokens: int,
) -> MemoryRecalled:
    """What happened in `turn`, which was answered with what was `used`.

    `standing` are the ids of all recalled lines in its prompt, `coming` of those that wait for the next one.
    """
    there = {one.id for one in used}
    known = [line for line in found.known if line.id in standing and line.id not in there]
    best = max((line.score for line in known), default=0.0)
    stood = [
        msgspec.structs.replace(fact(line, "stood in the prompt already"), tokens=0)
        for line in known
        if line.score >= best - FAR_WORSE
    ]
    late = (*found.lines, *(line for line in found.known if line.id in coming))
    left = [
        Left(line.id, line.text, line.tokens, line.score, "found too late to be read before the answer")
        for line in late
        if line.id not in there
    ]
    left += found.left_out
    return MemoryRecalled(
        turn=turn,
        query=found.query,
        tokens=sum(one.tokens for one in used),
        budget_tokens=budget_tokens,
        ms=took_ms,
        answerable=found.answerable,
        facts=(*used, *stood),
        left_out=len(left),
        unused=tuple(_unused(line) for line in left),
    )


def entry(event: MemoryRecalled, token_ms: float | None) -> Mapping[str, Any]:
    """`event` as the journal keeps it: without anybody's words."""
    return {
        "turn": event.turn,
        "answerable": event.answerable,
        "tokens": event.tokens,
        "budget_tokens": event.budget_tokens,
        "token_ms": token_ms,
        "used": [{"id": one.id, "tokens": one.tokens, "why": one.why} for one in event.facts],
        "left_out": [{"id": one.id, "tokens": one.tokens, "why": one.why} for one in event.unused],
    }


def drawn(event: MemoryRecalled, memories: Sequence[Memory]) -> MemoryRecalled:
    """`event` with the graph around what was used. It may read files."""
    nodes: dict[str, Node] = {}
    edges: list[Relation] = []
    for one in event.facts:
        speaker = one.text.partition(":")[0]
        nodes[one.id] = Node(one.id, one.text, "turn")
        nodes.setdefault(speaker, Node(speaker, speaker, "person"))
        edges.append(Relation(speaker, one.id, "said"))
    ids = [one.id for one in event.facts]
    for memory in memories:
        if not isinstance(memory, Relates):
            continue
        for subject, relation, value, source in memory.related(ids)[:FACTS_MAX]:
            nodes.setdefault(subject, Node(subject, subject, "person"))
            nodes.setdefault(value, Node(value, value, "thing"))
            edges += [Relation(subject, value, relation), Relation(source, value, "source")]
    known = [edge for edge in edges if edge.source in nodes and edge.target in nodes]
    return msgspec.structs.replace(event, nodes=tuple(nodes.values()), edges=tuple(known))


def fact(line: Recalled, why: str) -> RecalledFact:
    """`line` as a client is told of it."""
    return RecalledFact(line.id, line.text, line.score, line.tokens, why, line.said_at or None)


def _unused(left: Left) -> RecalledFact:
    return RecalledFact(left.id, left.text, left.score, left.tokens, left.why, None)
