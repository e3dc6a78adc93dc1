"""One recall: understand the question, rank the turns, pack the context. It reads a view and nothing else."""

from collections.abc import Callable

import msgspec

from antiphon.contracts import Recall, Recalled
from antiphon.memory.columns import Floats
from antiphon.memory.packing import CountTokens, packed
from antiphon.memory.question import read
from antiphon.memory.ranking import Ranked, ranked
from antiphon.memory.values import Ask, Chosen, Fact, Found
from antiphon.memory.view import View
from antiphon.memory.weights import FITTED, Weights

_LEFT_OUT_MAX = 16


def recalled(
    view: View, ask: Ask, vector: Floats | None, count_tokens: CountTokens, by: Weights = FITTED
) -> Found:
    """The best context of `view` for `ask` within its budget, whose question has this vector."""
    question = read(ask, view)
    return accounted(view, ask, ranked(view, ask, question, vector, by), count_tokens, by)


def accounted(view: View, ask: Ask, order: Ranked, count_tokens: CountTokens, by: Weights = FITTED) -> Found:
    """As much of `order` as fits, with its account."""
    got = packed(view, order, ask.budget_tokens, count_tokens, by.length, known=ask.known)
    scores = dict(zip(order.rows.tolist(), order.scores.tolist(), strict=True))

    def account(row: int, *, free: bool = False) -> Chosen:
        tokens = 0 if free else count_tokens(view.lines[row])
        return Chosen(id=view.turns[row].id, score=scores[row], tokens=tokens)

    return Found(
        context=got.context,
        tokens=got.tokens,
        chosen=tuple(account(row) for row in got.rows),
        known=tuple(account(row, free=True) for row in got.known),
        left_out=tuple(account(row) for row in got.left_out[:_LEFT_OUT_MAX]),
        facts=(),
        answerable=order.answerable if got.rows or got.known else 0.0,
    )


def recall_of(view: View, found: Found) -> Recall:
    """`found` in the words of the contract."""

    def quoted(one: Chosen) -> Recalled:
        row = view.rows[one.id]
        return Recalled(
            id=one.id,
            text=view.lines[row],
            tokens=one.tokens,
            score=one.score,
            said_at=view.turns[row].said_at,
            persona=view.turns[row].persona,
        )

    return Recall(
        context=found.context,
        tokens=found.tokens,
        sources=tuple(one.id for one in found.chosen),
        answerable=found.answerable,
        chosen=tuple(map(quoted, found.chosen)),
        known=tuple(map(quoted, found.known)),
        left_out=tuple(map(quoted, found.left_out)),
    )


def with_facts(found: Found, facts_of: Callable[[tuple[str, ...]], list[Fact]]) -> Found:
    """`found` with the facts that rest on what was chosen, which only the record knows."""
    return msgspec.structs.replace(found, facts=tuple(facts_of(tuple(one.id for one in found.chosen))))
