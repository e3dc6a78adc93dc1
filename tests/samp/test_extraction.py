"""What a sentence tells, by its words, by what was asked, and by what is open."""

from datetime import date

import pytest

from antiphon.samp import read_cast
from antiphon.samp.extraction import denies, tellings

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
        ("restaurant", "for people please", BOOKING, {"guests": 4}),
        ("restaurant", "For people with small children, too?", ("day", *BOOKING), {}),
        ("restaurant", "For how many people is it?", BOOKING, {}),
        ("restaurant", "To be honest, I do not know.", BOOKING, {}),
        ("restaurant", "For seats outside, do we have to pay extra?", BOOKING, {"seat": "terrace"}),
        ("clinic", "For pain I take ibuprofen.", ("pain",), {}),
        ("clinic", "For days now.", ("since",), {}),
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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Brook.", "Brook"),
        ("Um, Brook.", "Brook"),
        ("Uh, it's Brook.", "Brook"),
        ("Of course. Brook.", "Brook"),
        ("Golly, Brook.", "Brook"),
        ("Brook speaking.", "Brook"),
        ("Helen Brook. Helen with an H.", "Helen Brook"),
        ("Brook, B-R-O-O-K.", "Brook"),
        ("Rose Green.", "Rose Green"),
        ("Hello Maya, it's Brook.", "Brook"),
        ("Brook. No, sorry, Brooks.", "Brooks"),
        ("Not Brook, Brooks.", "Brooks"),
        ("My name is Élodie Dupré.", "Élodie Dupré"),
        ("Élodie Dupré", "Élodie Dupré"),
        ("My name is Öztürk.", "Öztürk"),
        ("I'm Ángel García.", "Ángel García"),
        ("My name is, um, Brook.", "Brook"),
        ("My name is Ludwig van der Berg.", "Ludwig van der Berg"),
        ("My name is de la Cruz.", "de la Cruz"),
        ("My name is Żółć Никита.", "Żółć Никита"),
        ("my name is anna smith", "Anna Smith"),
        ("My name is anna smith.", "Anna Smith"),
        ("hi, my name is anna smith and i would like a table", "Anna Smith"),
        ("my name is um anne-marie o'brien, thanks", "Anne-Marie O'Brien"),
        ("my name is ludwig van der berg", "Ludwig van der Berg"),
        ("under the name smith please", "Smith"),
        ("Under the name Smith.", "Smith"),
        ("Under the name of Helen Brook, please.", "Helen Brook"),
        ("It's for the name Smith.", "Smith"),
    ],
)
def test_a_name_is_told(text: str, name: str) -> None:
    assert told("restaurant", text, ("caller",)) == {"caller": name}


@pytest.mark.parametrize(
    "text",
    [
        "Sorry?",
        "Hang on.",
        "Pardon?",
        "Hmm.",
        "Right.",
        "Just a moment.",
        "Actually, let me think.",
        "Four people.",
        "Inside, please.",
        "Are you open on Sunday?",
        "Can I talk to Bruno?",
        "Bruno, please.",
        "Saturday.",
        "At Eight o'clock.",
        "Uh. Um. Er.",
        "One second.",
        "Everything fine.",
        "i am tired",
        "i'm hungry",
        "this is great",
        "my name is not important",
        "my name is important.",
        "My name is difficult.",
        "my name is spelled with a k",
        "my name is the problem",
        "my name is on the list",
        "my name is hard to spell",
        "under the name i gave you",
        "under the bridge",
    ],
)
def test_what_is_nobodys_name(text: str) -> None:
    assert "caller" not in told("restaurant", text, ("caller",))


def test_a_day_that_was_misheard_is_no_name() -> None:
    asked = ("caller", "guests", "day", "hour")
    assert told("restaurant", "No, I said Saturday.", asked, day="2026-05-08") == {"day": "2026-05-09"}


