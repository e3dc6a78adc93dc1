"""A bare number is what alone it can be of what was read out; else the caller is asked."""

from datetime import date

import pytest

from antiphon.samp import read_cast
from antiphon.samp.unclear import readings

from .casts import example

CASTS = {"restaurant": read_cast(example("restaurant"))}
AGREED: dict[str, str | float] = {"guests": 4.0, "day": "2026-05-08", "hour": "19:00", "caller": "Brook"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No, eight.", {"guests": 8, "hour": "20:00"}),
        ("no eight", {"guests": 8, "hour": "20:00"}),
        ("No, make it eight.", {"guests": 8, "hour": "20:00"}),
        ("No, it should be eight.", {"guests": 8, "hour": "20:00"}),
        ("No, four.", {"hour": "16:00"}),
        ("No, seven.", {"guests": 7}),
        ("No, fourteen.", {"guests": 14}),
        ("No, thirty.", {}),
        ("Eight.", {}),
        ("No, eight?", {}),
        ("Not eight.", {}),
        ("No, eight people.", {}),
        ("No, we have eight children with us.", {}),
    ],
)
def test_what_a_bare_number_may_be_of_what_was_read_out(text: str, expected: dict[str, str | float]) -> None:
    waiting = ("guests", "day", "hour", "caller")
    found = readings(CASTS["restaurant"], text, waiting, known=AGREED, today=date(2026, 5, 6))
    assert {each.slot: each.value for each in found} == expected
