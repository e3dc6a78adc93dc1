"""What a sentence tells, by its words, by what was asked, and by what is open."""

from datetime import date

import pytest

from antiphon.samp import read_cast
from antiphon.samp.extraction import tellings

from .casts import example

CASTS = {name: read_cast(example(name)) for name in ("restaurant", "clinic", "town")}
BOOKING = ("guests", "day", "hour", "seat", "caller")


def told(name: str, text: str, asked: tuple[str, ...], **known: str | float) -> dict[str, str | float]:
    found = tellings(CASTS[name], text, asked=asked, known=known, today=date(2026, 5, 6))
    return {each.slot: each.value for each in found}


@pytest.mark.parametrize(
    ("cast", "text", "asked", "expected"),
    [
        ("restaurant", "There will be four of us.", BOOKING, {"guests": 4}),
        ("restaurant", "Four.", BOOKING, {"guests": 4}),
        (
            "restaurant",
            "A table for three tonight at six.",
            BOOKING,
            {"guests": 3, "day": "2026-05-06", "hour": "18:00"},
        ),
        ("restaurant", "A table for three tonight.", ("hour", *BOOKING), {"guests": 3, "day": "2026-05-06"}),
        ("restaurant", "Six tonight, please.", ("hour", "guests"), {"hour": "18:00"}),
        (
            "restaurant",
            "a table for four on Friday at half past seven",
            BOOKING,
            {"guests": 4, "day": "2026-05-08", "hour": "19:30"},
        ),
        (
            "restaurant",
            "Friday at seven, for two people, under Brook",
            BOOKING,
            {"guests": 2, "day": "2026-05-08", "hour": "19:00", "caller": "Brook"},
        ),
        ("restaurant", "Could we sit outside, by the river?", ("hour", "seat"), {"seat": "terrace"}),
        ("restaurant", "We would rather not sit outside.", ("seat",), {}),
        ("restaurant", "My name is Helen Brook.", ("caller",), {"caller": "Helen Brook"}),
        ("restaurant", "It's Brook.", ("caller",), {"caller": "Brook"}),
        ("restaurant", "I'm fine, thanks.", ("caller",), {}),
        ("restaurant", "What time do you close?", BOOKING, {}),
        (
            "restaurant",
            "It's her birthday, she turns forty.",
            ("surprise",),
            {"surprise": "It's her birthday, she turns forty"},
        ),
        ("restaurant", "Can I ask you something?", ("surprise",), {}),
        ("restaurant", "walnuts, mostly", ("allergy",), {"allergy": "nuts"}),
        ("clinic", "born on the third of March 1981", ("born", "day"), {"born": "1981-03-03"}),
        ("clinic", "Tomorrow would suit me.", ("day", "hour"), {"day": "2026-05-07"}),
        ("clinic", "at 440 in the afternoon.", ("hour",), {"hour": "16:40"}),
        ("town", "The train at 1140. Please.", ("train",), {"train": "11:40"}),
        ("clinic", "It costs 440 euros", ("hour",), {}),
        ("clinic", "The pain is about a seven out of ten.", ("since", "pain"), {"pain": 7}),
        (
            "clinic",
            "it was thirty-eight point five degrees",
            ("since", "temperature", "pain"),
            {"temperature": 38.5},
        ),
        ("clinic", "about three days", ("since", "temperature", "pain"), {"since": 3}),
        (
            "clinic",
            "three days, and it was 39 degrees",
            ("since", "temperature"),
            {"since": 3, "temperature": 39},
        ),
        ("clinic", "a fever of ninety", ("temperature",), {}),
        ("town", "Could I have six rolls, please?", ("rolls", "extra"), {"rolls": 6}),
        (
            "town",
            "a return ticket for the 11:40",
            ("ticket", "train"),
            {"ticket": "return", "train": "11:40"},
        ),
    ],
)
def test_what_is_told(cast: str, text: str, asked: tuple[str, ...], expected: dict[str, str | float]) -> None:
    assert told(cast, text, asked) == expected


def test_what_is_known_changes_only_when_it_is_corrected() -> None:
    assert told("restaurant", "Friday at eight", ("guests",), hour="19:30", day="2026-05-08") == {}
    assert told("restaurant", "No, make it eight o'clock", ("guests", "hour"), hour="19:30") == {
        "hour": "20:00"
    }
    assert told("restaurant", "we are five people", ("day",), guests=4.0) == {"guests": 5}
    open_still = ("day", "hour", "guests")
    assert told("restaurant", "My sister comes too, so we will be five.", open_still, guests=4.0) == {
        "guests": 5
    }
    assert told("restaurant", "We will be there at five.", open_still, guests=4.0) == {"hour": "17:00"}
    assert told("clinic", "It is three.", ("pain", "since", "temperature"), since=2.0) == {"pain": 3}
    assert told("town", "No, wait, it is red. Dark red.", ("key_colour",), key_colour="blue") == {
        "key_colour": "red"
    }


def test_partial_words_tell_no_less_than_they_say() -> None:
    whole = ["a", "table", "for", "four", "on", "Friday", "at", "half", "past", "seven"]
    so_far = [told("restaurant", " ".join(whole[:n]), BOOKING) for n in range(1, len(whole) + 1)]
    assert [len(each) for each in so_far] == sorted(len(each) for each in so_far)
    assert so_far[3] == {"guests": 4}


def test_what_was_agreed_in_another_scene_can_be_corrected() -> None:
    known: dict[str, str | float] = {"guests": 2.0, "day": "2026-05-08", "hour": "19:30"}
    assert told("restaurant", "Oh wait, my sister is coming too, so we will be five.", (), **known) == {
        "guests": 5
    }
    assert told("restaurant", "Actually, make it Saturday at eight.", (), **known) == {
        "day": "2026-05-09",
        "hour": "20:00",
    }
    assert told("restaurant", "So we will be five.", (), **known) == {}, "nothing says that it corrects"
    assert told("restaurant", "No, I mean, are you open on Monday?", (), **known) == {}, "a question"
    assert told("restaurant", "Yes, that's correct. I am away tomorrow.", (), **known) == {}
    assert told("restaurant", "No, thank you. I will call again tomorrow.", (), **known) == {}
    # Where the like is asked for, it is that which is told.
    assert told("town", "No wait, five.", ("rolls",), rolls=2.0) == {"rolls": 5}
