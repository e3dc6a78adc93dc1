"""Marks of a turn's form, found when it is learned: what speaks for its telling of a change, and against.

No grammar is known here. What each mark is worth beside the others is fitted (`rivals`).
"""

import re
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from antiphon.memory.claims import CHANGE, CUES, HEDGE, NUMBER, REPLACE, SELF, subject_of
from antiphon.memory.facts import says_one_thing

_TIMES = (
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|o'clock|\bhalf past\b|\bquarter\b|"
    r"january|february|march|april|\bmay\b|june|july|august|september|october|november|december|"
    r"\b\d{1,2}(?::\d\d|am|pm|st|nd|rd|th)\b|noon|midnight|"
    r"\b(?:five|six|seven|eight|nine|ten|eleven|twelve)\b"
)
_FORMS: Final = {
    **{f"cue {name}": re.compile(words, re.IGNORECASE) for name, words in CUES.items()},
    "changes": CHANGE,
    "replaces": REPLACE,
    "hedged": HEDGE,
    "of self": SELF,
    "begins with I": re.compile(r"^(?:\w+ )?(?:I|I['’]m|I['’]ve|We|We['’]ve|we|Our|We['’]re)\b"),
    "begins with my": re.compile(r"^(?:[Mm]y\b|[Oo]ur)\b"),
    "of others": re.compile(
        r"\b(?:he|she|they|his|her|their|him|them|somebody|someone|"
        r"a (?:friend|colleague|neighbou?r|client|stranger|man|woman))\b",
        re.IGNORECASE,
    ),
    "happened": re.compile(
        r"\b(?:was|were|had|went|met|saw|got|came|gave|asked|told|heard|found|bought|sold|won|tried|spilt|"
        r"lent|walked|parked|played|watched|called|rang)\b",
        re.IGNORECASE,
    ),
    "is so": re.compile(r"\b(?:is|are|has|have|am|goes|go|does|do)\b|['’](?:s|m|ve)\b", re.IGNORECASE),
    "time": re.compile(_TIMES, re.IGNORECASE),
    "name": re.compile(r"(?<=[\w,] )[A-Z][\w.'-]*"),
    "number": re.compile(r"\d"),
    "of kin": None,
    "one thing": None,
}
MARKS: Final = tuple(_FORMS)
_READ_CHARS = 2000


def marks_of(text: str) -> tuple[NDArray[np.uint8], int, int]:
    """1 for each of `MARKS` that it has, and codes of whose kin it is about and of its first number's form.

    A code of 0: there is none.
    """
    text = text[:_READ_CHARS]
    kin = subject_of(text)
    marks = np.array(
        [form is not None and form.search(text) is not None for form in _FORMS.values()], np.uint8
    )
    marks[MARKS.index("of kin")] = bool(kin)
    marks[MARKS.index("one thing")] = says_one_thing(text)
    number = NUMBER.search(text)
    form = re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", number[0])) if number else ""
    return marks, code(kin), code(form)


def code(word: str) -> int:
    """A number for `word`, the same in every process; 0 for none."""
    return crc32(word.encode()) >> 1 if word else 0
