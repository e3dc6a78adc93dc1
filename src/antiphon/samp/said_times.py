"""Times of day as people say them: "half past seven in the evening", "4:40 pm", "a quarter to eight", "noon".

Without a word for the part of the day, hours from one to seven are taken for the afternoon: of what is agreed
by telephone, little is before eight in the morning.
"""

import re
from collections.abc import Iterator

from antiphon.samp.said_numbers import COUNTED, ONE_TO_NINE, TEENS, UNDER_HUNDRED, Found, number_of

_HOUR = rf"(?:1[0-2]|[1-9]|{ONE_TO_NINE}|ten|eleven|twelve)"
_LATE_HOUR = (
    r"(?:1[3-9]|2[0-3]|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
    rf"|twenty(?:[ -](?:one|two|three)\b|\b(?![ -](?:{ONE_TO_NINE})\b)))"
)
_DAY = r"(?:morning|afternoon|evening|night|tonight)"
_FIVES = r"(?:(?:(?:twenty|thirty|forty|fifty)[ -])?five|ten|fifteen|twenty|[1-5]?5|[1-5]0)"
_MINUTES = (
    rf"(?:[0-5]\d|(?:oh|o|zero)[ -](?:[1-9]|{ONE_TO_NINE})"
    rf"|{TEENS}|(?:twenty|thirty|forty|fifty)(?:[ -](?:{ONE_TO_NINE}))?)\b"
)
_LEAD = r"(?:at|around|about|by|from|until|before|after|make it)"
_NOT_COUNTED = rf"(?!\s*[%°€£$]|\s+(?:{COUNTED})\b)"
# A number does not begin in the middle of another, such as "twenty-five" or "3.10".
_STARTS = (
    r"(?<![\w.:$€£-])(?<!\btwenty )(?<!\bthirty )(?<!\bforty )(?<!\bfifty )(?<!\bsixty )(?<!\bseventy )"
    r"(?<!\beighty )(?<!\bninety )"
)
_ENDS = r"(?![\w:]|\.\d)"

_BEFORE = rf"(?:\b(?P<before>{_DAY})(?: at| around| by)?\s+)?"
# In "three tonight at six" the evening is that of the six.
_AFTER = (
    rf"(?:\s*(?P<half>[ap])\.?\s?m\b\.?|,?\s+(?:(?:in|at|of) (?:the )?)?(?P<after>{_DAY})\b"
    rf"(?!,? (?:at|around|about|by) (?:{_HOUR}|half|a quarter)\b))?"
)
_NOON = re.compile(
    r"\b(?:(?:12|twelve) (?:o['’]?clock )?(?:at )?)?(?P<name>noon|midday|midnight)\b", re.IGNORECASE
)
# "12.50 each" is a price. "The 13.40" is a train's, but "on the 13.05" is a day.
_CLOCK = re.compile(
    rf"{_BEFORE}(?:\b(?P<lead>{_LEAD}|(?<!\bon )the)\s+)?"
    r"(?<![\w.:$€£])(?P<hour>[01]?\d|2[0-3])(?::|(?P<dot>\.))(?P<minute>[0-5]\d)"
    rf"(?(dot){_NOT_COUNTED}(?!\s+(?:each|per|a head)\b)){_AFTER}{_ENDS}",
    re.IGNORECASE,
)
_PAST = re.compile(
    rf"{_BEFORE}\b(?:(?P<part>half|{_FIVES}(?: minutes)?|(?:{UNDER_HUNDRED}|\d\d?) minutes)"
    r"[ -](?:past|after|(?P<to>to))|(?:a )?quarter[ -](?:past|after|(?P<till>to|of|till?|before)))"
    rf"[ -](?P<hour>{_HOUR}|noon|midday|midnight)\b{_NOT_COUNTED}{_AFTER}{_ENDS}",
    re.IGNORECASE,
)
# British: half past seven.
_HALF = re.compile(
    rf"{_BEFORE}(?:\b(?P<lead>{_LEAD}|for)\s+)?(?<!\ba )\bhalf[ -](?P<hour>{_HOUR})\b"
    rf"{_NOT_COUNTED}{_AFTER}{_ENDS}",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    rf"{_BEFORE}(?:\b(?P<lead>{_LEAD})\s+)?{_STARTS}(?:(?P<late>{_LATE_HOUR})|(?P<hour>{_HOUR}))"
    rf"(?:(?: |-(?=[a-z]))(?P<minute>{_MINUTES}))?{_NOT_COUNTED}"
    rf"(?P<oclock>\s*o['’\"]?\s?clock)?{_AFTER}{_ENDS}",
    re.IGNORECASE,
)
# As a transcriber writes "four forty in the afternoon": 440. "At 1930 Main Street" is none.
_JOINED = re.compile(
    rf"{_BEFORE}(?:\b(?P<lead>at)\s+)?(?<![\w.:$€£])(?P<hour>2[0-3]|1\d|0\d|[1-9])(?P<minute>[0-5]\d)"
    rf"(?:\s+hours\b)?{_NOT_COUNTED}{_AFTER}{_ENDS}"
    r"(?!\s+(?:\w+\s+)?(?:street|road|avenue|lane|drive|square|boulevard|way)\b)",
    re.IGNORECASE,
)
_NINE = re.compile(r"(?<=\bhalf[ -]past )night\b|(?<=\bquarter past )night\b", re.IGNORECASE)
"""As a recogniser writes "half past nine in the evening"; as long as it is with a space behind "nine"."""
_NAMED_HOURS = {"noon": 12, "midday": 12, "midnight": 24}
_RANGE = re.compile(r"\b(?:from|between)\s+$", re.IGNORECASE)


