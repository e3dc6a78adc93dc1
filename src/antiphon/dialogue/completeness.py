"""Whether a turn's words could be all of it: what no listener would take for an end, whatever it sounds like.

A conjunction, an article or a filler wants more words after it, and so does a preposition, unless it closes a
question whose object came first ("Where are you from?"). A transcriber that was given half a sentence says so
itself with a comma, a dash or dots. All this is of English; of other languages only the marks are understood,
and words that are not known to be unfinished count as possibly finished: the sound decides.
"""

import re

FILLERS = frozenset({"um", "uh", "uhm", "er", "erm", "hmm", "ah", "eh"})
CONNECTIVES = frozenset(
    {"and", "or", "but", "because", "cause", "if", "than", "although", "unless", "whereas", "plus", "whether"}
)
DETERMINERS = frozenset(
    {
        "a",
        "an",
        "the",
        "my",
        "your",
        "our",
        "their",
        "its",
        "every",
        "i'm",
        "we're",
        "they're",
        "i've",
        "it's",
    }
)
"""Also pronouns run together with a verb that cannot stand last."""
PREPOSITIONS = frozenset(
    {"to", "of", "for", "with", "from", "at", "into", "about", "between", "during", "without", "by", "until"}
)

_QUESTION_WORDS = frozenset(
    {"what", "what's", "which", "who", "who's", "whom", "where", "where's", "when", "how", "why"}
)
_OPEN_MARK = re.compile(r"(?:[,;:–—-]|\.{2,}|…)[\"'”’)\]]*$")
MARKS = " .,;:!?…-–—\"'”’"
"""What may stand behind a word without being any of it."""
_WORD = re.compile(r"\w+(?:'\w+)*")


def without_mark(words: str) -> str:
    """`words` as they stand where it is open whether a sentence ends."""
    return words.rstrip(MARKS)


def wants_more(words: str) -> bool:
    """Whether `words` break off where no turn ends; False for none, and whenever it is not known."""
    words = words.strip().lower().replace("’", "'")
    if _OPEN_MARK.search(words):
        return True
    said = _WORD.findall(words)
    if not said:
        return False
    if said[-1] in PREPOSITIONS:
        # Particles and prepositions may close a sentence whose object came first, above all a question.
        return _QUESTION_WORDS.isdisjoint(said[:-1])
    return said[-1] in FILLERS or said[-1] in CONNECTIVES or said[-1] in DETERMINERS
