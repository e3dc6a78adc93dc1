"""Names that are spelled, as the recognisers write down what our own voices spell."""

from datetime import date

import pytest

from antiphon.samp import read_cast
from antiphon.samp.extraction import tellings
from antiphon.samp.said_letters import respelled, spelled

from .casts import example

CAST = read_cast(example("restaurant"))


def told(text: str, *asked: str, known: str = "", waiting: tuple[str, ...] = ()) -> dict[str, object]:
    slots = {"caller": known, "day": "2026-05-08"} if known else {}
    found = tellings(CAST, text, asked=asked, known=slots, waiting=waiting, today=date(2026, 5, 6))
    return {each.slot: each.value for each in found}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("It'sburg, B-E-R-G.", "Berg"),
        ("It's Berg, B, E, R, G.", "Berg"),
        ("b e r g", "Berg"),
        ("My name is siapin s-i-o-b-h-a-n.", "Siobhan"),
        ("My name is Xiaopin S-I-O-B-H-A-N.", "Siobhan"),
        ("The name is Karl Burke. That's K-A-R-L and then B-E-R-G.", "Karl Berg"),
        ("The name is Carlburg. That's K-A-R-L and then B-E-R G.", "Karl Berg"),
        ("Carl Berg, with a K, K-A-R-L.", "Karl Berg"),
        ("Jonas JONAS.", "Jonas"),
        ("It's Berg, B-E-R-G. I think that's all.", "Berg"),
        ("It's Miller, M-I-double L-E-R.", "Miller"),
        ("Smith, S as in sugar, M-I-T-H.", "Smith"),
        ("O'Brien, O apostrophe B-R-I-E-N.", "O'Brien"),
        ("It's Berg, B-E-R-G, yes, B-E-R-G.", "Berg"),
        ("It's Burg. B.E.R.G.", "Berg"),
        ("My name is Helen Brook. Helen, H, E, L, E, N. Brook, B, R, O, O, K.", "Helen Brook"),
        ("My name is Helen Brooke. H, E, L, E, N. B, R, O, O, K.", "Helen Brook"),
        ("My name is J. R. Smith", "J. R. Smith"),
    ],
)
def test_what_is_spelled_takes_the_place_of_what_it_is_like(text: str, name: str) -> None:
    assert told(text, "caller", "day") == {"caller": name}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("No, it's burg, b-e-r-g.", "Carl Berg"),
        ("It's Berg. B-E-R-G.", "Carl Berg"),
        ("No, Karl, K-A-R-L.", "Karl Burke"),
        ("No, it's not B-U-R-K-E, it's B-E-R-G.", "Carl Berg"),
    ],
)
def test_of_a_name_that_was_read_out_the_part_that_is_spelled_is_corrected(text: str, name: str) -> None:
    assert told(text, known="Carl Burke", waiting=("caller", "day")) == {"caller": name}


@pytest.mark.parametrize(
    "text",
    [
        "At 7 p.m., I think.",
        "at seven p m, I think",
        "We come from the U.S.A., four people.",
        "B, or C?",
        "J.R.R. Tolkien",
        "DAVID BOWIE",
        "I, I, I don't know yet.",
        "It's not B-E-R-G.",
    ],
)
def test_few_letters_and_initials_spell_nothing(text: str) -> None:
    assert spelled(text) == ()


def test_letters_without_a_name_that_is_wanted_tell_nothing() -> None:
    assert told("The street is B-E-R-G.", "guests") == {}
    assert told("The street is B-E-R-G.", "day", "caller", known="Ann Miller") == {}
    assert told("A.I.K.O.", "guests", known="Echo") == {"caller": "Aiko"}, "they have just told their name"
    assert told("No, it's Amir, A-M-I-R.", known="Emir Berg", waiting=("caller",)) == {"caller": "Amir Berg"}


def test_where_more_is_spelled_than_is_known_it_is_all_there_is() -> None:
    letters = spelled("K-A-R-L, Berg, B-E-R-G")
    assert respelled("", letters) == respelled("Carlburg", letters) == "Karl Berg"
    assert respelled("Karl Johann Burg", letters) == "Karl Johann Berg"
