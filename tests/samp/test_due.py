"""What is to be asked: one question, in the cast's words, and nothing where it would be out of place."""

from typing import Any

from msgspec.structs import replace

from antiphon.samp import read_cast
from antiphon.samp.commands import GoTo, SetSlot
from antiphon.samp.due import Due, question_due
from antiphon.samp.state import Called, Filled, Place

from .casts import example
from .talks import Talk

RESTAURANT = read_cast(example("restaurant"))


def booking(said: str, **changed: Any) -> Due | None:
    """Somebody books a table, tells the number of guests, and says so."""
    talk = Talk(RESTAURANT)
    talk.reply(40)
    talk.caller(said)
    talk.propose(SetSlot("guests", 4.0), base=0, turn=1)
    talk.propose(GoTo("booking"), base=1, turn=1)
    return question_due(RESTAURANT, replace(talk.state, **changed))


def confirming(said: str) -> Due | None:
    talk = Talk(RESTAURANT)
    talk.caller(said)
    told = {"guests": 4.0, "day": "2026-05-08", "hour": "19:30", "caller": "J. Brook"}
    slots = {name: Filled(value, 0, "host") for name, value in told.items()}
    place, openings = Place("confirm", "host"), {"confirm": 19}
    return question_due(RESTAURANT, replace(talk.state, place=place, slots=slots, openings=openings))


def test_the_next_slot_is_asked_for_at_once_where_the_caller_only_answers() -> None:
    assert booking("A table for four") == Due("For which day?", frozenset({"day", "visit"}), at_once=True)
    for more in (
        "A table for four. Tell me about the terrace",
        "A table for four, and my wife is vegan",
        "Four?",
    ):
        assert (found := booking(more)) is not None
        assert not found.at_once, more


def test_what_came_of_a_tool_is_told_whole() -> None:
    found = booking("A table for four", called=(Called("a", "book_table", 1, "done", "Number 7."),))
    assert found is not None
    assert not found.at_once


def test_nothing_is_asked_of_who_takes_leave() -> None:
    assert booking("All right, thank you, goodbye.") is None


def test_an_order_of_the_slow_loop_is_not_for_the_callers_ears() -> None:
    assert booking("Hm", question="find out which is meant: a table, or a glass") is None
    assert (found := booking("Hm", question="A table, or a glass?")) is not None
    assert found.question == "A table, or a glass?"


def test_what_waits_for_an_answer_is_asked_until_there_is_one() -> None:
    assert (found := confirming("Well, let me see.")) is not None
    assert found.question == "Is that right?"
    assert confirming("No, that is wrong.") is None, "the model asks what is wrong"
