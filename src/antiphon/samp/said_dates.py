"""Dates as people say them: "tomorrow", "next Friday", "the 8th", "third of March 1981", "March 8th"."""

import calendar
import re
from collections.abc import Iterable
from datetime import date, timedelta

from antiphon.samp.said_numbers import SPOKEN, Found, number_of

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
_NTH = rf"(?:\d{{1,2}}(?:st|nd|rd|th)|{_any_of(word.replace('-', '[ -]') for word in _ORDINALS)})\b"
_YEAR = rf"(?:,? (?:of )?(?P<{{0}}>(?:19|20)\d\d|(?:nineteen|two thousand(?: and)?)[ -]{SPOKEN}\b))?"
_DATE = re.compile(
    r"(?P<iso>\b\d{4}-\d\d-\d\d\b)"
    rf"|\b(?:the )?(?P<d1>\b(?:{_NTH}|\d{{1,2}})) (?:of )?(?P<m1>{_MONTH}){_YEAR.format('y1')}"
    rf"|(?P<m2>\b{_MONTH}) (?:the )?(?P<d2>{_NTH}|\d{{1,2}}\b){_YEAR.format('y2')}"
    r"|(?P<overmorrow>\bday after tomorrow\b)|(?P<near>\b(?:today|tonight|tomorrow)\b)"
    rf"|(?P<weekday>\b(?:{'|'.join(_DAYS)})) (?P<after>next week)\b"
    rf"|(?P<next>\bnext )?(?P<day>\b(?:{'|'.join(_DAYS)}))\b"
    rf"|\b(?P<the>the )?(?P<nth>{_NTH})(?: of (?:this|the) month)?",
    re.IGNORECASE,
)


def dates(text: str, today: date) -> list[Found]:
    """Every day in `text`, ISO 8601.

    A date without a year is the next one from `today` on; a weekday is the next of its name, with "next" or
    "next week" that of the week after.
    """
    found = [(match, _read(match, today)) for match in _DATE.finditer(text)]
    return [Found(match.start(), match.end(), day.isoformat()) for match, day in found if day is not None]


def _read(match: re.Match[str], today: date) -> date | None:
    group = match.groupdict()
    try:
        if group["iso"]:
            return date.fromisoformat(group["iso"])
        for day, month, year in (("d1", "m1", "y1"), ("d2", "m2", "y2")):
            if group[day]:
                return _dated(_nth(group[day]), _MONTHS[group[month].lower().rstrip(".")], group[year], today)
        if group["nth"]:
            # "the 8th" is a day; "third" alone mostly is not.
            return _next_nth(_nth(group["nth"]), today) if group["the"] or group["nth"][0].isdigit() else None
    except ValueError:
        return None  # there is no such day
    if group["overmorrow"]:
        return today + timedelta(2)
    if group["near"]:
        return today + timedelta(group["near"].lower() == "tomorrow")
    name = (group["weekday"] or group["day"]).lower()
    ahead = (_DAYS.index(name) - today.weekday()) % 7
    monday = today - timedelta(today.weekday())
    if group["after"] or (group["next"] and ahead + today.weekday() < 7):
        return monday + timedelta(7 + _DAYS.index(name))
    return today + timedelta(ahead or 7)


def _nth(text: str) -> int:
    digits = re.match(r"\d+", text)
    if digits:
        return int(digits[0])
    return _ORDINALS.get(text.lower().replace(" ", "-")) or number_of(text) or 0


def _dated(day: int, month: int, year: str | None, today: date) -> date:
    if year:
        return date(_year(year), month, day)
    this = date(today.year, month, day)
    return this if this >= today else date(today.year + 1, month, day)


def _year(text: str) -> int:
    if text.isdigit():
        return int(text)
    century, rest = re.split(r"(?<=nineteen)[ -]|(?<=thousand) (?:and )?", text.lower(), maxsplit=1)
    return (1900 if century == "nineteen" else 2000) + (number_of(rest) or 0)


def _next_nth(day: int, today: date) -> date | None:
    for ahead in range(12):
        month = today.month - 1 + ahead
        year, month = today.year + month // 12, month % 12 + 1
        if day <= calendar.monthrange(year, month)[1] and date(year, month, day) >= today:
            return date(year, month, day)
    return None
