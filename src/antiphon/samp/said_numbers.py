"""Numbers as people say them: "four", "thirty-eight point five", "a dozen", "21"."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_UNIT_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen
"""
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNITS = {word: value for value, word in enumerate(_UNIT_WORDS.split())}
_TENS = {word: 10 * value for value, word in enumerate(_TEN_WORDS.split(), 2)}
_WORDS = _UNITS | _TENS
_SOME = {"a couple": 2.0, "couple of": 2.0, "a dozen": 12.0, "half a dozen": 6.0, "a pair": 2.0}

ONE_TO_NINE = "one|two|three|four|five|six|seven|eight|nine"
TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_SOUND_LIKE = {"for": 4.0, "fore": 4.0, "to": 2.0, "too": 2.0, "ate": 8.0}
_SOUNDING = re.compile(
    rf"\W*({'|'.join(_SOUND_LIKE)}) (of us|people|\w+s)(?:\W+please)?[^\w?]*", re.IGNORECASE
)
_LASTING = frozenset(("minutes", "hours", "days", "nights", "weeks", "months", "years"))
"""For these something lasts."""
_TEN = "|".join(_TENS)
_NTH = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
# Only a ten and the unit right behind it make one number: "five six" is two, and "twenty-first" is none.
UNDER_HUNDRED = (
    rf"(?:(?:{_TEN})(?:[ -](?:{ONE_TO_NINE})\b|\b(?![ -](?:{_NTH})\b))|(?:zero|{ONE_TO_NINE}|{TEENS})\b)"
)
# "And" belongs to a number behind a hundred or a thousand only: "four, and two children" are two.
_UNDER_THOUSAND = rf"(?:(?:{UNDER_HUNDRED}[ -])?hundred\b(?:(?: and)?[ -]{UNDER_HUNDRED})?|{UNDER_HUNDRED})"
_SPOKEN = rf"(?:(?:{_UNDER_THOUSAND}[ -])?thousand\b(?:(?: and)?[ -]{_UNDER_THOUSAND})?|{_UNDER_THOUSAND})"
_DIGIT = "|".join((*_WORDS, "hundred"))
_NUMBER = re.compile(
    rf"(?P<some>\b(?:{'|'.join(sorted(_SOME, key=len, reverse=True))})\b)"
    rf"|(?P<digits>(?<![\w.:/])\d{{1,9}}(?:\.\d+)?(?![\w:/]|\.\d))"
    rf"|(?P<spoken>\b{_SPOKEN})(?: point (?P<point>(?:{_DIGIT})\b(?: (?:{_DIGIT})\b)*))?",
    re.IGNORECASE,
)

COUNTED = (
    r"people|persons?|guests?|diners|adults?|children|kids|of (?:us|them|you)|years?|months?|weeks?|days?"
    r"|nights?|hours?|minutes?|seconds?|degrees|percent|per cent|euros?|pounds?|dollars?|cents|kilos?"
    r"|kilometres|kilometers|met(?:re|er)s|miles|lit(?:re|er)s"
)
"""What the number before it counts or measures: it is neither a time nor a day of the month."""

_POINTS = re.compile(
    r"\b(that|this|the|which|another|other|good|nice|great|last|next|first|same|any|every|no)\s+(\w+\s+)?$",
    re.IGNORECASE,
)


class Found(NamedTuple):
    """A value, and where in the text it stands."""

    start: int
    end: int
    value: str | float


def numbers(text: str) -> list[Found]:
    """Every number in `text`, in order; ordinals and numbers in times are none."""
    found = [Found(match.start(), match.end(), _value(match)) for match in _NUMBER.finditer(text)]
    return [each for each in found if not _counts_nobody(text, each)]


def sounding(text: str, cues: Sequence[str]) -> list[Found]:
    """A number written as a word that sounds like it, where it and what it counts are all: "For people." """
    match = _SOUNDING.fullmatch(text)
    counted = match is not None and match[2].lower() in {cue.lower() for cue in cues} - _LASTING
    return [Found(*match.span(1), _SOUND_LIKE[match[1].lower()])] if match and counted else []


def _counts_nobody(text: str, found: Found) -> bool:
    """Whether it is the "one" of "one of us", "that one" or "the best one"."""
    if text[found.start : found.end].lower() != "one":
        return False
    return bool(re.match(r"\s+of\b", text[found.end :]) or _POINTS.search(text[: found.start]))


def number_of(words: str) -> int | None:
    """The number that the words of a spoken cardinal make, such as "twenty-one"."""
    total = part = 0
    for word in re.split(r"[ -]+", words.lower()):
        if word == "hundred":
            part = max(part, 1) * 100
        elif word == "thousand":
            total, part = max(part, 1) * 1000, 0
        elif word in _WORDS:
            part += _WORDS[word]
        elif word != "and":
            return None
    return total + part


def _value(match: re.Match[str]) -> float:
    if match["some"]:
        return _SOME[match["some"].lower()]
    if match["digits"]:
        return float(match["digits"])
    whole = float(number_of(match["spoken"]) or 0)
    if not match["point"]:
        return whole
    digits = "".join(str(_WORDS.get(word.lower(), "")) for word in match["point"].split())
    return float(f"{whole:.0f}.{digits}")
