"""A speaker's name before an answer is not said, however that comes in pieces, and nothing else is lost."""

from collections.abc import Set
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import Message
from antiphon.runtime.cast_lead import Lead, needless
from antiphon.samp.cast import Persona


def said(name: str, *pieces: str, told: Set[str] = frozenset(), role: str = "") -> str:
    lead = Lead(name, role, told)
    return "".join([*(lead.feed(piece) for piece in pieces), lead.finish()])


@pytest.mark.parametrize(
    ("pieces", "heard"),
    [
        (("Maya", ":", ' "', "Hi", '!"'), "Hi!"),
        (("Maya: For how many?",), "For how many?"),
        (("Ma", "y I ask?"), "May I ask?"),
        (("Maya", " speaking."), "Maya speaking."),
        (("Maya",), "Maya"),
        (("Maya:",), ""),
        (("Maya", " says", ",", ' "', "For how many", '?"'), "For how many?"),
        (('Maya asked: "When?"',), "When?"),
        (("Maya", " says", " it is", ' "fine"'), 'Maya says it is "fine"'),
        (("Maya", " says"), "Maya says"),
        (('He said "yes": fine.',), 'He said "yes": fine.'),
        (("Sure", ",", " Maya", ".", " For how many?"), "Sure, For how many?"),
        (("Sure, Maya", "!"), "Sure,"),
        (("Good evening, Ma", "ya here."), "Good evening, Maya here."),
        (("Yes, May",), "Yes, May"),
        (("Maya", ", ", "for which day?"), "For which day?"),
        (("Maya", " speaking", ", ", "for which day?"), "For which day?"),
    ],
)
def test_a_name_goes_and_all_else_stays(pieces: tuple[str, ...], heard: str) -> None:
    assert said("Maya", *pieces) == heard


def test_a_story_that_says_who_speaks_begins_with_what_they_say() -> None:
    told = frozenset({"maya the host"})
    pieces = ("Maya", ", the", " host", ", asks", ': "', "When", '?"')
    assert said("Maya", *pieces, told=told, role="the host") == "When?"
    assert said("Maya", "Maya, the host. When?", told=told, role="the host").strip() == "When?"


def test_a_long_name_may_be_short() -> None:
    assert said("Mister Dunn", "Dunn:", " Six rolls.") == "Six rolls."
    assert said("Mister Dunn", "Mister Dunn: ", "Six rolls.") == "Six rolls."


@given(
    text=st.text("May:, abc.", max_size=12) | st.sampled_from(('May says, "ab"', 'May said "b" c')),
    cuts=st.lists(st.integers(0, 12), max_size=4),
)
def test_how_it_is_cut_does_not_matter(text: str, cuts: list[int]) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut <= len(text))})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert said("May", *pieces).strip() == said("May", text).strip()


DANIEL = Persona(name="Daniel", role="the receptionist at the front desk", voice="a", manner="Calm.")
TOLD = frozenset({"daniel the receptionist at the front desk", "we are open on sundays"})


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Daniel, the receptionist at the front desk. May I have your name?", "May I have your name?"),
        ('We are open on Sundays. Daniel asks: "For how many?"', "For how many?"),
        ("Daniel, the receptionist at the front desk.  We are open on Sundays. Yes.", "Yes."),
        ("We are open on Sundays, and on Mondays.", "We are open on Sundays, and on Mondays."),
        ("We are open.", "We are open."),
        ("Daniel, the receptionist at the front desk.", "Daniel, the receptionist at the front desk."),
        ("We are open on Sundays. ", "We are open on Sundays."),
        ("From here on, answer as Daniel. Which train?", "Which train?"),
        ("From here on, answer as Tom. Which train?", "Which train?"),
        ("From here it is not far.", "From here it is not far."),
    ],
)
def test_what_was_said_already_goes_unless_it_is_all(text: str, heard: str) -> None:
    assert said("Daniel", text, told=TOLD).strip() == heard
    assert said("Daniel", *text, told=TOLD).strip() == heard


def test_an_answer_that_begins_otherwise_waits_for_nothing() -> None:
    lead = Lead("Daniel", "", TOLD)
    assert lead.feed("We") == ""
    assert lead.feed(" can") == "We can"


def test_needless_is_who_one_is_and_what_was_stated() -> None:
    messages = [
        Message("system", "You are Daniel. It is a fine day today."),
        Message("assistant", "The clinic is open on Sundays. May I have your whole name? Thank you."),
        Message("user", "In May."),
    ]
    who, hours = "daniel the receptionist at the front desk", "the clinic is open on sundays"
    assert needless(DANIEL, messages) == {who, hours}
    assert needless(DANIEL, [*messages[:2], Message("user", "Are you open tomorrow?")]) == {who}
    assert needless(DANIEL, [*messages[:2], Message("user", "Who is at the front desk?")]) == {hours}
    assert needless(DANIEL, [*messages[:2], Message("user", "What was that again?")]) == {who}
    assert needless(DANIEL, messages[:1]) == {who}
    told = [*messages[:2], Message("user", "I have run out of tablets.")]
    assert needless(DANIEL, told) == {who, hours, "i have run out of tablets"}


@given(
    text=st.text("We aro.? ", max_size=24) | st.sampled_from(("We are. We are so.", "Daniel: We are. So")),
    cuts=st.lists(st.integers(0, 24), max_size=4),
)
def test_what_goes_does_not_depend_on_how_it_is_cut(text: str, cuts: list[int]) -> None:
    told = frozenset({"we are", "we are so", "a"})
    edges = sorted({0, len(text), *(cut for cut in cuts if cut <= len(text))})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert said("Daniel", *pieces, told=told).strip() == said("Daniel", text, told=told).strip()
