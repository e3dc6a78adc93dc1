"""English numbers, as they are read out: the one form in which "1994", "1,994" and their words agree.

Numbers from 1100 to 1999 and from 2010 to 2099 are read in pairs, as years are ("nineteen ninety four"),
other whole numbers by their size ("two thousand five"). A zero inside is always "zero", "and" is never said.
"""

import re
from collections.abc import Sequence

_SMALL = (  # noqa: SIM905 - a list of twenty literals hides that they count
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_VALUES = {word: value for value, word in enumerate(_SMALL)} | {
    word: 20 + 10 * index for index, word in enumerate(_TENS)
}
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MONEY = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "pence")}
_WHOLE = r"\d{1,3}(?:,\d{3})+|\d+"
COINS = frozenset({"dollar", "dollars", "euro", "euros", "pound", "pounds"})
_DIGITS_FROM = 5
"""A number this long, written without commas, is a code, and codes are read digit by digit."""


def spell(number: int) -> str:
    """`number`, which is not negative, in words."""
    if 1100 <= number <= 1999 or 2010 <= number <= 2099:
        pair, rest = divmod(number, 100)
        if rest:
            return f"{_small(pair)} {'zero ' if rest < 10 else ''}{_small(rest)}"
    words: list[str] = []
    for scale, size in reversed(_SCALES.items()):
        if number >= size:
            words += [spell(number // size), scale]
            number %= size
    if number or not words:
        words.append(_small(number))
    return " ".join(words)


def read_out(text: str) -> str:
    """`text` with every digit in words: sums of money, times, ordinals, decimals, telephone numbers."""
    text = re.sub(rf"([$€£])\s?({_WHOLE})(?:\.(\d\d)(?!\d)|\s({'|'.join(_SCALES)}))?", _money, text)
    text = re.sub(r"\b(\d{1,2}):(\d\d)\b", _time, text)
    text = re.sub(r"\b\d{3}-\d{4}\b", lambda found: _each_digit(found[0]), text)
    text = re.sub(rf"({_WHOLE})(?:st|nd|rd|th)\b", lambda found: f" {_ordinal(_int(found[1]))} ", text)
    text = re.sub(rf"({_WHOLE})'?s\b", lambda found: f" {_plural(_whole(found[1]))} ", text)
    text = re.sub(
        rf"({_WHOLE})\.(\d+)", lambda found: f" {_whole(found[1])} point {_each_digit(found[2])} ", text
    )
    return re.sub(_WHOLE, lambda found: f" {_whole(found[0])} ", text)


def is_number(word: str) -> bool:
    """Whether `word` counts something below a hundred."""
    return word in _VALUES


def respell(words: Sequence[str]) -> list[str]:
    """`words` with each spelled number in the one form that `spell` gives."""
    said: list[str] = []
    at = 0
    while at < len(words):
        value, after = _number(words, at)
        said += spell(value).split() if value is not None else [words[at]]
        at = after
    return said


def _small(number: int) -> str:
    words: list[str] = []
    if number >= 100:
        words += [_SMALL[number // 100], "hundred"]
        number %= 100
    if number >= 20:
        words.append(_TENS[number // 10 - 2])
        number %= 10
        if number:
            words.append(_SMALL[number])
    elif number or not words:
        words.append(_SMALL[number])
    return " ".join(words)


def _number(words: Sequence[str], at: int) -> tuple[int | None, int]:
    """The number that begins at `at` and where it ends; None, and the next word, when none does."""
    total, group, step = 0, 0, 10**12
    room = 10**12  # a further word must be smaller than this: 10 after "twenty", 100 after "hundred"
    begun = False
    while at < len(words):
        word = words[at]
        if word == "a" and not begun and words[at + 1 : at + 2] and _is_scale(words[at + 1]):
            group, begun, room = 1, True, 1
        elif (value := _VALUES.get(word)) is not None and value < room and (value or not begun):
            group, begun = group + value, True
            room = 10 if value >= 20 else 1
        elif word == "hundred" and 0 < group < 100:
            group, room = group * 100, 100
        elif begun and group and _SCALES.get(word, step) < step:
            step = _SCALES[word]
            total, group, room = total + group * step, 0, min(step, 1000)
        elif not (word == "and" and begun and room >= 100 and _VALUES.get(_at(words, at + 1), 0)):
            break
        at += 1
    return (total + group, at) if begun else (None, at + 1)


def _at(words: Sequence[str], index: int) -> str:
    return words[index] if index < len(words) else ""


def _is_scale(word: str) -> bool:
    return word == "hundred" or word in _SCALES


def _int(digits: str) -> int:
    return int(digits.replace(",", ""))


def _whole(digits: str) -> str:
    code = "," not in digits and (len(digits) >= _DIGITS_FROM or (digits[0] == "0" and len(digits) > 1))
    return _each_digit(digits) if code or _int(digits) >= 10**12 else spell(_int(digits))


def _each_digit(digits: str) -> str:
    return " ".join(_SMALL[int(digit)] for digit in digits if digit.isdecimal())


def _ordinal(number: int) -> str:
    *before, last = spell(number % 10**12).split()
    if last in _ORDINALS:
        last = _ORDINALS[last]
    else:
        last = last.removesuffix("y") + "ieth" if last.endswith("y") else last + "th"
    return " ".join([*before, last])


def _plural(words: str) -> str:
    return words[:-1] + "ies" if words.endswith("y") else words + ("es" if words.endswith("x") else "s")


def _money(found: re.Match[str]) -> str:
    large, small = _MONEY[found[1]]
    said = f" {_whole(found[2])} {found[4] or ''} {large}{'' if found[2] == '1' and not found[4] else 's'} "
    cents = int(found[3] or 0)
    if cents:
        said += f"{spell(cents)} {small}{'' if cents == 1 or small == 'pence' else 's'} "
    return said


def _time(found: re.Match[str]) -> str:
    minutes = int(found[2])
    past = "" if minutes == 0 else f"{'zero ' if minutes < 10 else ''}{spell(minutes)}"
    return f" {spell(int(found[1]))} {past} "
