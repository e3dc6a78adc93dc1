"""Dates as people say them: "tomorrow", "Friday the 8th", "a week on Friday", "third of March '81"."""

import calendar
import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from antiphon.samp.said_numbers import COUNTED, ONE_TO_NINE, TEENS, UNDER_HUNDRED, Found, number_of

_YEARS_AHEAD = 5
"""How far off a year of two digits may lie; beyond, it was in the last century."""

_DAYS = [name.lower() for name in calendar.day_name]
_MONTHS = {
    name.lower(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, name in enumerate(names)
    if name
}
_ORDINAL_WORDS = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third
twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first
"""
_ORDINALS = {word: number for number, word in enumerate(_ORDINAL_WORDS.split(), 1)}


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_MONTH = rf"(?:{_any_of(_MONTHS)})\b\.?"
_NINTH = re.compile(rf"(?<=\bthe )night(?= of {_MONTH})", re.IGNORECASE)
"""As a recogniser writes "the ninth of June"."""
_NTH = rf"(?:\d{{1,2}}(?:st|nd|rd|th)|{_any_of(word.replace('-', '[ -]') for word in _ORDINALS)})\b"
# "May 4" is a day, "may 4 people" and "May 4:30" are none.
_BARE = rf"\d{{1,2}}\b(?![:.]\d|\s+(?:{COUNTED})\b)"
# Two digits without an apostrophe are a year from thirty on only: "May 15th, twenty" may be so many people.
_SHORT_YEAR = (
    rf"['’]\d\d\b|(?:0\d|[3-9]\d)\b(?![:.]\d)|(?:oh|zero)[ -](?:{ONE_TO_NINE})\b"
    rf"|(?:thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:{ONE_TO_NINE}))?\b"
)
_LONG_YEAR = (
    rf"(?:19|20)\d\d\b|nineteen[ -](?:oh[ -])?{UNDER_HUNDRED}|two thousand\b(?:(?: and)? {UNDER_HUNDRED})?"
    rf"|twenty[ -](?:(?:oh[ -])(?:{ONE_TO_NINE})|{TEENS}|twenty(?:[ -](?:{ONE_TO_NINE}))?)\b"
)
_YEAR = rf"(?:,? (?:of |in )?(?P<{{0}}>{_LONG_YEAR}|(?:{_SHORT_YEAR})(?!\s+(?:{COUNTED})\b)))?"

_DAY = rf"(?:{'|'.join(_DAYS)})\b"
# A weekday beside a date adds nothing to it.
_DAY_BEFORE = rf"(?P<before>\b{_DAY},? (?:on )?)?"
_DAY_BEHIND = rf"(?:,? (?:which is |that is |that's )?(?:an? |on )?{_DAY})?"
# "The first time" and "the 5th floor" are no days; "the 8th free" is one, "the first free" is none.
_NO_DAY = (
    rf"(?!\s+(?:{COUNTED}|of|times?|visits?|floors?|ones?|things?|street|avenue|road|row|place|part|step"
    r"|person|guest|child|day|week|month|year|name|number|option|choice|course|question|class|grade|century"
    r"|birthday)\b|(?:(?<=first)|(?<=second)|(?<=third))\s+(?:available|possible|free|appointment|booking"
    r"|slot|table|call|calling|half|few|two|three)\b)"
)

_COUNT = rf"(?:an?|{ONE_TO_NINE}|{TEENS}|\d{{1,2}})"
_SPAN = r"(?:days?|weeks?|fortnights?)"
_SPAN_DAYS = {"day": 1, "week": 7, "fortnight": 14}
_FROM = rf"(?P<from>{_DAY}|(?:today|tomorrow|now)\b)"

_ISO = r"\b(?P<iso>\d{4}-\d\d-\d\d)\b"
_DATED = (
    rf"{_DAY_BEFORE}(?:\b(?:the )?(?P<d1>\b(?:{_NTH}|\d{{1,2}})) (?:of )?(?P<m1>{_MONTH}){_YEAR.format('y1')}"
    rf"|(?P<m2>\b{_MONTH}) (?:the )?(?P<d2>{_NTH}|{_BARE}){_YEAR.format('y2')}){_DAY_BEHIND}"
)
_NTH_DAY = (
    rf"(?P<month>\bnext month,? (?:on )?)?{_DAY_BEFORE}\b(?P<the>the )?(?P<nth>{_NTH})"
    rf"(?:,? (?:of )?(?:this|the|(?P<next>next|the following)) month\b)?{_NO_DAY}{_DAY_BEHIND}"
)
# "For three days from Friday" begins on Friday; "a table for a week from Friday" is a week later.
_AFTER_DAY = (
    rf"\b(?:in )?(?:(?P<count>a|(?<!\bfor ){_COUNT}) (?P<span>{_SPAN}) (?:from|after)"
    rf"|(?P<weeks>{_COUNT}) (?P<on>weeks?|fortnight) on) {_FROM}"
)
_WEEKS_OFF = rf"\b{_FROM} in (?P<count>{_COUNT}) (?P<span>weeks?|fortnight)\b"
_DAY_WEEK = rf"\b{_FROM} (?P<span>week|fortnight)\b"
# "Twice in three days" tells how long it took.
_AHEAD = rf"(?<!\bonce )(?<!\btwice )(?<!\btimes )(?<!\btime )\bin (?P<count>{_COUNT}) (?P<span>{_SPAN})\b"
_NEXT_BUT_ONE = rf"\b(?P<day>{_DAY}) after next\b"
_NEXT = rf"\b(?:{_DAY} (?:of )?next week\b|next week,? (?:on )?{_DAY}|next {_DAY})"
_NEAR = rf"\b(?:(?P<overmorrow>day after tomorrow)|tonight|(?P<from>{_DAY}|today|tomorrow))\b"
# What has been is no day to come: nothing is better than the Friday after it.
_GONE = re.compile(r"\b(?:last|previous|this past|since)\s+$", re.IGNORECASE)


def dates(text: str, today: date) -> list[Found]:
    """Every day in `text`, ISO 8601.

    A date without a year is the next one from `today` on; a weekday is the next of its name, with "next" or
    "next week" that of the week after.
    """
    text = _NINTH.sub("ninth", text)
    found: list[tuple[int, int, date | None]] = []
    for pattern, read in _READINGS:
        for match in pattern.finditer(text):
            start, end = match.span()
            # What is no day, such as February 31st, still holds its words: the 31st is none either.
            if not any(start < other[1] and other[0] < end for other in found):
                found.append((start, end, None if _GONE.search(text[:start]) else _read(read, match, today)))
    return sorted(Found(start, end, day.isoformat()) for start, end, day in found if day is not None)


def _read(
    read: Callable[[re.Match[str], date], date | None], match: re.Match[str], today: date
) -> date | None:
    try:
        return read(match, today)
    except ValueError:
        return None  # there is no such day


def _iso(match: re.Match[str], _: date) -> date:
    return date.fromisoformat(match["iso"])


def _dated(match: re.Match[str], today: date) -> date | None:
    number = "1" if match["d1"] else "2"
    day = _nth(match[f"d{number}"])
    month = _MONTHS[match[f"m{number}"].lower().rstrip(".")]
    if match[f"y{number}"]:
        return date(_year(match[f"y{number}"], today), month, day)
    # A leap day may be eight years off.
    for year in range(today.year, today.year + 9):
        if day <= calendar.monthrange(year, month)[1] and date(year, month, day) >= today:
            return date(year, month, day)
    return None


def _nth_day(match: re.Match[str], today: date) -> date | None:
    # "The 8th" is a day; "third" alone mostly is not.
    if not (match["the"] or match["before"] or match["nth"][0].isdigit()):
        return None
    day = _nth(match["nth"])
    if match["month"] or match["next"]:
        return date(today.year + today.month // 12, today.month % 12 + 1, day)
    for ahead in range(12):
        month = today.month - 1 + ahead
        year, month = today.year + month // 12, month % 12 + 1
        if day <= calendar.monthrange(year, month)[1] and date(year, month, day) >= today:
            return date(year, month, day)
    return None


def _after_day(match: re.Match[str], today: date) -> date:
    count, span = (match["weeks"], match["on"]) if match["weeks"] else (match["count"], match["span"])
    return _day_named(match["from"], today) + _length(count, span)


def _weeks_off(match: re.Match[str], today: date) -> date:
    return _day_named(match["from"], today) + _length(match["count"], match["span"])


def _day_week(match: re.Match[str], today: date) -> date:
    return _day_named(match["from"], today) + _length("a", match["span"])


def _ahead(match: re.Match[str], today: date) -> date:
    return today + _length(match["count"], match["span"])


def _next_but_one(match: re.Match[str], today: date) -> date:
    return _in_next_week(match["day"], today) + timedelta(7)


def _next(match: re.Match[str], today: date) -> date:
    return _in_next_week(next(name for name in _DAYS if name in match[0].lower()), today)


def _near(match: re.Match[str], today: date) -> date:
    if match["overmorrow"]:
        return today + timedelta(2)
    return _day_named(match["from"] or "today", today)


def _day_named(name: str, today: date) -> date:
    name = name.lower()
    if name not in _DAYS:
        return today + timedelta(name == "tomorrow")
    return today + timedelta((_DAYS.index(name) - today.weekday()) % 7 or 7)


def _in_next_week(name: str, today: date) -> date:
    return today + timedelta(7 + _DAYS.index(name.lower()) - today.weekday())


def _length(count: str, span: str) -> timedelta:
    many = int(count) if count.isdigit() else number_of(count) or 1  # "a week"
    return timedelta(many * _SPAN_DAYS[span.lower().removesuffix("s")])


def _nth(text: str) -> int:
    digits = re.match(r"\d+", text)
    return int(digits[0]) if digits else _ORDINALS[text.lower().replace(" ", "-")]


def _year(text: str, today: date) -> int:
    text = re.sub(r"\b(?:oh|zero)[ -]|['’]", "", text.lower())
    century = re.match(r"(nineteen|twenty|two thousand(?: and)?)(?:[ -]|$)", text)
    if century and not text.isdigit():
        return (1900 if century[1] == "nineteen" else 2000) + (
            number_of(text[century.end() :] or "zero") or 0
        )
    year = int(text) if text.isdigit() else number_of(text) or 0
    if year > 99:
        return year
    return year + (2000 if 2000 + year <= today.year + _YEARS_AHEAD else 1900)


_READINGS: list[tuple[re.Pattern[str], Callable[[re.Match[str], date], date | None]]] = [
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        (_ISO, _iso),
        (_DATED, _dated),
        (_NTH_DAY, _nth_day),
        (_AFTER_DAY, _after_day),
        (_WEEKS_OFF, _weeks_off),
        (_DAY_WEEK, _day_week),
        (_AHEAD, _ahead),
        (_NEXT_BUT_ONE, _next_but_one),
        (_NEXT, _next),
        (_NEAR, _near),
    )
]
"""The more explicit ways of saying it first: their words are taken before the others look."""
