"""What callers take back of what was agreed, with nothing in its place: "actually, not on Friday". Pure.

Here in doubt it stays: what is unset by mistake was said for nothing. So the denial must stand right beside
the value, and neither a question nor an "if" takes anything back.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from antiphon.samp.cast import Cast, Slot
from antiphon.samp.extraction import correctable, mentions
from antiphon.samp.guards import Value
from antiphon.samp.likelihood import ASKS
from antiphon.samp.said_numbers import Found
from antiphon.samp.taking_back import excludes, harmless, plainly_denied

_SENTENCE_ENDS = re.compile(r"[.!?…](?!\d)")
_SUPPOSES = re.compile(
    r"\b(?:if|unless|whether|in case|why not|not only|not just|perhaps|maybe)\b", re.IGNORECASE
)
_NAME_GOES_ON = re.compile(r"['’]s\b|\s+[^\W\d_a-z]\w*")
"""Behind the name of somebody else: "I'm not Brook's wife"."""
_NUMBER_ENDS = re.compile(
    r"\s*(?:[.,;:!?…]|$|(?:any ?more|after all|of us|in all|now|then|please|is|are|was|does|do|won't)\b)",
    re.IGNORECASE,
)
"""What stands behind a number that is the whole of what is counted."""


def unsaid(
    cast: Cast,
    text: str,
    *,
    asked: Sequence[str],
    known: Mapping[str, Value],
    today: date,
    mends: bool = True,
    waiting: Sequence[str] = (),
    told: Sequence[str] = (),
) -> tuple[str, ...]:
    """The known slots of which `text` says that they are not meant.

    The arguments are those of `tellings`; of the slots in `told` it tells another value instead.
    """
    open_to_it = [*asked, *correctable(cast, text, asked=asked, known=known, mends=mends, waiting=waiting)]

    def said(name: str) -> list[Found]:
        found = mentions(cast.slots[name], text, known[name], today)
        return [each for each in found if each.value == known[name]]

    # In "not four, at five" the four was the hour, although it is the guests as well. Of a table for seven at
    # seven, "not seven" is both: both are asked for.
    elsewhere = [each for name in told if name in known for each in said(name)]
    hours = {
        int(str(known[name])[:2]) % 12 or 12
        for name in told
        if name in known and cast.slots[name].type == "time"
    }
    return tuple(
        name
        for name in dict.fromkeys(open_to_it)
        if name in known and name not in told and cast.slots[name].type != "free"
        if cast.slots[name].type != "number" or known[name] not in hours
        if (found := [each for each in said(name) if not _overlaps(each, elsewhere)])
        and all(_is_unsaid(cast.slots[name], text, each) for each in found)
    )


def _overlaps(one: Found, others: Sequence[Found]) -> bool:
    return any(one.start < other.end and other.start < one.end for other in others)


def _is_unsaid(slot: Slot, text: str, found: Found) -> bool:
    begins = max((end.end() for end in _SENTENCE_ENDS.finditer(text, 0, found.start)), default=0)
    end = _SENTENCE_ENDS.search(text, found.end)
    sentence = text[begins : end.end() if end else len(text)]
    if ASKS.search(sentence) or _SUPPOSES.search(sentence):
        return False
    if slot.type == "name" and _NAME_GOES_ON.match(text, found.end):
        return False
    if slot.type == "number" and not _counts_alone(slot, text[found.end :]):
        return False
    if slot.type == "choice" and excludes(slot):
        return harmless(text, found)
    return plainly_denied(text, found, slot.type)


def _counts_alone(slot: Slot, after: str) -> bool:
    """Whether the number is one of the slot's, and not of something else: "not four minutes away"."""
    said = after.lstrip().casefold()
    return _NUMBER_ENDS.match(after) is not None or said.startswith(
        tuple(cue.casefold() for cue in slot.cues)
    )
