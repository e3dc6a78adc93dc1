"""Numbers, times and dates as people say them."""

from datetime import date

import pytest

from antiphon.samp.said_dates import dates
from antiphon.samp.said_numbers import numbers
from antiphon.samp.said_times import times

FRIDAY = date(2019, 3, 1)
WEDNESDAY = date(2026, 5, 6)


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
        ("Four, and two children.", [4, 2]),
        ("We are four, and one of us is in a wheelchair.", [4]),
        ("Two adults and three children.", [2, 3]),
        ("Between five and six people.", [5, 6]),
        ("Five six.", [5, 6]),
        ("nineteen eighty one", [19, 81]),
        ("Seventy-five, or a hundred and twenty-one", [75, 121]),
        ("two thousand and five", [2005]),
        ("three hundred and six thousand", [306_000]),
        ("the twenty-first floor, the thirty second street", []),
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
        ("7:30pm", "19:30", "19:30"),
        ("At 7:30p.m.", "19:30", "19:30"),
        ("11:40am", "11:40", "11:40"),
        ("7:30 p m and not later", "19:30", "19:30"),
        ("7.30 p.m.", "19:30", "19:30"),
        ("At 7.30, please.", "19:30", "19:30"),
        ("around 13.40.", "13:40", "13:40"),
        ("the 13.40", "13:40", "13:40"),
        ("7.30", None, "19:30"),
        ("12.50 euros", None, None),
        ("at 12.50 each", None, None),
        ("version 3.10.2", None, None),
        ("twenty five past seven", "19:25", "19:25"),
        ("Twenty-five to eight.", "19:35", "19:35"),
        ("25 past 7", "19:25", "19:25"),
        ("fifteen minutes past nine", "09:15", "09:15"),
        ("Quarter of eight.", "19:45", "19:45"),
        ("A quarter till eight", "19:45", "19:45"),
        ("a quarter to one", "12:45", "12:45"),
        ("a quarter to one at night", "00:45", "00:45"),
        ("half past midnight", "00:30", "00:30"),
        ("At half-past night in the morning.", "09:30", "09:30"),
        ("a quarter past night tonight", "21:15", "21:15"),
        ("five to six people", None, None),
        ("At six fifty-five.", "18:55", "18:55"),
        ("At seven oh five.", "19:05", "19:05"),
        ("At seven twenty-five.", "19:25", "19:25"),
        ("Half seven.", "19:30", "19:30"),
        ("at half seven", "19:30", "19:30"),
        ("a table for half seven please, for four", "19:30", "19:30"),
        ("half eight in the morning", "08:30", "08:30"),
        ("half four cheese and half ham", None, "16:30"),
        ("Twelve at night", "00:00", "00:00"),
        ("twelve midnight", "00:00", "00:00"),
        ("two at night", "02:00", "02:00"),
        ("Seven-thirty p.m.", "19:30", "19:30"),
        ("At 1930", "19:30", "19:30"),
        ("1930", None, "19:30"),
        ("at 1930 Main Street", None, None),
        ("At 1930 Friday", "19:30", "19:30"),
        ("at 7:30 each day", "19:30", "19:30"),
        ("at 9 pm guests arrive", "21:00", "21:00"),
        ("from half past seven", "19:30", "19:30"),
        ("ten past midnight", "00:10", "00:10"),
        ("at 0730", "07:30", "07:30"),
        ("20 o'clock", "20:00", "20:00"),
        ("twenty o'clock", "20:00", "20:00"),
        ("At nineteen thirty.", "19:30", "19:30"),
        ("at 20 degrees", None, None),
        ("at eighteen I moved to Leeds", None, None),
        ("twenty-five", None, None),
        ("forty five", None, None),
        ("tonight 4 people", None, None),
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Friday the 15th", "2026-05-15"),
        ("Friday, May 15th, at 7:30pm for four people", "2026-05-15"),
        ("Saturday the 16th", "2026-05-16"),
        ("On the 16th, a Saturday", "2026-05-16"),
        ("next Friday, the fifteenth", "2026-05-15"),
        ("The third of March, eighty-one.", "1981-03-03"),
        ("3rd of March '81", "1981-03-03"),
        ("March 3rd, 81", "1981-03-03"),
        ("the 3rd of March '24", "2024-03-03"),
        ("the 3rd of March '35", "1935-03-03"),
        ("March the third, oh four", "2004-03-03"),
        ("June 5th, twenty twenty-seven", "2027-06-05"),
        ("the 15th of May, forty people", "2026-05-15"),
        ("May 15th, twenty past seven", "2026-05-15"),
        ("May 15th, 20 people", "2026-05-15"),
        ("A week from Friday.", "2026-05-15"),
        ("a week on Friday", "2026-05-15"),
        ("two weeks from tomorrow", "2026-05-21"),
        ("for three days from Friday", "2026-05-08"),
        ("Friday week.", "2026-05-15"),
        ("The Friday after next.", "2026-05-22"),
        ("next week on Friday", "2026-05-15"),
        ("Friday in two weeks", "2026-05-22"),
        ("Last Friday I was there", None),
        ("It has hurt since Friday", None),
        ("It's the first time we come.", None),
        ("the second floor", None),
        ("the third one of all", None),
        ("the first of all", None),
        ("the 5th Avenue", None),
        ("the first available table", None),
        ("is the 8th available", "2026-05-08"),
        ("the 8th half past seven", "2026-05-08"),
        ("I was born on the night of June, nineteen fifty.", "1950-06-09"),
        ("next month on the 20th", "2026-06-20"),
        ("the first would be fine", "2026-06-01"),
        ("the 3rd of next month", "2026-06-03"),
        ("In two weeks", "2026-05-20"),
        ("in three days", "2026-05-09"),
        ("in a fortnight", "2026-05-20"),
        ("twice in three days", None),
        ("may 4 people come", None),
        ("February 29th", "2028-02-29"),
    ],
)
def test_dates_beside_others(text: str, expected: str | None) -> None:
    assert [found.value for found in dates(text, WEDNESDAY)] == ([expected] if expected else [])


def test_a_day_of_a_leap_year_is_the_next_there_is() -> None:
    assert [found.value for found in dates("February 29th", FRIDAY)] == ["2020-02-29"]
