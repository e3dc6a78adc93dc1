"""When callers ask for what they have told: "Remind me, how many people did I say?" Pure."""

import re
from collections.abc import Iterable

from antiphon.samp.cast import Cast
from antiphon.samp.likelihood import ASKS
from antiphon.samp.moves import telling_words

_ASKS_BACK = re.compile(
    r"\b(did (i|we|you) (say|tell|ask|agree|write)|(i|we) (just )?(said|told you)|was (that|it)|is that now|"
    r"remind me)\b",
    re.IGNORECASE,
)


def asked_back(cast: Cast, slots: Iterable[str], words: str) -> tuple[str, ...]:
    """Which of the known `slots` the caller's words ask for."""
    found = _ASKS_BACK.search(words)
    if found is None or not (ASKS.search(words) or found[0].lower() == "remind me"):
        return ()
    said = telling_words(words)
    return tuple(slot for slot in slots if slot in cast.slots and said & words_of(cast, (slot,)))


def words_of(cast: Cast, slots: Iterable[str]) -> frozenset[str]:
    """What is said beside a value of these slots, or to ask for it."""
    asked = [cast.slots[slot] for slot in slots]
    return telling_words(" ".join(f"{each.about} {each.ask or ''} {' '.join(each.cues)}" for each in asked))
