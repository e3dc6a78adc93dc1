"""Whom something was said to: where two people talk, the other one."""

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from antiphon.memory.values import Turn
from antiphon.memory.view import View

_YOU = re.compile(r"\byou(?:r|rs)?\b", re.IGNORECASE)


def addressed(view: View, turns: Sequence[Turn]) -> list[Turn]:
    """`turns`, about to be learned behind `view` or in it already, with whom each that says "you" tells.

    Where nobody else or several others have spoken in its conversation, "you" stays unknown.
    """
    return [
        turn
        if turn.to or not turn.conversation or not _YOU.search(turn.text)
        else msgspec.structs.replace(turn, to=_other(view, turns, turn))
        for turn in turns
    ]


def _other(view: View, turns: Sequence[Turn], turn: Turn) -> str:
    said = {each.speaker for each in turns if each.conversation == turn.conversation}
    if (code := view.conversations.get(turn.conversation)) is not None:
        columns, count = view.columns, view.count
        codes = np.unique(columns.speaker[:count][columns.conversation[:count] == code])
        names = list(view.speakers)
        said |= {names[each] for each in codes.tolist()}
    others = said - {turn.speaker}
    return others.pop() if len(others) == 1 else ""
