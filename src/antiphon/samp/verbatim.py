"""What is said word for word, without a model: an opening, what the caller told and asks for, who takes over.

Pure. A small model that has "how many rolls: 3" before it and is asked for it says another one time in four;
and what needs no model need not be waited for.
"""

import re

import msgspec

from antiphon.samp.asking_back import asked_back
from antiphon.samp.cast import Cast, Slot
from antiphon.samp.confidence import knows_slot
from antiphon.samp.due import ASKED_WITHOUT_MODEL, question_due
from antiphon.samp.handover import taking_over
from antiphon.samp.likelihood import ASKS
from antiphon.samp.state import State, owed_opening, said_aloud, told_just_now
from antiphon.samp.tools import untold

_ASKED_BY = {
    "number": r"how many|what number",
    "date": r"(what|which) (day|date|evening|night|morning)|when",
    "time": r"(what|which) (time|hour)|when",
    "name": r"(what|which|whose) name|what(?:'s| is| was) (my|the|our) name",
    "choice": r"what|which|where",
    "free": r"what|which|where",
}
"""How each type of slot is asked for. Other questions, such as whether that is so, are for the model."""
_FURTHER = re.compile(r"\b(but|also|because|if|why|instead|change|did you)\b", re.IGNORECASE)
"""Beside these a question is about more than what the caller told."""
_HOW_MANY = re.compile(r"^how many ", re.IGNORECASE)


class Verbatim(msgspec.Struct, frozen=True):
    """Words, exactly as they are said."""

    text: str = ""
    whole: bool = False
    """Whether they are all of the answer; else the model goes on from them."""


def verbatim(cast: Cast, before: State, after: State, words: str, *, recall: bool = True) -> Verbatim:
    """What is said first in the state `after`, to which the caller's `words` led from `before`.

    Args:
        cast: what is played.
        before: the state in which they spoke.
        after: what came of it.
        words: the caller's.
        recall: whether what they told and ask for is told exactly; else by the model, in its own words.
    """
    opening, news = owed_opening(cast, after), untold(after)
    if opening is not None and not after.question:
        return Verbatim(opening, whole=not news)
    over = taking_over(cast, before, after)
    free = recall and opening is None and not after.question and not news
    told = told_back(cast, after, words) if free else ""
    return Verbatim(f"{over} {told}".strip(), whole=bool(told))


def told_back(cast: Cast, state: State, words: str) -> str:
    """What the caller has told and asks for in these `words`, and the question that is due; empty: not so."""
    just, speaks = told_just_now(state), state.place.persona
    known = [slot for slot in state.slots if slot in cast.slots and slot not in just]
    asked = asked_back(cast, (slot for slot in known if knows_slot(cast, state, speaks, slot)), words)
    if not asked or not _nothing_else(words, len(asked)):
        return ""
    if not all(_asks_for(cast.slots[slot], words) for slot in asked):
        return ""
    told = ", ".join(_told(cast.slots[slot], said_aloud(state.slots[slot].value)) for slot in asked)
    due = question_due(cast, state, in_a_row=ASKED_WITHOUT_MODEL)
    return f"{told[:1].upper()}{told[1:]}.{f' {due.question}' if due else ''}"


def _nothing_else(words: str, slots: int) -> bool:
    """Whether that is all they ask: what stands before the last sentence asks nothing."""
    *before, last = [each for each in re.split(r"(?<=[.!?])\s+", words.strip()) if each]
    joined = len(re.findall(r"\S\s+and\b", last, re.IGNORECASE))
    return joined < slots and not _FURTHER.search(words) and not any(ASKS.search(each) for each in before)


def _asks_for(slot: Slot, words: str) -> bool:
    return re.search(rf"\b({_ASKED_BY[slot.type]})\b", words, re.IGNORECASE) is not None


def _told(slot: Slot, value: str) -> str:
    counted = _HOW_MANY.sub("", slot.about)
    return f"{value} {counted}" if slot.type == "number" and counted != slot.about and value != "1" else value
