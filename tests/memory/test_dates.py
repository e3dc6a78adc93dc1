"""Words for times become days."""

from datetime import date

import pytest

from antiphon.memory.dates import Span, spans

SAID = date(2023, 5, 8)  # a Monday


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("I went yesterday", "2023-05-07", "2023-05-07"),
        ("two days ago", "2023-05-06", "2023-05-06"),
        ("a year ago", "2022-01-01", "2022-12-31"),
        ("three months ago", "2023-02-01", "2023-02-28"),
        ("last week", "2023-05-01", "2023-05-07"),
        ("next weekend", "2023-05-20", "2023-05-21"),
        ("last Friday", "2023-05-05", "2023-05-05"),
        ("next month", "2023-06-01", "2023-06-30"),
        ("on 7 May 2022", "2022-05-07", "2022-05-07"),
        ("May 7th, 2022", "2022-05-07", "2022-05-07"),
        ("in August", "2022-08-01", "2022-08-31"),
        ("in March 2021", "2021-03-01", "2021-03-31"),
        ("since 2019", "2019-01-01", "2019-12-31"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
    ],
)
def test_a_time_is_resolved_against_the_day_it_was_said(text: str, first: str, last: str) -> None:
    assert spans(text, SAID) == [Span(date.fromisoformat(first), date.fromisoformat(last))]


@pytest.mark.parametrize("text", ["you may march on", "999 years ago is long", "nothing", ""])
def test_what_is_no_day_is_left_alone(text: str) -> None:
    assert [span for span in spans(text, SAID) if span.first.year > 1100] == []