def times(text: str, *, asked: bool, near: str = "") -> list[Found]:
    """Every time of day in `text`, as "HH:MM".

    Args:
        text: the caller's words.
        asked: whether a time was asked for: then a bare hour is one.
        near: the time it may correct, whose half of the day is meant unless another is named.
    """
    text = _NINE.sub("nine ", text)
    found: list[Found] = []
    for each in _readings(text, asked=asked, near=near):
        if not any(each.start < other.end and other.start < each.end for other in found):
            found.append(each)
    return sorted(found)


def _readings(text: str, *, asked: bool, near: str) -> Iterator[Found]:
    """The most explicit ways of saying it first."""
    brief = len(text.split()) <= 3
    for match in _PAST.finditer(text):
        # "From ten to twelve" is no ten minutes.
        if not (match["to"] and _RANGE.search(text[: match.start()])):
            named = match["hour"].lower() in _NAMED_HOURS
            yield _found(match, _past(match), near=None if named else near)
    for match in _NOON.finditer(text):
        hour = _NAMED_HOURS[match["name"].lower()] % 24
        yield Found(match.start(), match.end(), f"{hour:02}:00")
    for match in _HALF.finditer(text):
        told = match["lead"] or match["before"] or match["half"] or match["after"]
        # "Half four seasons" is a pizza.
        if asked or told or re.match(r"\s*(?:[.,;!?]|$)", text[match.end() :]):
            yield _found(match, _number(match["hour"]) * 60 + 30, near=near)
    for match in _CLOCK.finditer(text):
        told = match["lead"] or match["before"] or match["half"] or match["after"]
        # "7.30" may be a price or a measure.
        if told or asked or not match["dot"]:
            yield _found(match, _of_clock(match), near=_known(match, near))
    for match in _JOINED.finditer(text):
        of_day = _known(match, near) is None  # "1930" is hardly anything else
        told = match["before"] or match["half"] or match["after"] or (match["lead"] and of_day)
        if told or (asked and (match["lead"] or (of_day and brief))):
            yield _found(match, _of_clock(match), near=_known(match, near))
    for match in _PLAIN.finditer(text):
        if _is_time(match, asked=asked, brief=brief):
            minutes = _number(match["late"] or match["hour"]) * 60 + _number(match["minute"] or "0")
            yield _found(match, minutes, near=near)


def _is_time(match: re.Match[str], *, asked: bool, brief: bool) -> bool:
    """Whether the words about a bare hour make a time of it."""
    after, lead = (match["after"] or "").lower(), (match["lead"] or "").lower()
    # "Three tonight" may be a party of three.
    part = bool(after) and (after != "tonight" or bool(lead))
    if match["before"] or match["half"] or part or match["oclock"]:
        return True
    if match["late"]:
        # "At eighteen" may be an age, and "at 20" half an address.
        return bool(match["minute"] and (asked or lead == "at")) or (asked and bool(lead) and brief)
    return lead == "at" or (asked and bool(lead or match["minute"] or after or brief))


def _past(match: re.Match[str]) -> int:
    hour = _NAMED_HOURS.get(match["hour"].lower()) or _number(match["hour"])
    part = (match["part"] or "quarter").lower().removesuffix(" minutes")
    minutes = {"half": 30, "quarter": 15}.get(part) or _number(part)
    return hour * 60 + (-minutes if match["to"] or match["till"] else minutes)


def _of_clock(match: re.Match[str]) -> int:
    return int(match["hour"]) * 60 + int(match["minute"])


def _known(match: re.Match[str], near: str) -> str | None:
    """`near`, or None where the hour is plainly one of twenty-four."""
    return None if match["hour"].startswith("0") or int(match["hour"]) > 12 else near


def _found(match: re.Match[str], minutes: int, *, near: str | None) -> Found:
    """`near` None: the hour is one of twenty-four."""
    daytime = (match["before"] or match["after"] or "").lower()
    hour, minute = minutes // 60 % 24, minutes % 60
    if minutes < 60 and near is not None:
        hour = 12  # a quarter to one
    half = (match["half"] or "").lower()
    # "Two at night" is before the morning, "twelve tonight" the end of the day.
    small = (daytime == "night" and (hour == 12 or hour < 5)) or (daytime == "tonight" and hour == 12)
    if half == "a" or daytime == "morning" or small:
        hour = 0 if hour == 12 else hour
    elif hour < 12 and (half == "p" or daytime or _is_late(hour, near)):
        hour += 12
    return Found(match.start(), match.end(), f"{hour:02}:{minute:02}")


def _is_late(hour: int, near: str | None) -> bool:
    if near is None:
        return False
    if near:
        known = int(near[:2])
        return abs(hour + 12 - known) < abs(hour - known)
    return 1 <= hour <= 7


def _number(text: str) -> int:
    text = re.sub(r"^(?:oh|o|zero)[ -]", "", text.lower())
    return int(text) if text.isdigit() else number_of(text) or 0
