"""Cutting a text into the pieces that are spoken in one breath: sentences, and one early clause."""

import re
from collections.abc import Iterator, Set

import msgspec

_SENTENCE_END = re.compile(r"[.!?…][\"”’'»)\]]*$")
_CLAUSE_END = re.compile(r"[,;:—–][\"”’'»)\]]*$")
_INITIALS = re.compile(r"^\W*(?:[^\W\d_]\.)+$")
_FIRST_CLAUSE_LETTERS = 10  # fewer than that sound chopped off
_LONGEST_LETTERS = 220


class Phrase(msgspec.Struct, frozen=True):
    """Some of the text's words, as they stand between white space."""

    words: tuple[str, ...]
    line_break: bool = False
    """The line ends here and another follows."""

    @property
    def text(self) -> str:
        """The words with single spaces."""
        return " ".join(self.words)


def phrases(text: str, abbreviations: Set[str]) -> Iterator[Phrase]:
    """`text` in order, every word of it once.

    A phrase is a sentence; the first may be its first clause, because somebody is waiting for it; a very long
    sentence is cut at a clause, or failing that between words.

    Args:
        text: written language.
        abbreviations: words whose full stop ends no sentence, without it ("Dr").
    """
    words: list[str] = []
    first = True
    for word, following, line_ends in _looking_ahead(text):
        words.append(word)
        if line_ends or _ends(words, following, abbreviations, first):
            if following and not any(map(_letters, words)):
                continue  # a bullet or a dash is not worth a breath of its own
            yield Phrase(tuple(words), line_break=line_ends and bool(following))
            words, first = [], False


def _looking_ahead(text: str) -> Iterator[tuple[str, str, bool]]:
    """Each word, the next ("" at the end), and whether a line ends between them."""
    found = list(re.finditer(r"\S+", text))
    for here, there in zip(found, [*found[1:], None], strict=True):
        if there is None:
            yield here.group(), "", True
        else:
            yield here.group(), there.group(), "\n" in text[here.end() : there.start()]


def _ends(words: list[str], following: str, abbreviations: Set[str], first: bool) -> bool:
    word, letters = words[-1], sum(map(_letters, words))
    if _SENTENCE_END.search(word) and not following[:1].islower():
        bare = word.strip("([{\"“‘'«").rstrip(".")
        return not (word.endswith(".") and (bare in abbreviations or _INITIALS.match(word)))
    if _CLAUSE_END.search(word):
        return (first and letters >= _FIRST_CLAUSE_LETTERS) or letters > _LONGEST_LETTERS / 2
    return letters > _LONGEST_LETTERS


def _letters(word: str) -> int:
    return sum(letter.isalnum() for letter in word)
