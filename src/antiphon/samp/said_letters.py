"""Names that are spelled: "It's Berg. B, E, R, G." Pure.

What a recogniser makes of a name is a guess, and letters it mostly gets right. So a word that is spelled
takes the place of the word of the name that is most like it: of the one said beside it, or of the one known.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from antiphon.samp.said_numbers import Found

LETTERS_MIN = 3
"""Two letters are "a.m."."""
_LETTER = r"(?<![\w'’])[^\W\d_](?![\w'’])"
_SPELLED = re.compile(rf"{_LETTER}(?:[-.,\s]+{_LETTER}){{{LETTERS_MIN - 1},}}")
_RUN_TOGETHER = re.compile(r"(?<![^\W_])([^\W\d_]{3,})[,.\s]+([^\W\d_]{3,})(?![^\W_])")
"""A name and its letters, written as one word: "Jonas JONAS"."""
_INITIALS = re.compile(r"\w(?:\.\s*\w)+\.\s+[^\W\d_]{2}")
_WITH = re.compile(r"\bwith an? [^\W\d_]\b", re.IGNORECASE)
"""How one letter is told: "Karl with a K, K, A, R, L"."""
_HALF_DAY = re.compile(r"[ap][-.,\s]+m\b", re.IGNORECASE)
_LIKE = 0.5


def spelled(text: str) -> tuple[Found, ...]:
    """The words that are spelled in `text`, each with its capital."""
    text = _WITH.sub(lambda match: "," * len(match[0]), text)
    found = [
        Found(match.start(), match.end(), "".join(re.findall(r"[^\W\d_]", match[0])).capitalize())
        for match in _SPELLED.finditer(text)
        if not (_HALF_DAY.match(match[0]) or _INITIALS.match(text, match.start()))
    ]
    found += [
        Found(match.start(2), match.end(2), match[2].capitalize())
        for match in _RUN_TOGETHER.finditer(text)
        if match[2].isupper() and not match[1].isupper() and likeness(match[1], match[2]) >= _LIKE
    ]
    return tuple(sorted(found))


def without_letters(text: str, letters: Sequence[Found]) -> str:
    """`text` with commas where something is spelled, as long as before."""
    for each in letters:
        text = f"{text[: each.start]}{',' * (each.end - each.start)}{text[each.end :]}"
    return text


def respelled(name: str, letters: Sequence[Found]) -> str:
    """`name` with those of its words that are spelled; where no more words are known, what is spelled."""
    words = name.split()
    if len(words) <= len(letters):
        return " ".join(str(each.value) for each in letters)
    for each in letters:
        likely = max(range(len(words)), key=lambda place: (likeness(words[place], str(each.value)), place))
        words[likely] = str(each.value)
    return " ".join(words)


def likeness(one: str, other: str) -> float:
    """From 0 to 1, how much two words have in common."""
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()
