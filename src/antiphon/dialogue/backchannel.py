"""Words that keep a speaker going, words that stop one, and hums that were written down as words.

Transcribers spell hums as best they can: "mm-hmm" comes back as "mama", "uh-huh" as "eha". So a single word
that is short in time and made of nothing but hum letters is taken for a hum, unless it is one that stops.
"""

import re

# fmt: off
BACKCHANNELS = frozenset(
    [
        "mm", "mmm", "mhm", "mm-hm", "mm-hmm", "mmhm", "hm", "hmm", "hum", "mhmm", "uh", "huh", "uh-huh",
        "uhhuh", "uhuh", "um", "er", "erm", "aha", "eha", "ah", "oh", "ooh",
        "yeah", "yea", "yah", "ya", "yep", "yes", "yup", "ok", "okay", "right", "sure", "alright", "fine",
        "true", "exactly", "correct", "understood",
        "really", "wow", "great", "good", "cool", "nice", "perfect", "lovely", "amazing", "interesting",
        "gotcha", "absolutely", "definitely", "totally", "indeed",
    ]
)
# fmt: on
"""Said alone, or one after another, these are listening and not speaking."""

PHRASES = (
    "i see",
    "i know",
    "i understand",
    "of course",
    "got it",
    "that's right",
    "sounds good",
    "makes sense",
    "all right",
    "for sure",
    "fair enough",
    "very good",
    "thank you",
)
"""The same in several words; each counts for one."""

AGREEMENT = frozenset(
    [
        *("yeah", "yea", "yah", "ya", "yep", "yes", "yup", "ok", "okay", "right", "sure", "alright", "fine"),
        *("true", "exactly", "correct", "perfect", "absolutely", "definitely", "totally", "indeed"),
        *("that's right", "sounds good", "of course", "for sure", "all right"),
    ]
)
"""Those that are a yes, where the agent has asked something."""

STOPPERS = frozenset(
    {
        "stop",
        "wait",
        "no",
        "nope",
        "hey",
        "hold",
        "hang",
        "pause",
        "enough",
        "quiet",
        "sorry",
        "excuse",
        "hello",
    }
    | {"but", "actually", "help", "what", "who", "where", "when", "why", "how", "which"}
)
"""An utterance that begins with one of these takes the floor as soon as it is heard."""

HUM_MS = 500
"""A hum is shorter than this."""
HUM_LETTERS = frozenset("aehmouwy-")

MAX_WORDS = 3
"""More words than this are a turn, whatever they are."""

_PHRASE = re.compile(rf"\b(?:{'|'.join(PHRASES)})\b")
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


def is_backchannel(text: str) -> bool:
    """Whether `text`, said over the agent, leaves it the floor: nothing at all, or a few listening words."""
    words = _words(_PHRASE.sub("mm", " ".join(_words(text))))
    known = [word in BACKCHANNELS or word.replace("'", "") in BACKCHANNELS for word in words]
    return len(words) <= MAX_WORDS and all(known)


def agrees(text: str) -> bool:
    """Whether `text` is a yes, said as one or several listening words."""
    said = " ".join(_words(text))
    return is_backchannel(text) and any(re.search(rf"\b{re.escape(each)}\b", said) for each in AGREEMENT)


def says_something(text: str) -> bool:
    """Whether there is a word in `text`."""
    return bool(_words(text))


def is_hum(text: str, lasted_ms: float) -> bool:
    """Whether speech over the agent that took `lasted_ms` was most likely no word at all."""
    words = _words(text)
    if len(words) != 1 or words[0] in STOPPERS or lasted_ms >= HUM_MS:
        return False
    return HUM_LETTERS.issuperset(words[0])


def takes_the_floor(text: str) -> bool:
    """Whether the beginning of an utterance shows that it is one: it stops, or is more than listening."""
    words = _words(text)
    return bool(words) and (words[0] in STOPPERS or (len(words) >= 2 and not is_backchannel(text)))


def _words(text: str) -> list[str]:
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]
