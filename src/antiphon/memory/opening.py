"""What to have at hand before a word is said: what somebody told of themselves, how the last talk went.

By turns the newest of the one and the newest of the other, until the budget is full. There is no question
yet, so nothing is weighed; what is recalled for a question comes on top of it.
"""

from collections.abc import Collection

import numpy as np

from antiphon.memory.candidates import allowed
from antiphon.memory.packing import CountTokens
from antiphon.memory.ranking import Ranked
from antiphon.memory.recalling import accounted
from antiphon.memory.values import Ask, Found
from antiphon.memory.view import View

_NEWEST = 64
_TOLD = 64


def opening(view: View, ask: Ask, sources: Collection[str], count_tokens: CountTokens) -> Found:
    """The best beginning within the budget; on the turns `sources` rest the facts about `ask.speaker`."""
    told = sorted((view.rows[each] for each in sources if each in view.rows), reverse=True)[:_TOLD]
    said = [row for row in range(view.count - 1, max(-1, view.count - 1 - _NEWEST), -1) if _tells(view, row)]
    worth = {row: -2.0 * place - 1 for place, row in enumerate(said)}
    worth |= {row: -2.0 * place for place, row in enumerate(told)}
    rows = np.array(sorted(worth), np.int64)
    rows = rows[allowed(view, ask, rows)]
    scores = np.array([worth[row] for row in rows.tolist()], np.float32)
    return accounted(view, ask, Ranked(rows, scores, 1.0), count_tokens)


def _tells(view: View, row: int) -> bool:
    """Whether it says something: a question is worth little without its answer, and "Okay." nothing."""
    return not view.columns.asks[row] and view.columns.length[row] >= 3
