"""What is said word for word, without a model: an opening, what the caller told and asks for, who takes over.

Pure. A small model that has "how many rolls: 3" before it and is asked for it says another one time in four;
and what needs no model need not be waited for.
"""

import re
from datetime import date

import msgspec

from antiphon.samp.asking_back import asked_back
from antiphon.samp.cast import Cast, Slot
from antiphon.samp.confidence import knows_slot
from antiphon.samp.due import ASKED_WITHOUT_MODEL, question_due
from antiphon.samp.guards import Value
from antiphon.samp.handover import taking_over
from antiphon.samp.said_names import only_fillers
from antiphon.samp.state import State, owed_opening, said_aloud, told_just_now
from antiphon.samp.tools import untold

_ASKED_BY = {
    "number": r"how many|what number",
    "date": r"(what|which) (day|date|evening|night|morning)|when",
    "time": r"(what|which) (time|hour)|when",
    "name": r"(what|which|whose) name|what(?:'s| is| was) (my|the|our) name",
}
"""How a slot is asked for, by its type. What is free or chosen among options has words of its own, for which,
as for other questions, there is the model."""
_TOLD = re.compile(
    r"\b(i|we)(?:'ve| have|'d| had)? (?:just )?"
    r"(?:say|said|tell|told|ask|asked|agreed?|order|ordered|book|booked)\b|"
    r"\b(?:was|is) (?:that|it)(?:[ ,]+(?:again|now|please|sorry))*\W*$",
    re.IGNORECASE,
)
"""What is asked is what the caller told; "which day was it that you are closed" is another question."""
_FURTHER = re.compile(r"\b(but|also|because|if|why|instead|change|did you)\b", re.IGNORECASE)
"""Beside these a question is about more than what the caller told."""
_QUESTION = re.compile(
    r"(?:^|[,;.!?])\s*(?:(?:and|so|but|then|remind me),?\s+)*"
    r"(?:what|which|who|how|when|where|is|are|do|does|can|could|will|would|may)\b",
    re.IGNORECASE,
)
_UNSURE = re.compile(r"\b(?:sure|forg[eo]t|forgotten|remember|recall|sorry|wait|remind)\b", re.IGNORECASE)
"""What may stand before the question; anything else is a wish of its own."""
_HOW_MANY = re.compile(r"^how many ", re.IGNORECASE)
_YEARS = 1
"""A day so many years away is somebody's birthday, and told with its year."""


class Verbatim(msgspec.Struct, frozen=True):
    """Words, exactly as they are said."""

    text: str = ""
    whole: bool = False
    """Whether they are all of the answer; else the model goes on from them."""


def verbatim(
    cast: Cast, before: State, after: State, words: str, *, today: date, recall: bool = True
) -> Verbatim:
    """What is said first in the state `after`, to which the caller's `words` led from `before`.

    Args:
        cast: what is played.
        before: the state in which they spoke.
        after: what came of it.
        words: the caller's.
        today: the day on which they are said.
        recall: whether what they told and ask for is told exactly; else by the model, in its own words.
    """
    opening, news = owed_opening(cast, after), untold(after)
    if opening is not None and not after.question:
        return Verbatim(opening, whole=not news)
    over = taking_over(cast, before, after)
    free = recall and opening is None and not after.question and not news
    told = told_back(cast, after, words, today) if free else ""
    return Verbatim(f"{over} {told}".strip(), whole=bool(told))


def told_back(cast: Cast, state: State, words: str, today: date) -> str:
    """What the caller has told and asks for in these `words`, and the question that is due; empty: not so."""
    just, speaks = told_just_now(state), state.place.persona
    known = [slot for slot in state.slots if slot in cast.slots and slot not in just]
    asked = asked_back(cast, (slot for slot in known if knows_slot(cast, state, speaks, slot)), words)
    if not asked or not _nothing_else(words.replace("’", "'"), len(asked)):
        return ""
    values = [(cast.slots[slot], state.slots[slot].value) for slot in asked]
    if not all(_asks_for(slot, value, words, today) for slot, value in values):
        return ""
    told = ", ".join(_told(slot, value) for slot, value in values)
    due = question_due(cast, state, in_a_row=ASKED_WITHOUT_MODEL)
    return f"{told[:1].upper()}{told[1:]}.{f' {due.question}' if due else ''}"


def _nothing_else(words: str, slots: int) -> bool:
    """Whether that is all they want: one question for each slot at most, about what they told."""
    *before, last = [each for each in re.split(r"(?<=[.!?])\s+", words.strip()) if each]
    joined = len(re.findall(r"\S\s+and\b", last, re.IGNORECASE))
    return (
        joined < slots
        and _TOLD.search(last) is not None
        and not _FURTHER.search(words)
        and len(_QUESTION.findall(words)) <= slots
        and all(only_fillers(each) or _UNSURE.search(each) for each in before)
    )


def _asks_for(slot: Slot, value: Value, words: str, today: date) -> bool:
    by = _ASKED_BY.get(slot.type)
    far = slot.type == "date" and abs(date.fromisoformat(str(value)).year - today.year) > _YEARS
    return by is not None and not far and re.search(rf"\b({by})\b", words, re.IGNORECASE) is not None


def _told(slot: Slot, value: Value) -> str:
    """The value, a number with what it counts: "4 guests"."""
    counted = _HOW_MANY.sub("", slot.about)
    if slot.type != "number" or counted == slot.about:
        return said_aloud(value)
    return "just one" if value == 1 else f"{said_aloud(value)} {counted}"
