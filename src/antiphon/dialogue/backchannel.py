"""Words that keep a speaker going: heard over the agent, they do not take the floor."""

import re

BACKCHANNELS = frozenset(
    {"mm", "mmm", "mhm", "mm-hm", "mm-hmm", "hm", "hmm", "mhmm", "uh", "huh", "uh-huh", "aha", "ah", "oh"}
    | {"yeah", "yep", "yes", "yup", "ok", "okay", "right", "sure", "alright", "fine", "true", "exactly"}
    | {"really", "wow", "great", "good", "cool", "nice", "gotcha", "absolutely", "indeed"}
)
"""Said alone, or one after another, these are listening and not speaking."""

PHRASES = frozenset({"i see", "oh i see", "of course", "got it", "that's right"})

MAX_WORDS = 3
"""More words than this are a turn, whatever they are."""

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


def is_backchannel(text: str) -> bool:
    """Whether `text`, said over the agent, leaves it the floor: nothing at all, or a few listening words."""
    words = [word.replace("’", "'") for word in _WORD.findall(text.lower())]
    known = [word in BACKCHANNELS or word.replace("'", "") in BACKCHANNELS for word in words]
    phrase = " ".join(words) in PHRASES
    return len(words) <= MAX_WORDS and (phrase or all(known))
