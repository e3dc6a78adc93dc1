"""A yes that comes early is the answer to a question, and not a listening word."""

import pytest

from .players import Engines
from .test_barge_in import answering


@pytest.mark.parametrize(
    ("answer", "said", "left_ms", "outcome"),
    [
        ("A table for four on Friday is that right?", "yes", 400, "answered"),
        ("A table for four on Friday is that right?", "that's right", 400, "answered"),
        ("A table for four on Friday is that right?", "mm-hm", 400, "backchannel"),
        ("A table for four on Friday is that right?", "yes", 1900, "backchannel"),
        ("A table for four on Friday it is then.", "yes", 400, "backchannel"),
    ],
)
def test_a_yes_over_the_end_of_a_question_answers_it(
    answer: str, said: str, left_ms: float, outcome: str
) -> None:
    asks_once = iter([answer])
    conversation, begun = answering(Engines(answer=lambda _: next(asks_once, "So be it.")))
    conversation.caller_says(said, at_ms=begun + 250 * len(answer.split()) - left_ms, for_ms=300)
    conversation.plays_out()
    assert conversation.outcomes[-1 if outcome == "answered" else 0] == (2, outcome)
    assert (("caller", said) in conversation.record) == (outcome == "answered")
