"""What does the agent's answer ask for? Read off its words, as far as a caller needs to know."""

import re
from collections.abc import Iterable, Sequence

from antiphon.evals.wording import normalize

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
    tuple(phrase.split())
    for phrase in ("goodbye", "good bye", "bye", "see you", "thank you for calling", "farewell")
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


def _any(phrases: Iterable[Sequence[str]], text: str) -> bool:
    words = normalize(text)
    return any(within(phrase, words) for phrase in phrases)
