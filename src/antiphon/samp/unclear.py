"""A bare number where more than one slot was read out: "No, eight." may be the guests or the hour. Pure.

What only one of them can be is that one's; else the caller is asked which they mean, and told by that answer.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from antiphon.samp.asking_back import words_of
from antiphon.samp.cast import Cast
from antiphon.samp.extraction import CALLED, DISAGREES, Telling, mentions, tellings
from antiphon.samp.fits import misfit
from antiphon.samp.guards import Value
from antiphon.samp.moves import telling_words
from antiphon.samp.said_names import only_fillers
from antiphon.samp.said_numbers import numbers
from antiphon.samp.state import State, opening_of, values
from antiphon.samp.taking_back import denied

_KINDS = ("number", "time")
_SAYS_SO = re.compile(r"\b(?:make (?:it|that)|I said|(?:should|must) (?:be|have been))\b", re.IGNORECASE)


def readings(
    cast: Cast, text: str, waiting: Sequence[str], *, known: Mapping[str, Value], today: date
) -> tuple[Telling, ...]:
    """What the one number in `text` may be of the slots that were read out, if the words say no more."""
    found = numbers(text)
    if not waiting or len(found) != 1 or "?" in text or not DISAGREES.search(text.replace("’", "'")):
        return ()
    number = found[0]
    around = f"{text[: number.start]} {text[number.end :]}"
    if denied(text, number, "number") or not only_fillers(_SAYS_SO.sub(" ", around)):
        return ()
    told = (
        Telling(name, each.value, *number[:2], certainty=0.0)
        for name in waiting
        if name in known and cast.slots[name].type in _KINDS
        for each in mentions(cast.slots[name], text, known[name], today)
        if each.value != known[name] and not misfit(cast.slots[name], each.value)
    )
    return tuple({each.slot: each for each in told}.values())


def which(cast: Cast, told: Sequence[Telling]) -> str:
    """The question which of these is meant."""
    return f"Do you mean {', or '.join(cast.slots[each.slot].about for each in told)}?"


def asked_which(
    cast: Cast, state: State, text: str, waiting: Sequence[str], *, today: date
) -> tuple[Telling, ...]:
    """What the caller's bare words before `text` may be, as long as nothing has made them clear.

    They are clear once what is known was said, or all was read out again: a yes is one to that. How they were
    asked does not count: a model asks in its own words, and is cut off.
    """
    scene, known, later = state.place.scene, values(state), list[str]()
    opening = opening_of(cast, state, scene)
    for said in reversed(state.history) if waiting else ():
        if said.scene != scene or (said.role == "caller" and said.text == text):
            continue
        if said.role == "agent":
            if opening and opening in said.text:
                break
            continue
        may_be = readings(cast, said.text, waiting, known=known, today=today)
        if len(may_be) > 1:
            settled = any(settles(cast, each, may_be, known=known, today=today) for each in later)
            return () if settled else may_be
        later.append(said.text)
    return ()


def settles(
    cast: Cast, text: str, may_be: Sequence[Telling], *, known: Mapping[str, Value], today: date
) -> bool:
    """Whether `text` says again what is known of one of these slots: "Yes, four guests at seven."."""
    return any(
        found.value == known[each.slot] and not denied(text, found, cast.slots[each.slot].type)
        for each in may_be
        for found in mentions(cast.slots[each.slot], text, known[each.slot], today)
    )


def made_clear(
    cast: Cast, state: State, text: str, waiting: Sequence[str], *, today: date
) -> tuple[Telling, ...]:
    """What a bare number is that can be but one thing, or was, now that the caller was asked: "The time." """
    known = values(state)
    may_be = readings(cast, text, waiting, known=known, today=today)
    if may_be:
        return may_be if len(may_be) == 1 else ()
    may_be = asked_which(cast, state, text, waiting, today=today)
    words = telling_words(text)
    meant = [
        each
        for each in may_be
        if words & words_of(cast, [each.slot])
        or ((called := CALLED.get(cast.slots[each.slot].type)) and re.search(rf"\b({called})\b", text, re.I))
    ]
    if not may_be or (len(meant) == 1 and not settles(cast, text, may_be, known=known, today=today)):
        return tuple(meant)
    return tellings(cast, f"No, {text}", asked=[""], known=known, today=today, waiting=waiting)
