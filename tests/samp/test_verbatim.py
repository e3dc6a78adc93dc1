"""What the caller told and asks for is told exactly; everything else is left to the model."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from antiphon.samp import read_cast
from antiphon.samp.state import Called, Filled, Place, Said, State
from antiphon.samp.verbatim import Verbatim, verbatim

from .casts import example
from .talks import Talk

RESTAURANT, TOWN = read_cast(example("restaurant")), read_cast(example("town"))
TODAY = date(2026, 5, 6)
TOLD = {"guests": 4.0, "day": "2026-05-08", "hour": "19:30"}


def asking(words: str, told: dict[str, Any] = TOLD, **changed: Any) -> tuple[State, State]:
    """A booking in which so much is told; then the caller says `words`."""
    talk = Talk(RESTAURANT)
    talk.reply(40)
    slots = {name: Filled(value, 0, "host") for name, value in told.items()}
    place = Place("booking", "host")
    talk.state = before = replace(talk.state, place=place, slots=slots, openings={"booking": 1})
    talk.caller(words)
    return before, replace(talk.state, **changed)


def answer(words: str, told: dict[str, Any] = TOLD, **changed: Any) -> Verbatim:
    return verbatim(RESTAURANT, *asking(words, told, **changed), words, today=TODAY)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Remind me, how many people did I say?", "4 guests."),
        ("How many of us did I say, again?", "4 guests."),
        ("And on which day was that?", "Friday, 8 May."),
        ("Sorry, what time did I say?", "19:30."),
        ("Sorry on which day was that.", "Friday, 8 May."),
        ("I am not sure any more. Which day did I say?", "Friday, 8 May."),
        ("remind me how many people did i say", "4 guests."),
        ("Which day and what time did we say?", "Friday, 8 May, 19:30."),
    ],
)
def test_what_was_told_is_told_back_and_what_is_due_is_asked(words: str, told: str) -> None:
    assert answer(words) == Verbatim(f"{told} What name may I write down?", whole=True)


def test_who_asks_in_between_is_asked_once_more_what_was_asked_twice() -> None:
    words = "And on which day was that?"
    before, after = asking(words)
    due = "What name may I write down?"
    asked = tuple(Said(turn, "agent", f"Well. {due}", "host", "booking") for turn in (1, 2))
    again = replace(after, history=(*asked, after.history[-1]))
    assert verbatim(RESTAURANT, before, again, words, today=TODAY).text == f"Friday, 8 May. {due}"


@pytest.mark.parametrize(
    "words",
    [
        "Did I say four guests?",
        "Which day did I say, and what is on the menu?",
        "Which day did you say is free?",
        "What is the soup? And which day did I say?",
        "Which day did I say, because I would like to change it?",
        "How many guests can you seat?",
        "On which day are you closed?",
        "Four people, did I say that?",
        "Remind me, what time do you close?",
        "Which day was it that you're closed?",
        "Remind me, how many people fit on the terrace?",
        "What was that, my friend?",
        "We need a high chair. What time did I say?",
        "is the terrace free, what time did I say",
    ],
)
def test_other_questions_are_left_to_the_model(words: str) -> None:
    assert answer(words) == Verbatim()


def test_what_is_not_known_or_not_for_their_ears_is_not_told() -> None:
    assert answer("Which day did I say?", {"guests": 4.0}) == Verbatim()
    words = "How many guests did I say?"
    before, after = asking(words, {"guests": 4.0})
    secret = {**RESTAURANT.slots, "guests": replace(RESTAURANT.slots["guests"], private=True)}
    cast = replace(RESTAURANT, slots=secret)
    elsewhere = replace(after, place=Place("booking", "sommelier"))
    assert verbatim(RESTAURANT, before, elsewhere, words, today=TODAY).whole
    assert not verbatim(cast, before, elsewhere, words, today=TODAY).whole


def test_news_orders_and_the_words_of_a_configuration_without_it_come_first() -> None:
    asked = "Which day did I say?"
    assert answer(asked, called=(Called("a", "book_table", 1, "done", "Number 7."),)) == Verbatim()
    assert answer(asked, question="Which do you mean?") == Verbatim()
    assert verbatim(RESTAURANT, *asking(asked), asked, today=TODAY, recall=False) == Verbatim()


def test_who_takes_over_says_so_first_and_an_opening_is_said_instead() -> None:
    before, after = asking("How many guests did I say?")
    other = replace(after, place=Place("booking", "cook"))
    assert verbatim(RESTAURANT, before, other, "How many guests did I say?", today=TODAY) == Verbatim(
        "This is Bruno. 4 guests. What name may I write down?", whole=True
    )
    talk = Talk(TOWN)
    talk.caller("How many rolls is that now?")
    opening = TOWN.scenes["breakfast"].opening
    assert verbatim(TOWN, talk.state, talk.state, "How many rolls is that now?", today=TODAY) == Verbatim(
        opening or "", whole=True
    )


def test_one_is_no_plural_and_birthdays_and_free_words_are_the_models() -> None:
    assert answer("How many people did I say?", {"guests": 1.0}).text.startswith("Just one.")
    clinic = read_cast(example("clinic"))
    born = {
        "born": Filled("1981-03-03", 0, "receptionist"),
        "caller": Filled("Ann Miller", 0, "receptionist"),
    }
    state = replace(Talk(clinic).state, slots=born, openings={"front_desk": 9})
    asked = "What date of birth did I say?"
    assert not verbatim(clinic, state, state, asked, today=TODAY).whole
    assert verbatim(clinic, state, state, "What name did I say?", today=TODAY).text.startswith("Ann Miller.")
    assert not answer("Where did I say we sit?", {"seat": "terrace"}).whole
