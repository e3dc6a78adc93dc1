"""What a simulated person says: by purpose, in the scenario's words, the same for the same seed."""

import msgspec
import pytest

from antiphon.evals.asking import asked_at, misread, questions, takes_leave, wants_again, wants_yes
from antiphon.evals.caller import Caller
from antiphon.evals.scenario import Manner, Point

from .talks import scenario


def said(caller: Caller, heard: str) -> str:
    say = caller.answers(heard)
    return "" if say is None else say.text


def test_a_caller_tells_what_is_asked_and_no_secret_unasked() -> None:
    caller = Caller(scenario(), 1)
    assert caller.opens().text == "Hello, I'd like some rolls."
    assert said(caller, "Gladly. How many would you like?") == "Four rolls, please."
    assert said(caller, "Very well.") == "Do you have rye, too?"
    assert said(caller, "We have. Is that all right?") in scenario().agrees
    assert said(caller, "Good. And which day would suit you?") == "On Friday."
    leaving = caller.answers("Very good.")
    assert leaving is not None
    assert leaving.intent == "leaves"
    assert caller.answers("Goodbye.") is None
    assert "secret" not in caller.told
    assert caller.wanted == {"rolls": 4, "day": "friday"}


def test_two_facts_may_be_told_at_once_the_last_question_first() -> None:
    caller = Caller(scenario(), 1)
    caller.opens()
    say = caller.answers("How many would you like? And what is your name?")
    assert say is not None
    assert say.text == "My name is Ann Miller. Four rolls, please."
    assert say.facts == ("secret", "count")


def test_what_was_told_is_said_again_when_asked_again_but_not_for_ever() -> None:
    caller = Caller(msgspec.structs.replace(scenario(), temper="gruff", points=()), 1)
    caller.opens()
    said(caller, "How many?")
    said(caller, "Which day?")
    assert said(caller, "How many did you say?") == "I told you already. Four rolls, please."
    assert said(caller, "How many was it?") == "I told you already. Four rolls, please."
    say = caller.answers("How many was it?")
    assert say is not None
    assert say.intent == "leaves"


def test_who_has_changed_their_mind_does_not_go_back_to_what_they_said_first() -> None:
    more = Point(says=("No, make it five.",), once=("count",), slot="rolls", value=5)
    caller = Caller(msgspec.structs.replace(scenario(), points=(more,)), 1)
    caller.opens()
    said(caller, "How many?")
    assert said(caller, "Very well.") == "No, make it five."
    assert said(caller, "So how many was that?") == "As I said. No, make it five."
    assert caller.wanted == {"rolls": 5}


def test_an_agent_that_did_not_understand_hears_it_again() -> None:
    caller = Caller(msgspec.structs.replace(scenario(), points=()), 1)
    caller.opens()
    caller.answers("How many?")
    again = caller.answers("Sorry, I didn't catch that.")
    assert again is not None
    assert (again.text, again.intent) == ("Four rolls, please.", "repeats")


def test_the_same_seed_says_the_same_and_other_seeds_something_else() -> None:
    one = msgspec.structs.replace(scenario(), opens=tuple(f"Hello {n}." for n in range(20)))
    assert Caller(one, 7).opens() == Caller(one, 7).opens()
    assert len({Caller(one, seed).opens().text for seed in range(10)}) > 3


def test_manners_come_as_often_as_they_say() -> None:
    one = msgspec.structs.replace(scenario(), manner=Manner(interrupts=0.3, backchannels=0.5))
    found = [Caller(one, seed).during(long=True) for seed in range(400)]
    cuts = sum(each.cuts_in_at is not None for each in found) / 400
    murmurs = sum(bool(each.backchannel) for each in found) / 400
    assert 0.22 < cuts < 0.38
    assert 0.27 < murmurs < 0.43
    assert not any(each.backchannel and each.cuts_in_at for each in found)


def test_nobody_there_is_wondered_at_twice() -> None:
    caller = Caller(scenario(), 1)
    caller.opens()
    wonder = caller.unanswered()
    assert wonder is not None
    assert wonder.text.endswith("Hello, I'd like some rolls.")
    assert caller.unanswered() is not None
    assert caller.unanswered() is None


def test_questions_are_read_off_the_words() -> None:
    assert questions("We have rye. Which one? Please tell me your name.") == (
        "Which one?",
        "Please tell me your name.",
    )
    assert asked_at("Under what name? How many people?", ["how many"]) == 1
    assert asked_at("I know how many you are.", ["how many"]) is None
    assert wants_yes("Four rolls on Friday, is that right?")
    assert not wants_yes("How many rolls?")
    assert wants_again("Sorry, I didn't understand.")
    assert takes_leave("Thank you for calling. Goodbye!")
    assert not takes_leave("Goodbye? Is there nothing else?")


@pytest.mark.parametrize(
    ("name", "answer", "wrong"),
    [
        ("Karl Berg", "A table for 3, in the name of Carl Burke. Is that right?", ("Karl", "Berg")),
        ("Karl Berg", "In the name of Carlburg. Is that right?", ("Karl", "Berg")),
        ("Karl Berg", "In the name of Carl Berg. Is that right?", ()),
        ("Paul Weber", "So that is Wednesday, 6 May, for Paul Vapor. Is that right?", ("Weber",)),
        ("Paul Weber", "So that is Wednesday, 6 May, at 16:40. Is that right?", ()),
        ("Karl Berg", "Four rolls, in the name of Karl. Is that right?", ()),
        ("Karl Berg", "Thank you, Mr. Berg, is that right?", ()),
        ("Omar Said", "For Omar. Is that right?", ()),
        ("Yuki", "You're welcome. Is that right?", ()),
        ("Tom", "Your name is Tim. Is that right?", ("Tom",)),
    ],
)
def test_a_name_that_sounds_like_it_and_is_another_is_noticed(
    name: str, answer: str, wrong: tuple[str, ...]
) -> None:
    assert misread(name, answer) == wrong


def test_a_name_that_is_asked_for_again_is_spelled() -> None:
    caller = _named("Ann Miller")
    assert said(caller, "And what is your name?") == "My name is Ann Miller."
    said_again = said(caller, "What name was it?")
    assert said_again == "As I said. My name is Ann Miller. Ann, A, N, N. Miller, M, I, L, L, E, R."


def _named(value: str) -> Caller:
    """Somebody of that name who has called."""
    name = msgspec.structs.replace(scenario().facts["secret"], slot="caller", value=value)
    facts = {**scenario().facts, "secret": name}
    caller = Caller(msgspec.structs.replace(scenario(), facts=facts, points=()), 1)
    caller.opens()
    return caller


def test_a_name_that_is_read_out_wrongly_is_spelled_and_not_for_ever() -> None:
    caller = _named("Ann Miller")
    said(caller, "And what is your name?")
    for _ in range(2):
        say = caller.answers("Four rolls, for Ann Mallow. Is that right?")
        assert say is not None
        assert (say.text, say.facts) == ("No, Miller, M, I, L, L, E, R.", ("secret",))
    assert said(caller, "Four rolls, for Ann Mallow. Is that right?") in scenario().agrees
