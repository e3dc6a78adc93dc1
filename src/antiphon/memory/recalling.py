"""One recall: understand the question, rank the turns, pack the context. It reads a view and nothing else."""

from collections.abc import Callable

import msgspec

from antiphon.memory.columns import Floats
from antiphon.memory.packing import CountTokens, packed
from antiphon.memory.question import read
from antiphon.memory.ranking import ranked
from antiphon.memory.values import Ask, Chosen, Fact, Found
from antiphon.memory.view import View
from antiphon.memory.weights import FITTED, Weights

_LEFT_OUT_MAX = 16


def recalled(
    view: View, ask: Ask, vector: Floats | None, count_tokens: CountTokens, by: Weights = FITTED
) -> Found:
    """The best context of `view` for `ask` within its budget, whose question has this vector."""
    question = read(ask, view)
    order = ranked(view, ask, question, vector, by)
    got = packed(view, order, ask.budget_tokens, count_tokens, by.length)
    scores = dict(zip(order.rows.tolist(), order.scores.tolist(), strict=True))

    def account(row: int) -> Chosen:
        return Chosen(id=view.turns[row].id, score=scores[row], tokens=count_tokens(view.lines[row]))

    return Found(
        context=got.context,
        tokens=got.tokens,
        chosen=tuple(account(row) for row in got.rows),
        left_out=tuple(account(row) for row in got.left_out[:_LEFT_OUT_MAX]),
        facts=(),
        answerable=order.answerable if got.rows else 0.0,
    )


def with_facts(found: Found, facts_of: Callable[[tuple[str, ...]], list[Fact]]) -> Found:
    """`found` with the facts that rest on what was chosen, which only the record knows."""
    return msgspec.structs.replace(found, facts=tuple(facts_of(tuple(one.id for one in found.chosen))))
