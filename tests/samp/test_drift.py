"""Whose manner do words show: what a listener is asked, and what a renewed card is."""

import pytest

from antiphon.samp import read_cast
from antiphon.samp.commands import GoTo, Renew
from antiphon.samp.drift import RENEWED_FOR_TURNS, listening, shares, sounds_like_another
from antiphon.samp.now import now_lines
from antiphon.samp.seeking import asks_for_somebody, speaks_of_others
from antiphon.samp.state import encoded

from .casts import example
from .talks import Talk

RESTAURANT = read_cast(example("restaurant"))


def test_the_listener_sees_manners_and_no_names_in_every_order() -> None:
    words = "Bruno here, the cook. One two three four five six seven eight nine."
    asked = [listening(RESTAURANT, words, turned=turned) for turned in range(3)]
    assert {each.personas[0] for each in asked} == {"host", "cook", "sommelier"}
    for each in asked:
        question = each.prompt.messages[-1].content
        assert not any(persona.name in question for persona in RESTAURANT.personas.values())
        assert all(persona.manner in question for persona in RESTAURANT.personas.values())
        assert "eight" in question
        assert "nine" not in question
        assert each.prior.messages[-1].content != question


def test_what_is_named_without_words_is_taken_off() -> None:
    asked = listening(RESTAURANT, "Hm.")
    found = shares(asked, (-1.0, -2.0, -3.0), (-1.0, -4.0, -3.0))
    assert max(found, key=lambda name: found[name]) == asked.personas[1]
    assert sum(found.values()) == pytest.approx(1.0)
    assert sounds_like_another(found, asked.personas[0])
    assert not sounds_like_another(found, asked.personas[1])


def line_of(talk: Talk) -> str:
    return "".join(line.text for line in now_lines(talk.cast, talk.state, ()) if line.kind == "renewed")


def test_a_renewed_card_stands_near_the_answer_for_some_turns() -> None:
    talk = Talk(RESTAURANT)
    talk.reply(40)
    talk.caller("Hello there")
    assert line_of(talk) == ""
    assert b"renewed" not in encoded(talk.state), "older journals would not replay"
    talk.propose(Renew("host"), base=talk.state.version, turn=1)
    for _ in range(RENEWED_FOR_TURNS):
        assert "Be Maya from the first word on: Warm, quick and precise." in line_of(talk)
        talk.caller("And what else?")
    assert line_of(talk) == ""


def test_only_whose_card_is_renewed_is_reminded() -> None:
    talk = Talk(RESTAURANT)
    talk.caller("A table, please")
    talk.propose(Renew("cook"), base=0, turn=1)
    assert line_of(talk) == ""
    talk.propose(Renew("nobody"), base=1, turn=1)
    assert "nobody" not in talk.state.renewed
    talk.propose(GoTo("booking"), base=1, turn=1)
    assert line_of(talk) == ""


@pytest.mark.parametrize(
    "words",
    [
        "I would rather talk to somebody who knows wine.",
        "Who can tell me what is in it?",
        "Could the person who bakes help me?",
        "Is there anyone I could ask about that?",
    ],
)
def test_somebody_is_asked_for(words: str) -> None:
    assert asks_for_somebody(words)
    assert not speaks_of_others(words)


@pytest.mark.parametrize(
    "words",
    ["Somebody told me about it.", "My brother is a cook.", "Who are you?", "I have to ask my wife.", "Yes."],
)
def test_nobody_is_asked_for(words: str) -> None:
    assert not asks_for_somebody(words)
