"""Words for times, resolved against the day on which they were said."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import msgspec

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ONE_TO_TWELVE = (
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_NUMBERS = {word: value for value, word in enumerate(_ONE_TO_TWELVE, 1)} | {
    "a": 1,
    "an": 1,
    "a couple of": 2,
    "a few": 3,
    "several": 5,
}
_MONTH = "|".join(f"{month[:3]}(?:{month[3:]})?" if month != "may" else "may" for month in _MONTHS)
_COUNT = r"\d{1,3}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True))
_PATTERNS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("iso", r"\b(\d{4})-(\d{2})-(\d{2})\b"),
        ("day_month", rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b\.?(?:,? (\d{{4}}))?"),
        ("month_day", rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d)(?:,? (\d{{4}}))?"),
        ("month", rf"\b(?:(?:in|since|during|last|this|next|early|late) )?({_MONTH})\b,?(?: (\d{{4}})\b)?"),
        ("ago", rf"\b({_COUNT}) (day|week|month|year)s? ago\b"),
        ("relative", r"\b(last|this|next) (week|weekend|month|year|" + "|".join(_DAYS) + r")\b"),
        ("near", r"\b(the day before yesterday|yesterday|last night|today|tonight|tomorrow)\b"),
        ("year", r"\b(?:in|since|during|of|year) ((?:19|20)\d{2})\b"),
    )
)
_NEAR = {
    "the day before yesterday": -2,
    "yesterday": -1,
    "last night": -1,
    "today": 0,
    "tonight": 0,
    "tomorrow": 1,
}
_READ_CHARS = 4000
_BARE_MONTHS = frozenset({"may", "mar", "sep", "march", "august", "dec", "jan"})
"""Months that are also other words: taken for one only with a year or a word like "in" before them."""


class Span(msgspec.Struct, frozen=True, order=True):
    """Days, both included."""

    first: date
    last: date


def spans(text: str, said: date) -> list[Span]:
    """The times that `text`, said on the day `said`, speaks of, in the order of the patterns above."""
    text = text[:_READ_CHARS]
    found: list[Span] = []
    for name, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            try:
                span = _RESOLVE[name](match, said)
            except (ValueError, OverflowError):  # the 31st of June, a million years ago
                continue
            if span is not None:
                found.append(span)
        if found and name in ("iso", "day_month", "month_day"):
            # A whole date also holds a month; it is not a second time.
            text = pattern.sub(" ", text)
    return list(dict.fromkeys(found))


def _day(when: date) -> Span:
    return Span(when, when)


def _month_number(word: str) -> int:
    return next(place for place, month in enumerate(_MONTHS, 1) if month.startswith(word.lower()[:3]))


def _year_near(month: int, said: date) -> int:
    """The year that somebody means who names a month only: the last one that was."""
    return said.year if month <= said.month else said.year - 1


def _dated(day: str, month: str, year: str | None, said: date) -> Span:
    number = _month_number(month)
    return _day(date(int(year) if year else _year_near(number, said), number, int(day)))


def _of_month(match: re.Match[str], said: date) -> Span | None:
    word, year = match[1], match[2]
    bare = match[0].strip().lower() == word.lower()
    if bare and not year and (word.lower() in _BARE_MONTHS or not word[0].isupper()):
        return None
    number = _month_number(word)
    first = date(int(year) if year else _year_near(number, said), number, 1)
    return Span(first, _next_month(first) - timedelta(1))


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _ago(match: re.Match[str], said: date) -> Span:
    word = match[1].lower()
    count = int(word) if word.isdigit() else _NUMBERS[word]
    unit = match[2].lower()
    if unit == "day":
        return _day(said - timedelta(count))
    if unit == "week":
        middle = said - timedelta(7 * count)
        return Span(middle - timedelta(3), middle + timedelta(3))
    if unit == "month":
        months = said.year * 12 + said.month - 1 - count
        first = date(months // 12, months % 12 + 1, 1)
        return Span(first, _next_month(first) - timedelta(1))
    return Span(date(said.year - count, 1, 1), date(said.year - count, 12, 31))


def _relative(match: re.Match[str], said: date) -> Span:
    step = {"last": -1, "this": 0, "next": 1}[match[1].lower()]
    unit = match[2].lower()
    monday = said - timedelta(said.weekday())
    if unit == "week":
        return Span(monday + timedelta(7 * step), monday + timedelta(7 * step + 6))
    if unit == "weekend":
        return Span(monday + timedelta(7 * step + 5), monday + timedelta(7 * step + 6))
    if unit == "year":
        return Span(date(said.year + step, 1, 1), date(said.year + step, 12, 31))
    if unit == "month":
        months = said.year * 12 + said.month - 1 + step
        first = date(months // 12, months % 12 + 1, 1)
        return Span(first, _next_month(first) - timedelta(1))
    away = (_DAYS.index(unit) - said.weekday()) % 7
    return _day(said + timedelta(away if step >= 0 else away - 7))


def _of_year(match: re.Match[str], said: date) -> Span:
    del said
    return Span(date(int(match[1]), 1, 1), date(int(match[1]), 12, 31))


def _iso(match: re.Match[str], said: date) -> Span:
    del said
    return _day(date(int(match[1]), int(match[2]), int(match[3])))


def _day_month(match: re.Match[str], said: date) -> Span:
    return _dated(match[1], match[2], match[3], said)


def _month_day(match: re.Match[str], said: date) -> Span:
    return _dated(match[2], match[1], match[3], said)


def _near(match: re.Match[str], said: date) -> Span:
    return _day(said + timedelta(_NEAR[match[1].lower()]))


_RESOLVE: dict[str, Callable[[re.Match[str], date], Span | None]] = {
    "iso": _iso,
    "day_month": _day_month,
    "month_day": _month_day,
    "month": _of_month,
    "ago": _ago,
    "relative": _relative,
    "near": _near,
    "year": _of_year,
}