@pytest.mark.parametrize(
    ("cast", "slot", "text", "value"),
    [
        ("clinic", "medicine", "Penicillin.", "Penicillin"),
        ("clinic", "symptom", "Headache.", "Headache"),
        ("clinic", "symptom", "Um.", None),
        ("clinic", "symptom", "Sorry.", None),
        ("clinic", "symptom", "Okay.", None),
        ("clinic", "symptom", "Hang on.", None),
        ("clinic", "symptom", "Just a moment, please.", None),
        ("clinic", "symptom", "Daniel.", None),
    ],
)
def test_one_free_word_is_an_answer_unless_it_says_nothing(
    cast: str, slot: str, text: str, value: str | None
) -> None:
    assert told(cast, text, (slot,)) == ({} if value is None else {slot: value})
    assert told(cast, text, ("", slot)) == {}, "it was not asked for"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Nothing with nuts.", "nuts"),
        ("No allergies, except nuts.", "nuts"),
        ("No allergies except nuts.", "nuts"),
        ("nothing, well, nuts actually", "nuts"),
        ("No nuts.", "nuts"),
        ("No nuts, nothing else.", "nuts"),
        ("Everything but nuts.", "nuts"),
        ("Nothing but dairy.", "dairy"),
        ("My wife cannot eat dairy.", "dairy"),
        ("My husband can't have any gluten.", "gluten"),
        ("My mother must not eat nuts.", "nuts"),
        ("Not nuts, celery.", "celery"),
        ("Nuts are fine, but no dairy.", "dairy"),
        ("I'm not allergic to nuts.", None),
        ("I'm not allergic to nuts, nothing.", None),
        ("No problem with nuts.", None),
        ("No, no nut allergy.", None),
        ("No, none.", "none"),
        ("No, nothing.", "none"),
        ("No, we eat everything.", "none"),
        ("No, no allergies.", "none"),
        ("None.", "none"),
    ],
)
def test_what_must_be_left_out_is_never_taken_for_nothing(text: str, value: str | None) -> None:
    assert told("restaurant", text, ("allergy",)) == ({} if value is None else {"allergy": value})


@pytest.mark.parametrize(
    ("cast", "slot", "text", "value"),
    [
        ("town", "extra", "No, that's all.", "nothing"),
        ("town", "extra", "No, thank you.", "nothing"),
        ("town", "extra", "No, nothing else.", "nothing"),
        ("town", "extra", "No bun, that's all.", "nothing"),
        ("town", "extra", "Nothing else but a bun.", "bun"),
        ("restaurant", "seat", "I don't want to sit outside.", None),
        ("restaurant", "seat", "I don't mind sitting outside.", "terrace"),
        ("restaurant", "seat", "I don't know, outside perhaps.", "terrace"),
        ("restaurant", "seat", "Not inside but outside.", "terrace"),
        ("restaurant", "seat", "Inside, no, outside.", "terrace"),
        ("restaurant", "seat", "Anything but the terrace.", None),
        ("restaurant", "seat", "The terrace won't do.", None),
        ("restaurant", "seat", "Outside instead of inside.", "terrace"),
        ("restaurant", "pairing", "No red.", None),
        ("restaurant", "pairing", "No, red.", "red"),
        ("town", "ticket", "I don't need a return, single is fine.", "single"),
        ("town", "ticket", "I don’t need a return.", None),
        ("town", "key_colour", "It was never red.", None),
    ],
)
def test_a_denied_option_is_none(cast: str, slot: str, text: str, value: str | None) -> None:
    assert told(cast, text, (slot,)) == ({} if value is None else {slot: value})


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("guests", "Six people, no sorry, seven people.", 7),
        ("guests", "No, three. Sorry, four.", 4),
        ("guests", "Not four, six.", 6),
        ("guests", "Not more than six.", 6),
        ("day", "On Friday, no, on Saturday.", "2026-05-09"),
        ("day", "The 7th, no, the 8th.", "2026-05-08"),
        ("day", "Friday, or make it Saturday.", "2026-05-09"),
        ("day", "Friday. Saturday instead.", "2026-05-09"),
        ("day", "Saturday instead of Friday.", "2026-05-09"),
        ("day", "Not on Friday, on Saturday.", "2026-05-09"),
        ("day", "I can't do Friday, Saturday is fine.", "2026-05-09"),
        ("day", "Friday doesn't suit me, Saturday does.", "2026-05-09"),
        ("day", "Any day but Friday.", None),
        ("day", "Not Friday.", None),
        ("day", "Not before Friday.", "2026-05-08"),
        ("day", "Why not Friday.", "2026-05-08"),
        ("hour", "Not at seven, at eight.", "20:00"),
        ("hour", "At seven, no, eight.", "20:00"),
        ("hour", "At seven, no, wait, at half past eight.", "20:30"),
    ],
)
def test_what_is_taken_back_is_not_told(slot: str, text: str, value: str | float | None) -> None:
    assert told("restaurant", text, (slot,)) == ({} if value is None else {slot: value})


