"""What a small model writes before it speaks: a name, as in a play or a story, and what it has said already.

Only as much is held back as may still become such a name or such a sentence, so that an answer that begins
otherwise waits for nothing.
"""

import re
from collections.abc import Iterator, Sequence, Set

from antiphon.contracts import Message
from antiphon.samp.cast import Persona
from antiphon.samp.prompt import ANSWERS_AS

_VERBS = ("says", "said", "asks", "asked", "answers", "answered", "replies", "replied")
_MARKS = (":", *(f' {verb}{stop} "' for verb in _VERBS for stop in (",", ":", "")))
"""What follows the name: in a play, and in a story."""
_ABBREVIATED = r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\b[A-Z])(?<!\b[ap]\.m)"
SENTENCE = re.compile(rf".+?{_ABBREVIATED}[.!?…]+[\"'”’)]*(?=\s)", re.DOTALL)
"""A sentence that is over: something follows it."""
_WORD = re.compile(r"[^\W_]+")
_ONCE_MORE = re.compile(r"\b(?:again|repeat|pardon|sorry|say that|did(?:n't| not))\b", re.IGNORECASE)
_FEWEST_WORDS = 4
"""Shorter sentences may be said twice: "Thank you.\""""
_LONG_LETTERS = 4
_ORDER = " ".join(_WORD.findall(ANSWERS_AS.lower()))
"""An order in the prompt, which a small model gives itself as well."""


class Lead:
    """Takes an answer as it comes, and gives what of it is to be said."""

    def __init__(self, name: str, role: str = "", needless: Set[str] = frozenset()) -> None:
        """For who is called `name`; `needless` are sentences that may go, as `words_of` gives them."""
        bare = name.rpartition(" ")[2]
        names = dict.fromkeys((name, bare, *((f"{name}, {role}", f"{name}, {role},") if role else ())))
        by_length = sorted(names, key=len, reverse=True)
        self._marks = tuple(f"{each}{mark}" for each in names for mark in _MARKS)
        self._calls = tuple(f"{each}{mark}" for each in by_length for mark in (" speaking,", ","))
        self._own = re.compile(rf"(?<=,) (?:{re.escape(name)}|{re.escape(bare)})[,.!?]")
        self._may_be_own = tuple(f" {each}" for each in dict.fromkeys((name, bare)))
        self._needless = needless
        self._held = self._left_out = self._tail = self._last = ""
        self._begun = self._quoted = False
        self.needless = False
        """Whether all of it may go; known when it is complete."""

    def feed(self, text: str) -> str:
        """More of the answer; returns what may be said now."""
        if self._begun:
            return self._plain(text)
        self._held += text
        while self._shorten():
            pass
        bare = self._held.lstrip()
        if not bare or self._may_be_a_name(bare) or self._may_be_needless(bare):
            return ""
        held, self._held, self._begun = self._held, "", True
        self._quoted = self._quoted or bare[0] == '"'
        return self._plain(held)

    def finish(self) -> str:
        """The answer is complete; returns what was held back of it, if it was no name.

        Where all of it was needless it is said after all.
        """
        held, self._held = self._held, ""
        if held.strip() in (*self._marks, *self._calls):
            held = ""
        self.needless = not self._begun and (not held.strip() or self._is_needless(words_of(held)))
        said = self._plain(held if self._begun or held.strip() else self._left_out)
        return f"{said}{self._tail}"

    def _shorten(self) -> bool:
        """Take a name or a needless sentence away from what is held, if more has come behind it."""
        bare = self._held.lstrip()
        for mark in self._marks:
            if bare.startswith(mark) and (rest := bare.removeprefix(mark).lstrip()):
                self._held, self._quoted = _begun(rest), mark.endswith('"')
                return True
        sentence = SENTENCE.match(bare)
        if sentence is not None and self._is_needless(words_of(sentence[0])):
            self._left_out, self._held = sentence[0], bare[sentence.end() :]
            return True
        if self._may_be_a_name(bare) or self._may_be_needless(bare):
            return False
        for call in self._calls:
            if bare.startswith(call) and (rest := bare.removeprefix(call).lstrip()):
                self._held = _begun(rest)
                return True
        return False

    def _may_be_a_name(self, bare: str) -> bool:
        return any(mark.startswith(bare.rstrip()) for mark in (*self._marks, *self._calls))

    def _is_needless(self, words: str) -> bool:
        return words in self._needless or words.startswith(_ORDER)

    def _may_be_needless(self, bare: str) -> bool:
        words = words_of(bare)
        return words.startswith(_ORDER) or any(each.startswith(words) for each in (_ORDER, *self._needless))

    def _plain(self, text: str) -> str:
        """Without quotation marks, if it is quoted; nobody calls the caller by the speaker's own name."""
        bare = text.replace('"', "") if self._quoted else text
        text = f"{self._last}{self._tail}{bare}"
        told = self._own.sub("", text)
        comma = told.rfind(",") + 1
        open_still = comma > 0 and any(each.startswith(told[comma:]) for each in self._may_be_own)
        end = comma if open_still else len(told)
        said, self._tail = told[len(self._last) : end], told[end:]
        self._last = (told[:end])[-1:]
        return said


def needless(
    persona: Persona, messages: Sequence[Message], answered: Set[str] = frozenset()
) -> frozenset[str]:
    """What an answer need not begin with: who the persona is, what was stated earlier, what is `answered`.

    Nor with the caller's own last words; what they ask for is none of it.
    """
    heard = next((each.content for each in reversed(messages) if each.role == "user"), "")
    asked = _long_words(heard)
    said = () if _ONCE_MORE.search(heard) else (each for each in messages if each.role == "assistant")
    stated = [f"{persona.name}, {persona.role}", *(one for each in said for one in _statements(each.content))]
    found = [one for one in stated if asked.isdisjoint(_long_words(one))]
    return frozenset(words_of(one) for one in (*found, *_statements(heard), *answered))


def _begun(text: str) -> str:
    """`text` as a sentence begins."""
    return f"{text[:1].upper()}{text[1:]}"


def words_of(text: str) -> str:
    """The words of `text` alone, in small letters."""
    return " ".join(_WORD.findall(text.lower()))


def _statements(text: str) -> Iterator[str]:
    for sentence in SENTENCE.findall(f"{text} "):
        if "?" not in sentence and len(_WORD.findall(sentence)) >= _FEWEST_WORDS:
            yield sentence


def _long_words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.lower()) if len(word) >= _LONG_LETTERS}
