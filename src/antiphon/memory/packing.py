"""As much worth as fits: turns by worth per token, until the budget is full, in the order they were said."""

from collections.abc import Callable, Collection, Sequence
from datetime import date
from functools import lru_cache

import msgspec
import numpy as np

from antiphon.memory.columns import products
from antiphon.memory.ranking import Ranked
from antiphon.memory.view import View

CountTokens = Callable[[str], int]

_LOOKED_AT = 320
_MISSES = 24
"""So many turns in a row that do not fit: the budget is full."""
_REPEATS = 0.97
_KNOWN_LOOKED_AT = 16


class Packed(msgspec.Struct, frozen=True):
    """A context and how it came about."""

    context: str
    tokens: int
    rows: tuple[int, ...]
    left_out: tuple[int, ...]
    """The best that did not fit, or that say what another says."""
    known: tuple[int, ...] = ()
    """The best of those that are in the prompt already."""


@lru_cache(maxsize=4096)
def heading(day: int) -> str:
    """The line above all turns of `day`, counted as in `date.toordinal`; 0: unknown."""
    if not day:
        return "[no date]"
    when = date.fromordinal(day)
    return f"[{when.day} {when:%b %Y}]"


def rendered(view: View, rows: Sequence[int]) -> str:
    """The context of `rows`, ascending: their lines under the days they were said on.

    Those of no day that come first need no line above them.
    """
    lines: list[str] = []
    day = 0
    for row in rows:
        if (on := int(view.columns.day[row])) != day:
            day = on
            lines.append(heading(day))
        lines.append(view.lines[row])
    return "\n".join(lines)


def packed(
    view: View,
    ranked: Ranked,
    budget_tokens: int,
    count_tokens: CountTokens,
    length: float,
    *,
    known: Collection[str] = (),
) -> Packed:
    """The best context within `budget_tokens`; turns with `known` ids cost nothing and are not in it."""
    if not len(ranked.rows):
        return Packed("", count_tokens(""), (), ())
    order = _by_worth(view, ranked, length)
    there = [row for row in order[:_KNOWN_LOOKED_AT] if view.turns[row].id in known] if known else []
    if known:
        order = [row for row in order if view.turns[row].id not in known]
    if budget_tokens <= 0:
        return Packed("", count_tokens(""), (), tuple(order[:_MISSES]), tuple(there))
    chosen, left_out = _chosen(view, order, budget_tokens, count_tokens)
    while chosen:
        # Lines counted one by one need not add up to their whole, and the whole is what is promised.
        rows = tuple(sorted(chosen))
        context = rendered(view, rows)
        tokens = count_tokens(context)
        if tokens <= budget_tokens:
            return Packed(context, tokens, rows, tuple(left_out), tuple(there))
        left_out.insert(0, chosen.pop())
    return Packed("", count_tokens(""), (), tuple(left_out), tuple(there))


def _by_worth(view: View, ranked: Ranked, length: float) -> list[int]:
    rows, scores = ranked.rows, ranked.scores
    if len(rows) > 4 * _LOOKED_AT:
        likely = np.argpartition(-scores, 4 * _LOOKED_AT)[: 4 * _LOOKED_AT]
        rows, scores = rows[likely], scores[likely]
    worth = scores - np.float32(length) * np.log(view.columns.size[rows])
    return rows[np.argsort(-worth, kind="stable")[:_LOOKED_AT]].tolist()


def _chosen(
    view: View, order: Sequence[int], budget_tokens: int, count_tokens: CountTokens
) -> tuple[list[int], list[int]]:
    chosen: list[int] = []
    left_out: list[int] = []
    days: set[int] = set()
    quoted: set[str] = set()
    room, misses = budget_tokens, 0
    vectors = view.columns.vectors[np.array(order, np.int64)].astype(np.float32)
    taken = np.zeros_like(vectors)
    for row, vector in zip(order, vectors, strict=True):
        said = view.lines[row]
        if not said:
            continue
        alike = products(taken[: len(chosen)], vector).max(initial=0.0) if len(vector) else 0.0
        repeats = said in quoted or alike > _REPEATS
        day = int(view.columns.day[row])
        cost = count_tokens(said + "\n")
        cost += count_tokens(heading(day) + "\n") if day not in days and (day or days) else 0
        # The last line ends without a line end, so one token too many may still fit; the whole decides.
        if repeats or cost > room + 1:
            left_out.append(row)
            misses += not repeats
            if misses >= _MISSES:
                break
            continue
        misses = 0
        taken[len(chosen)] = vector
        quoted.add(said)
        chosen.append(row)
        days.add(day)
        room -= cost
    return chosen, left_out
