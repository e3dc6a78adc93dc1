"""Words that want more words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.dialogue.completeness import CONNECTIVES, DETERMINERS, FILLERS, wants_more


@pytest.mark.parametrize(
    "words",
    [
        "I would like a",
        "I would like to.",
        "Well, um",
        "He came and...",
        "He came, and",
        "First the milk,",
        "It was because",
        "I think that —",
        "I’m",
        "We went with",
    ],
)
def test_words_that_break_off(words: str) -> None:
    assert wants_more(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "...?",
        "Yes.",
        "What is that?",
        "Where are you from?",
        "Who did you go with",
        "He left.",
        "Уже и",
        "はい",
    ],
)
def test_words_that_may_be_all(words: str) -> None:
    assert not wants_more(words)


@given(
    before=st.lists(st.sampled_from(["we", "saw", "where", "dogs", "to"])),
    last=st.sampled_from(sorted(FILLERS | CONNECTIVES | DETERMINERS)),
    mark=st.sampled_from(["", ".", "?", ",", "…"]),
)
def test_a_last_word_that_wants_more_does_so_whatever_came_before(
    before: list[str], last: str, mark: str
) -> None:
    assert wants_more(" ".join([*before, last]) + mark)


@given(words=st.text(), blank=st.sampled_from([" ", "\n", "  "]))
def test_blanks_around_do_not_matter(words: str, blank: str) -> None:
    assert wants_more(blank + words + blank) == wants_more(words)
