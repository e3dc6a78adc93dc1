"""Names that are spelled: "It's Berg. B, E, R, G." Pure.

What a recogniser makes of a name is a guess, and letters it mostly gets right. So a word that is spelled
takes the place of the word of the name that is most like it: of the one said beside it, or of the one known.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from antiphon.samp.said_numbers import Found

LIKE = 0.5
"""From so much in common on it is the same word, heard otherwise."""
_LETTER = r"(?<![\w'’])(?:double[-\s])?[^\W\d_](?![\w'’])(?:\s(?:as|is) in \w+)?"
_COMMAS = re.compile(rf"{_LETTER}(?:(?:-|,\s*|\s){_LETTER}){{2,}}", re.IGNORECASE)
"""As recognisers write letters; two are hardly a name."""
_STOPS = re.compile(rf"{_LETTER}(?:\.\s*{_LETTER}){{3,}}", re.IGNORECASE)
"""The same with full stops; three of them are "U.S.A." or initials."""
_RUN_TOGETHER = re.compile(r"(?<![^\W_])([^\W\d_]{3,})[,.\s]+([^\W\d_]{3,})(?![^\W_])")
"""A name and its letters, written as one word: "Jonas JONAS"."""
_WITH = re.compile(r"\bwith an? [^\W\d_]\b", re.IGNORECASE)
"""How one letter is told: "Karl with a K, K, A, R, L"."""
_SAYS_ON = re.compile(r"[-,.\s]+[ai]$", re.IGNORECASE)
"""A word of one letter, with which the sentence behind the letters begins."""
_ONE = re.compile(r"(double[-\s])?([^\W\d_])(?![\w'’])(?:\s(?:as|is) in \w+)?", re.IGNORECASE)
_NOT = re.compile(r"\bnot\W+$", re.IGNORECASE)


def spelled(text: str) -> tuple[Found, ...]:
    """The words that are spelled in `text`, each with its capital, and once."""
    bare = _WITH.sub(lambda match: "," * len(match[0]), text)
    found: dict[str, Found] = {}
    for match in sorted((*_COMMAS.finditer(bare), *_STOPS.finditer(bare)), key=lambda one: one.start()):
        run = match[0]
        if re.match(r"\s+\w", bare[match.end() :]):
            run = _SAYS_ON.sub("", run)
        letters = "".join((2 if twice else 1) * letter for twice, letter in _ONE.findall(run))
        if len(letters) > 2 and len(set(letters.lower())) > 1 and not _NOT.search(bare[: match.start()]):
            word = letters.capitalize()
            found.setdefault(word, Found(match.start(), match.start() + len(run), word))
    for match in _RUN_TOGETHER.finditer(bare):
        if match[2].isupper() and not match[1].isupper() and likeness(match[1], match[2]) >= LIKE:
            found.setdefault(match[2].capitalize(), Found(*match.span(2), match[2].capitalize()))
    return tuple(sorted(found.values()))


def without_letters(text: str, letters: Sequence[Found]) -> str:
    """`text` with commas where something is spelled, as long as before."""
    for each in letters:
        text = f"{text[: each.start]}{',' * (each.end - each.start)}{text[each.end :]}"
    return text


def respelled(name: str, letters: Sequence[Found]) -> str:
    """`name` with those of its words that are spelled; where no more words are known, what is spelled."""
    words = name.split()
    if len(words) <= len(letters) and not any(_ends_so(words, str(each.value)) for each in letters):
        return " ".join(str(each.value) for each in letters)
    for each in letters:
        word = str(each.value)
        if not _ends_so(words, word):
            likely = max(range(len(words)), key=lambda place: (likeness(words[place], word), place))
            words[likely] = word
    return " ".join(words)


def letters_of(text: str, *, wanted: bool, read_out: bool, known: str) -> tuple[Found, ...]:
    """What `text` spells of a name.

    Args:
        text: the caller's words.
        wanted: whether they are asked for the name, or say that it is one.
        read_out: whether the name that is known was just read out to them.
        known: the name; empty: none. Only what is like it, or like what is said beside it, spells it anew.
    """
    found = spelled(text)
    beside = without_letters(text, found)
    if read_out or (wanted and not known):
        return found
    # Who stops behind a name and then spells it says nothing else.
    alone = bool(known) and not any(map(str.isalnum, beside))
    return found if alone or (wanted and _is_like(f"{known} {beside}", found)) else ()


def likeness(one: str, other: str) -> float:
    """From 0 to 1, how much two words have in common."""
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()


def _ends_so(words: Sequence[str], spelling: str) -> bool:
    """Whether only the end of a word is spelled: "O'Brien, O apostrophe B, R, I, E, N"."""
    bare = [re.sub(r"[^\w]", "", word).lower() for word in words]
    return any(word != spelling.lower() and word.endswith(spelling.lower()) for word in bare)


def _is_like(name: str, letters: Sequence[Found]) -> bool:
    return any(likeness(word, str(each.value)) >= LIKE for word in name.split() for each in letters)
