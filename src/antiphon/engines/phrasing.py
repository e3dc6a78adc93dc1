"""Cutting a text into the pieces that are spoken in one breath: sentences, and one early clause."""

import re
from collections.abc import Iterator, Set
from itertools import zip_longest

import msgspec

_SENTENCE_END = re.compile(r"[.!?…][\"”’'»)\]]*$")
_CLAUSE_END = re.compile(r"[,;:—–][\"”’'»)\]]*$")
_INITIALS = re.compile(r"^\W*(?:[^\W\d_]\.)+$")
_CLAUSE_LETTERS = 10  # less sounds chopped off, before the cut and after it
_LONGEST_LETTERS = 220


class Phrase(msgspec.Struct, frozen=True):
    """Some of the text's words, as they stand between white space."""

    words: tuple[str, ...]
    line_break: bool = False
    """The line ends here and another follows."""


def phrases(text: str, abbreviations: Set[str]) -> Iterator[Phrase]:
    """`text` in order, every word of it once.

    A phrase is a sentence; the first may be its first clause, because somebody is waiting for it; a very long
    sentence is cut at a clause, or failing that between words.

    Args:
        text: written language.
        abbreviations: words whose full stop ends no sentence, without it ("Dr").
    """
    for number, sentence in enumerate(_sentences(text, abbreviations)):
        words = sentence.words
        while cut := _cut(words, early=number == 0 and words == sentence.words):
            yield Phrase(words[:cut])
            words = words[cut:]
        yield Phrase(words, sentence.line_break)


def _sentences(text: str, abbreviations: Set[str]) -> Iterator[Phrase]:
    """Sentences and lines. What has no letter, such as a bullet, joins what follows."""
    words: list[str] = []
    found = list(re.finditer(r"\S+", text))
    for here, there in zip_longest(found, found[1:]):
        words.append(here.group())
        line_break = there is not None and "\n" in text[here.end() : there.start()]
        following = there.group() if there else ""
        if there and not any(map(_letters, words)):
            continue
        if not there or line_break or _ends_sentence(here.group(), following, abbreviations):
            yield Phrase(tuple(words), line_break)
            words = []


def _ends_sentence(word: str, following: str, abbreviations: Set[str]) -> bool:
    if following[:1].islower() or not _SENTENCE_END.search(word):
        return False
    bare = word.strip("([{\"“‘'«").removesuffix(".")
    return not (word.endswith(".") and (bare in abbreviations or _INITIALS.match(word)))


def _cut(words: tuple[str, ...], *, early: bool) -> int:
    """How many of `words` make a phrase of their own; 0 when they are best spoken together."""
    total = sum(map(_letters, words))
    letters = 0
    clause = 0
    for count, word in enumerate(words[:-1], 1):
        letters += _letters(word)
        if letters > _LONGEST_LETTERS:
            return clause or count
        if _CLAUSE_END.search(word):
            clause = count
            if early and min(letters, total - letters) >= _CLAUSE_LETTERS:
                return clause
    return 0


def _letters(word: str) -> int:
    return sum(letter.isalnum() for letter in word)
