"""Numbers, times and dates as people say them."""

from datetime import date

import pytest

from antiphon.samp.said_dates import dates
from antiphon.samp.said_numbers import numbers
from antiphon.samp.said_times import times

FRIDAY = date(2019, 3, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("There will be four of us", [4]),
        ("thirty-eight point five degrees", [38.5]),
        ("a dozen rolls and 12.5", [12, 12.5]),
        ("half a dozen", [6]),
        ("twenty one", [21]),
        ("one hundred and five", [105]),
        ("seven out of ten", [7, 10]),
        ("on the 8th at 7:30", []),
        ("one of us and one of the three", [3]),
        ("that's a good one, I take that one for one", [1]),
        ("someone often wants none", []),
    ],
)
def test_numbers(text: str, expected: list[float]) -> None:
    assert [found.value for found in numbers(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected", "when_asked"),
    [
        ("at half past seven in the evening", "19:30", "19:30"),
        ("at half-past seven of the evening", "19:30", "19:30"),
        ("a quarter to eight", "19:45", "19:45"),
        ("make it a quarter past 5 in the evening", "17:15", "17:15"),
        ("7 pm", "19:00", "19:00"),
        ("7:30 p.m. please", "19:30", "19:30"),
        ("at 4:40 in the afternoon", "16:40", "16:40"),
        ("this evening 5:30", "17:30", "17:30"),
        ("8 in the night", "20:00", "20:00"),
        ("10 in the morning", "10:00", "10:00"),
        ("12 am", "00:00", "00:00"),
        ("around noon", "12:00", "12:00"),
        ("at seven", "19:00", "19:00"),
        ("afternoon 12", "12:00", "12:00"),
        ('2 o"clock', "14:00", "14:00"),
        ("09:15 is fine", "09:15", "09:15"),
        ("six thirty", None, "18:30"),
        ("seven", None, "19:00"),
        ("table for four people please", None, None),
        ("I have had it for 3 days", None, None),
        ("38.5", None, None),
    ],
)
def test_times(text: str, expected: str | None, when_asked: str | None) -> None:
    assert [found.value for found in times(text, asked=False)] == ([expected] if expected else [])
    assert [found.value for found in times(text, asked=True)] == ([when_asked] if when_asked else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the 8th", "2019-03-08"),
        ("11th of this month", "2019-03-11"),
        ("March 11th", "2019-03-11"),
        ("born on the third of March 1981", "1981-03-03"),
        ("on the third of March, nineteen eighty One.", "1981-03-03"),
        ("May the fourth, two thousand and five", "2005-05-04"),
        ("3 March", "2019-03-03"),
        ("February 2nd", "2020-02-02"),
        ("on the thirty-first", "2019-03-31"),
        ("this Friday", "2019-03-08"),
        ("Sunday", "2019-03-03"),
        ("next Wednesday", "2019-03-06"),
        ("Friday next week", "2019-03-08"),
        ("tomorrow", "2019-03-02"),
        ("the day after tomorrow", "2019-03-03"),
        ("tonight", "2019-03-01"),
        ("2019-12-24", "2019-12-24"),
        ("my third child", None),
        ("February 31st", None),
        ("three days ago", None),
    ],
)
def test_dates(text: str, expected: str | None) -> None:
    assert [found.value for found in dates(text, FRIDAY)] == ([expected] if expected else [])
