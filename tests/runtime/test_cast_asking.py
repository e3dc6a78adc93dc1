"""What is due is asked once and nothing in its place, however an answer comes in pieces."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import NEVER, Finish, Piece, TextDelta
from antiphon.runtime.cast_asking import Enough, spoken
from antiphon.runtime.cast_lead import Lead
from antiphon.samp.due import Due

DUE = Due("And at what time?", frozenset({"time", "hour"}))


def said(
    *pieces: str,
    due: Due | None = DUE,
    before: str = "",
    reason: Literal["stop", "length"] = "stop",
    lead: Lead | None = None,
) -> str:
    made: list[Piece] = [*(TextDelta(piece) for piece in pieces), Finish(reason)]
    told = list(spoken(made, lead or Lead("Maya"), due, Enough(NEVER), before))
    assert told[-1] == Finish(reason)
    return "".join(piece.text for piece in told if isinstance(piece, TextDelta))


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        ("Very well.", "Very well. And at what time?"),
        ("Very well. What time would suit you?", "Very well. What time would suit you?"),
        ("Very well. And at what time?", "Very well. And at what time?"),
        ("Very well. Anything else? We are glad.", "Very well. We are glad. And at what time?"),
        ("Very well. What time? Or what hour?", "Very well. What time?"),
        ("Shall I call? I could.", "Shall I call? I could. And at what time?"),
        ("What would you like next?", "What would you like next? And at what time?"),
        ("", "And at what time?"),
    ],
)
def test_what_is_due_is_asked_and_nothing_in_its_place(answer: str, heard: str) -> None:
    assert said(answer) == heard


def test_where_nothing_is_due_the_model_asks_what_it_likes() -> None:
    assert said("Very well. Anything else?", due=None) == "Very well. Anything else?"


def test_what_is_asked_already_is_not_asked_again() -> None:
    assert said("Let me see.", before="At what time shall it be?") == "Let me see."


def test_an_answer_that_was_cut_off_asks_nothing() -> None:
    assert said("Well, that", reason="length") == "Well, that"


def test_the_question_takes_the_place_of_what_need_not_be_said() -> None:
    lead = Lead("Maya", "the host", frozenset({"for which day"}))
    assert said("For which day?", lead=lead) == "And at what time?"


def test_a_question_without_telling_words_is_asked_by_any_other() -> None:
    due = Due("What can I do for you?", frozenset())
    assert said("What can I do for you today?", due=due) == "What can I do for you today?"
    assert said("Very well.", due=due) == "Very well. What can I do for you?"


def test_the_first_sentence_waits_for_nothing() -> None:
    pieces = spoken(
        [TextDelta("Very"), TextDelta(" well."), Finish("stop")], Lead("Maya"), DUE, Enough(NEVER)
    )
    assert next(pieces) == TextDelta("Very")
    assert next(pieces) == TextDelta(" well.")


def test_a_caller_who_has_only_answered_is_asked_at_once() -> None:
    due, enough = Due("And at what time?", frozenset({"time"}), at_once=True), Enough(NEVER)

    def generate() -> Iterator[Piece]:
        for text in ("Thank you,", " Paul. Doctor", " Smith is here."):
            if enough.is_set():
                yield Finish("cancelled")
                return
            yield TextDelta(text)
        pytest.fail("it goes on although enough was said")

    told = list(spoken(generate(), Lead("Maya"), due, enough))
    assert told == [TextDelta("Thank you,"), TextDelta(" Paul. And at what time?"), Finish("stop")]
    assert said("What time? Or another?", due=due) == "What time?"
    assert said("What can I do", " for you? I am here.", due=due) == "And at what time?"
    assert said("A", "nd", " what can I do for you? I am here.", due=due) == "And at what time?"
    assert said("Thank you, Dr. Holm. I note it.", due=due) == "Thank you, Dr. Holm. And at what time?"
    assert said("For", " Monday? For which day?", due=due) == "And at what time?"
    assert said("Sure", ", for", " what day? Well.", due=due) == "And at what time?"
    assert said("Sure, four", " people. Well.", due=due) == "Sure, four people. And at what time?"
    assert said("On Monday, ", "very well. So.", due=due) == "On Monday, very well. And at what time?"
    assert said("On a Monday in", " May? Well.", due=due) == "On a Monday in May? And at what time?"
    assert said("What", "ever you like. I am here.", due=due) == "Whatever you like. And at what time?"


@given(
    text=st.text("ab.? ", max_size=16)
    | st.sampled_from(
        (
            "Well. Anything else? A time? Good.",
            "And what can I do? Well.",
            "I am. So?",
            "Isle. At six. Is it?",
            "Sure, for a day? At six.",
        )
    ),
    cuts=st.lists(st.integers(0, 16), max_size=4),
)
def test_how_it_is_cut_does_not_matter(text: str, cuts: list[int]) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut <= len(text))})
    for due in (DUE, Due(DUE.question, DUE.words, at_once=True)):
        whole = said(text, due=due)
        assert said(*(text[a:b] for a, b in pairwise(edges)), due=due) == whole
        assert DUE.question in whole or "time" in text
