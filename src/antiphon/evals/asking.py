"""What does the agent's answer ask for? Read off its words, as far as a caller needs to know."""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from antiphon.evals.wording import normalize

ALIKE = 0.8
"""By ear nobody can tell Karl Berg from Carl Berg: so much in common is the same."""
_MEANT = 0.5
"""With so much in common, and with a length like it, it is that name that is meant."""
_LENGTH = 0.6
_NO_NAMES = frozenset(
    ("for", "is", "in", "of", "the", "on", "at", "under", "by", "and", "so", "a", "an", "your", "you", "i")
)
_LETTERS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Mister|Dr|Doctor)\b\.?\s*")
_BEGINNING = re.compile(r"(?:^|(?<=[.!?…]))\W*\w+")
_SENTENCE = re.compile(r"[^.!?…]+[.!?…]*")
_INVITING = ("tell", "please", "may", "let")
_CONFIRMING = tuple(
    tuple(phrase.split())
    for phrase in (
        "is that right",
        "is this right",
        "is that correct",
        "is this correct",
        "is everything correct",
        "are these correct",
        "does that sound",
        "does that suit",
        "does that work",
        "would that be",
        "is that okay",
        "is that alright",
        "is that fine",
        "sounds good",
        "shall i",
        "should i",
        "do you agree",
        "can you confirm",
        "please confirm",
        "to confirm",
        "correct",
        "right",
    )
)
_LEAVING = tuple(
    tuple(phrase.split()) for phrase in ("goodbye", "bye", "see you", "thank you for calling", "farewell")
)
_AGAIN = tuple(
    tuple(phrase.split())
    for phrase in (
        "say that again",
        "repeat that",
        "could you repeat",
        "can you repeat",
        "please repeat",
        "did not catch",
        "did not understand",
        "did not hear",
        "did not get that",
        "not sure what you",
        "not sure i understand",
    )
)


def questions(answer: str) -> tuple[str, ...]:
    """The sentences of `answer` that ask or invite: those with a question mark, or that begin like one."""
    return tuple(sentence for sentence in sentences(answer) if _asks(sentence))


def sentences(answer: str) -> tuple[str, ...]:
    """`answer`, sentence by sentence."""
    return tuple(part.strip() for part in _SENTENCE.findall(answer) if part.strip())


def asked_at(answer: str, cues: Iterable[str]) -> int | None:
    """Which sentence of `answer` asks for what the cues name, the last one that does; None: none."""
    wanted = [normalize(cue) for cue in cues]
    found = None
    for place, sentence in enumerate(sentences(answer)):
        if _asks(sentence) and any(within(cue, normalize(sentence)) for cue in wanted):
            found = place
    return found


def wants_yes(answer: str) -> bool:
    """Whether the last question of `answer` is one that somebody content answers with yes."""
    asked = questions(answer)
    return bool(asked) and _any(_CONFIRMING, asked[-1])


def wants_again(answer: str) -> bool:
    """Whether the agent did not understand and says so."""
    return _any(_AGAIN, answer)


def takes_leave(answer: str) -> bool:
    """Whether the agent says goodbye, and asks nothing more."""
    return _any(_LEAVING, answer) and not questions(answer)


def misread(name: str, answer: str) -> tuple[str, ...]:
    """The words of `name` that sound otherwise where `answer` has it; empty: none, or it is not there."""
    words = tuple(_LETTERS.findall(name))
    best, found = _MEANT, tuple[str, ...]()
    for sentence in sentences(_TITLE.sub("", answer)):
        # A single word at the beginning of a sentence has its capital from there.
        said = _LETTERS.findall(_BEGINNING.sub("", sentence) if len(words) == 1 else sentence)
        for size in (len(words), len(words) - 1, len(words) + 1):
            for start in range(len(said) - size + 1 if size else 0):
                heard = tuple(said[start : start + size])
                like = likeness("".join(words), "".join(heard))
                if like >= ALIKE:
                    return ()
                if like > best and _may_be_a_name(heard) and _as_long(words, heard):
                    best, found = like, heard
    if len(found) != len(words):
        return words if found else ()
    return tuple(one for one, other in zip(words, found, strict=True) if likeness(one, other) < ALIKE)


def likeness(one: str, other: str) -> float:
    """From 0 to 1, how much two texts have in common."""
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()


def within(part: Sequence[str], words: Sequence[str]) -> bool:
    """Whether `part` stands in `words`, unbroken and in order."""
    size = len(part)
    return bool(size) and any(
        list(words[at : at + size]) == list(part) for at in range(len(words) - size + 1)
    )


def _asks(sentence: str) -> bool:
    if sentence.endswith("?"):
        return True
    words = normalize(sentence)
    return bool(words) and words[0] in _INVITING


def _may_be_a_name(heard: Sequence[str]) -> bool:
    return all(word[0].isupper() and word.lower() not in _NO_NAMES for word in heard)


def _as_long(words: Sequence[str], heard: Sequence[str]) -> bool:
    short, long = sorted(len("".join(each)) for each in (words, heard))
    return short > _LENGTH * long


def _any(phrases: Iterable[Sequence[str]], text: str) -> bool:
    words = normalize(text)
    return any(within(phrase, words) for phrase in phrases)
