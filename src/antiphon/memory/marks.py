"""Marks of a turn's form, found when it is learned: what helps to tell whether it takes another's place.

No grammar is known here. What each mark is worth beside the others is fitted (`rivals`).
"""

import re
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from antiphon.memory.claims import NUMBER, speaks_of_change, subject_of
from antiphon.memory.facts import says_one_thing

_FORMS: Final = {
    "time": re.compile(
        r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|o'clock|\bhalf past\b|\bquarter\b|"
        r"january|february|march|april|\bmay\b|june|july|august|september|october|november|december|"
        r"\b\d{1,2}(?::\d\d|am|pm|st|nd|rd|th)\b|noon|midnight|"
        r"\b(?:five|six|seven|eight|nine|ten|eleven|twelve)\b",
        re.IGNORECASE,
    ),
    "name": re.compile(r"(?<=[\w,] )[A-Z][\w.'-]*"),
    "number": re.compile(r"\d"),
}
MARKS: Final = (*_FORMS, "speaks of change", "of kin", "one thing")
_READ_CHARS = 2000


def marks_of(text: str) -> tuple[NDArray[np.uint8], int, int]:
    """1 for each of `MARKS` that it has, and codes of whose kin it is about and of its first number's form.

    A code of 0: there is none.
    """
    text = text[:_READ_CHARS]
    kin = subject_of(text)
    forms = [form.search(text) is not None for form in _FORMS.values()]
    marks = np.array([*forms, speaks_of_change(text), kin != "", says_one_thing(text)], np.uint8)
    number = NUMBER.search(text)
    form = re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", number[0])) if number else ""
    return marks, code(kin), code(form)


def code(word: str) -> int:
    """A number for `word`, the same in every process; 0 for none."""
    return crc32(word.encode()) >> 1 if word else 0
