"""Times of day as people say them: "half past seven in the evening", "4:40 pm", "a quarter to eight", "noon".

Without a word for the part of the day, hours from one to seven are taken for the afternoon: of what is agreed
by telephone, little is before eight in the morning.
"""

import re
from collections.abc import Iterator

from antiphon.samp.said_numbers import Found, number_of

_HOUR = r"(?:1[0-2]|[1-9]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_DAY = r"(?:morning|afternoon|evening|night|tonight)"
_PART = r"(?:half|(?:a )?quarter|(?:five|ten|twenty|5|10|20)(?: minutes)?)"
_MINUTES = r"(?:[0-5]\d|fifteen|thirty|forty[ -]five|twenty|ten|forty|fifty)"
_LEAD = r"(?:at|around|about|by|from|until|before|after|make it)"

_BEFORE = rf"(?:\b(?P<before>{_DAY})(?: at| around| by)?\s+)?"
# In "three tonight at six" the evening is that of the six.
_AFTER = (
    rf"(?:\s*(?P<half>[ap])\.?m\b\.?|,?\s+(?:(?:in|at|of) (?:the )?)?(?P<after>{_DAY})\b"
    rf"(?!,? (?:at|around|about|by) (?:{_HOUR}|half|a quarter)\b))?"
)
_NOON = re.compile(r"\b(noon|midday|midnight)\b", re.IGNORECASE)
_CLOCK = re.compile(
    rf"{_BEFORE}(?<![\w:])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?![\w:]){_AFTER}", re.IGNORECASE
)
_PAST = re.compile(
    rf"{_BEFORE}\b(?P<part>{_PART})[ -](?P<way>past|to|after)[ -](?P<hour>{_HOUR})\b{_AFTER}", re.IGNORECASE
)
_PLAIN = re.compile(
    rf"{_BEFORE}(?:\b(?P<lead>{_LEAD})\s+)?(?<![\w.:])(?P<hour>{_HOUR})(?: (?P<minute>{_MINUTES}))?"
    rf"(?P<oclock>\s*o['’\"]?\s?clock)?{_AFTER}(?![\w:]|\.\d)",
    re.IGNORECASE,
)
_JOINED = re.compile(
    rf"{_BEFORE}(?:\b(?P<lead>at)\s+)?(?<![\w.:$€£])(?P<hour>1[0-2]|[1-9])(?P<minute>[0-5]\d)"
    rf"{_AFTER}(?![\w:]|\.\d)",
    re.IGNORECASE,
)
"""As a transcriber writes "four forty in the afternoon": 440."""
_PARTS = {"five": 5, "5": 5, "ten": 10, "10": 10, "twenty": 20, "20": 20, "half": 30, "quarter": 15}


def times(text: str, *, asked: bool, near: str = "") -> list[Found]:
    """Every time of day in `text`, as "HH:MM".

    Args:
        text: the caller's words.
        asked: whether a time was asked for: then a bare hour is one.
        near: the time it may correct, whose half of the day is meant unless another is named.
    """
    found: list[Found] = []
    for each in _readings(text, asked=asked, near=near):
        if not any(each.start < other.end and other.start < each.end for other in found):
            found.append(each)
    return sorted(found)


def _readings(text: str, *, asked: bool, near: str) -> Iterator[Found]:
    """The most explicit ways of saying it first."""
    for match in _NOON.finditer(text):
        yield Found(match.start(), match.end(), "00:00" if match[0].lower() == "midnight" else "12:00")
    for match in _PAST.finditer(text):
        part = match["part"].lower().removeprefix("a ").removesuffix(" minutes")
        sign = -1 if match["way"].lower() == "to" else 1
        yield _found(match, _number(match["hour"]) * 60 + sign * _PARTS[part], near=near)
    for match in _CLOCK.finditer(text):
        hour = int(match["hour"])
        yield _found(
            match, hour * 60 + int(match["minute"]), near=None if match["hour"].startswith("0") else near
        )
    for match in _JOINED.finditer(text):
        if match["before"] or match["half"] or match["after"] or (asked and match["lead"]):
            yield _found(match, int(match["hour"]) * 60 + int(match["minute"]), near=near)
    for match in _PLAIN.finditer(text):
        after = (match["after"] or "").lower()
        # "Three tonight" may be a party of three.
        part = bool(after) and (after != "tonight" or bool(match["lead"]))
        certain = bool(match["before"] or match["half"] or part or match["oclock"])
        certain |= (match["lead"] or "").lower() == "at"
        answers = asked and (match["lead"] or match["minute"] or after or len(text.split()) <= 3)
        if certain or answers:
            yield _found(match, _number(match["hour"]) * 60 + _number(match["minute"] or "0"), near=near)


def _found(match: re.Match[str], minutes: int, *, near: str | None) -> Found:
    """`near` None: the hour is one of twenty-four."""
    daytime = (match["before"] or match["after"] or "").lower()
    hour, minute = minutes // 60 % 24, minutes % 60
    late = (match["half"] or "").lower() == "p" or daytime in ("afternoon", "evening", "night", "tonight")
    early = (match["half"] or "").lower() == "a" or daytime == "morning"
    if early:
        hour %= 12
    elif hour < 12 and (late or _is_late(hour, near)):
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
    return int(text) if text.isdigit() else number_of(text) or 0