def test_only_the_like_is_taken_back() -> None:
    assert told("restaurant", "Five people at six, sorry, seven.", BOOKING) == {"guests": 5, "hour": "19:00"}
    assert told("restaurant", "Four people on Friday, no sorry, five people.", BOOKING) == {
        "guests": 5,
        "day": "2026-05-08",
    }
    asked = ("pain", "since", "temperature")
    assert told("clinic", "A seven out of ten. Sorry, and three days.", asked) == {"pain": 7, "since": 3}
    assert told("clinic", "I couldn't sleep for three nights.", ("since",)) == {"since": 3}
    known: dict[str, str | float] = {"day": "2026-05-08"}
    assert told("restaurant", "Friday doesn't work, Saturday does.", BOOKING, **known) == {
        "day": "2026-05-09"
    }
    assert told("restaurant", "Saturday, no, Friday.", BOOKING, **known) == {}


AGREED: dict[str, str | float] = {"guests": 4.0, "day": "2026-05-08", "hour": "19:00", "caller": "Brook"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes, that's right, but on Saturday, not on Friday.", {"day": "2026-05-09"}),
        ("No, at eight.", {"hour": "20:00"}),
        ("No, Saturday.", {"day": "2026-05-09"}),
        ("Yes, but at eight o'clock.", {"hour": "20:00"}),
        ("Yes, but on Saturday.", {"day": "2026-05-09"}),
        ("Yes, except the time, it should be eight.", {"hour": "20:00"}),
        ("Not seven, eight.", {"hour": "20:00"}),
        ("No, five people.", {"guests": 5}),
        ("Not four, five.", {"guests": 5}),
        ("Not Brook, Brooks.", {"caller": "Brooks"}),
        ("Could we make it Saturday?", {"day": "2026-05-09"}),
        ("Yes, that's right, on Friday at seven.", {}),
        ("Yes, that's correct. I am away tomorrow.", {}),
        ("No, are you open on Monday?", {}),
        ("No, thank you. I will call again tomorrow.", {}),
        ("Sorry?", {}),
        ("Yes, perfect, Maya.", {}),
        ("No, eight.", {}),
    ],
)
def test_what_was_read_out_can_be_corrected(text: str, expected: dict[str, str | float]) -> None:
    waiting = ("guests", "day", "hour", "caller")
    found = tellings(
        CASTS["restaurant"], text, asked=("",), known=AGREED, today=date(2026, 5, 6), waiting=waiting
    )
    assert {each.slot: each.value for each in found} == expected


def test_what_is_denied_of_what_was_read_out() -> None:
    slots = ("guests", "day", "hour", "caller")
    cases = {"Yes, but not on Friday.": ("day",), "Not seven.": ("hour",), "On Friday, not Saturday.": ()}
    for text, slot in cases.items():
        assert denies(CASTS["restaurant"], text, slots, known=AGREED, today=date(2026, 5, 6)) == slot
