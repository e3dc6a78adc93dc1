"""One recall for one turn, from the user's own memory and from documents: within one budget, accounted for.

Pure but for the calls of `Memory.recall`; it runs on the memory lane.
"""

from collections.abc import Callable, Sequence

import msgspec

from antiphon.contracts import Memory, Recall, Recalled, RecallQuery

FAR_WORSE = 3.0
"""A line this much below the best, as natural logarithms of likelihood, is not worth its tokens: it would be
right once in twenty times where the best is."""


class Left(msgspec.Struct, frozen=True):
    """A line that was not used, and why."""

    id: str
    text: str
    tokens: int
    score: float
    why: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was recalled for one turn."""

    query: str
    lines: tuple[Recalled, ...] = ()
    """Those worth their tokens, in the order they are quoted."""
    known: tuple[Recalled, ...] = ()
    """Those that stand in the prompt already."""
    left_out: tuple[Left, ...] = ()
    answerable: float = 0.0


NOTHING = Found(query="")


def recall(
    query: RecallQuery,
    memory: Memory | None,
    documents: Memory | None,
    *,
    answerable: float,
    count: Callable[[str], int],
) -> Found:
    """What the two have for `query`. Each has half the budget, or what the other leaves of it."""
    if memory is None or documents is None:
        only = memory or documents
        return NOTHING if only is None else _worth(query, only.recall(query, count), answerable)
    own = memory.recall(query, count)
    half, whole = query.budget_tokens // 2, query.budget_tokens
    wanted = own.tokens if own.answerable >= answerable else 0
    theirs = documents.recall(_within(query, whole - min(wanted, half)), count)
    room = whole - (theirs.tokens if theirs.answerable >= answerable else 0)
    if own.tokens > room:
        own = memory.recall(_within(query, room), count)
    return _joined(_worth(query, own, answerable), _worth(query, theirs, answerable))


def _within(query: RecallQuery, tokens: int) -> RecallQuery:
    return msgspec.structs.replace(query, budget_tokens=tokens)


def _worth(query: RecallQuery, got: Recall, answerable: float) -> Found:
    left = [_left(line, "no room, or said already") for line in got.left_out]
    if got.answerable < answerable:
        unsure = [_left(line, "nothing here answers it") for line in got.chosen]
        return Found(query=query.text, left_out=(*unsure, *left), answerable=got.answerable)
    best = max((line.score for line in got.chosen), default=0.0)
    kept = tuple(line for line in got.chosen if line.score >= best - FAR_WORSE)
    poor = [_left(line, "far less likely than the best") for line in got.chosen if line not in kept]
    return Found(
        query=query.text, lines=kept, known=got.known, left_out=(*poor, *left), answerable=got.answerable
    )


def _joined(own: Found, documents: Found) -> Found:
    return Found(
        query=own.query,
        lines=(*documents.lines, *own.lines),
        known=(*documents.known, *own.known),
        left_out=(*own.left_out, *documents.left_out),
        answerable=max(own.answerable, documents.answerable),
    )


def _left(line: Recalled, why: str) -> Left:
    return Left(line.id, line.text, line.tokens, line.score, why)


def best_within(lines: Sequence[Recalled], tokens: int) -> list[Recalled]:
    """As many of the best `lines` as fit, in the order they stood."""
    kept: list[Recalled] = []
    for line in sorted(lines, key=lambda line: -line.score):
        if line.tokens + 1 <= tokens:
            kept.append(line)
            tokens -= line.tokens + 1
    return [line for line in lines if line in kept]
