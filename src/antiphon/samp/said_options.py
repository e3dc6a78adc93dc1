"""Options as people say them: by their names and other wordings, and those of them that are meant. Pure."""

import re

from antiphon.samp.cast import Slot
from antiphon.samp.said_numbers import Found
from antiphon.samp.taking_back import denied, excludes, harmless

_NONE = frozenset({"none", "nothing", "neither", "no"})
"""Options that mean none of the others."""


def meant_options(slot: Slot, text: str) -> list[Found]:
    """The options that are meant; one that means none of the others, only where none of them is named."""
    named = named_options(slot, text)
    if excludes(slot):
        meant = [each for each in named if each.value in _NONE or not harmless(text, each)]
    else:
        meant = [each for each in named if each.value in _NONE or not denied(text, each, "choice")]
    some = [each for each in meant if each.value not in _NONE]
    # "I'm not allergic to nuts, nothing": what must not be is not guessed.
    return some if some or (excludes(slot) and len(meant) < len(named)) else meant


def named_options(slot: Slot, text: str) -> list[Found]:
    """The options that are named, the longest wording first."""
    phrases = [(option, {option.replace("_", " "), *also}) for option, also in slot.options.items()]
    # As a transcriber writes "no thank you": with a comma.
    wordings = [
        (option, r",?\s+".join(re.escape(word) for word in each.split()))
        for option, wording in phrases
        for each in wording
    ]
    found = [
        Found(*match.span(), option)
        for option, words in wordings
        for match in re.finditer(rf"(?<!\w){words}(?!\w)", text, re.IGNORECASE)
    ]
    found.sort(key=lambda each: each.start - each.end)
    return [
        each
        for place, each in enumerate(found)
        if not any(each.start < longer.end and longer.start < each.end for longer in found[:place])
    ]
