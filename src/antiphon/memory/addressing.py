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
    speakers: dict[str, set[str]] = {}
    for turn in turns:
        if turn.conversation and turn.conversation not in speakers:
            speakers[turn.conversation] = _heard_in(view, turn.conversation)
        if turn.conversation:
            speakers[turn.conversation].add(turn.speaker)
    return [
        turn
        if turn.to or not turn.conversation or not _YOU.search(turn.text)
        else msgspec.structs.replace(turn, to=_other(speakers[turn.conversation], turn))
        for turn in turns
    ]


def _heard_in(view: View, conversation: str) -> set[str]:
    code = view.conversations.get(conversation)
    if code is None:
        return set()
    columns, count = view.columns, view.count
    codes = np.unique(columns.speaker[:count][columns.conversation[:count] == code])
    names = list(view.speakers)
    return {names[each] for each in codes.tolist()}


def _other(speakers: set[str], turn: Turn) -> str:
    others = speakers - {turn.speaker}
    return others.pop() if len(others) == 1 else ""
