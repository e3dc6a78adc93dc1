"""Where a breath is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.engines.phrasing import phrases

ABBREVIATIONS = frozenset({"Dr", "Jan"})


def cut(text: str) -> list[str]:
    return [" ".join(phrase.words) for phrase in phrases(text, ABBREVIATIONS)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Hello.", ["Hello."]),
        ("One here. Two there! Three?", ["One here.", "Two there!", "Three?"]),
        ("Ask Dr. Smith about J. K. Rowling. He knows.", ["Ask Dr. Smith about J. K. Rowling.", "He knows."]),
        ("Pi is 3.14 or so. e.g. this", ["Pi is 3.14 or so. e.g. this"]),
        ("Well, I see.", ["Well, I see."]),
        ("I am very sorry, but we are closed.", ["I am very sorry,", "but we are closed."]),
        ("It opens on Jan. 5th, 2024.", ["It opens on Jan. 5th, 2024."]),
        ("A list:\n- eggs\n- milk", ["A list:", "- eggs", "- milk"]),
        ("He said “stop.” Then he left.", ["He said “stop.”", "Then he left."]),
        ("... yes", ["... yes"]),
    ],
)
def test_where_it_cuts(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_only_the_first_sentence_is_cut_early() -> None:
    assert cut("That is so. I am very sorry, but we are closed.") == [
        "That is so.",
        "I am very sorry, but we are closed.",
    ]


def test_a_very_long_sentence_is_cut_at_a_clause_or_between_words() -> None:
    clauses = cut("So. " + "this goes on and on for a very long time, " * 12)
    assert all(phrase.endswith(",") for phrase in clauses[1:])
    assert max(map(len, clauses)) < 300
    assert max(map(len, cut("word " * 300))) < 300


def test_a_line_break_is_remembered() -> None:
    assert [phrase.line_break for phrase in phrases("One\nTwo", ABBREVIATIONS)] == [True, False]


@given(st.text('aB1 .,;:!?—-\n"”', max_size=400))
def test_no_word_is_lost(text: str) -> None:
    assert [word for phrase in phrases(text, ABBREVIATIONS) for word in phrase.words] == text.split()
