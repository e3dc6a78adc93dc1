"""What is imagined and presumed of a turn that is not over is what becomes of it when it is."""

from datetime import date
from functools import cache

from msgspec.structs import replace

from antiphon.bench.stage import no_weights
from antiphon.contracts import EngineSetup
from antiphon.engines.scripted import ScriptedEmbedder, ScriptedLanguageModel
from antiphon.samp import CastSession, Decider, read_cast
from antiphon.samp.ahead import heard_whole, imagined, presumed, taken_for
from antiphon.samp.prompt import draft_prompt
from antiphon.samp.state import Place, Said, State, encoded

from .casts import example

TODAY = date(2026, 5, 6)
RESTAURANT = read_cast(example("restaurant"))


@cache
def decider() -> Decider:
    return Decider(RESTAURANT, ScriptedEmbedder.open(EngineSetup(weights=no_weights)))


def booking() -> CastSession:
    session = CastSession(RESTAURANT, decider())
    session.agent_heard("The Copper Kettle, this is Maya. What can I do for you?")
    session.caller_said("I'd like to book a table", today=TODAY)
    session.agent_heard("For how many people?")
    assert session.state.place.scene == "booking"
    return session


def short_part(state: State) -> str:
    model = ScriptedLanguageModel.open(EngineSetup(weights=no_weights))
    draft, _ = draft_prompt(RESTAURANT, state, count=model.count_tokens, tokens_max=4000)
    return "\n".join(line.text for line in draft.lines)


def test_what_is_imagined_is_what_happens() -> None:
    session = booking()
    for text in ("four of us", "on Friday at half past seven", "one of us has a nut allergy"):
        turn = session.state.turn + 1
        future = imagined(RESTAURANT, decider(), session.state, turn, text, today=TODAY)
        session.caller_said(text, today=TODAY)
        assert encoded(future.state) == encoded(session.state)
        session.agent_heard("Certainly.")


def test_what_is_committed_already_is_taken_for_the_same() -> None:
    session, other = booking(), booking()
    turn = session.state.turn + 1
    future = imagined(RESTAURANT, decider(), session.state, turn, "four of us", today=TODAY)
    committed = CastSession(RESTAURANT, decider(), entries=other.entries)
    committed._note("caller_turn_committed", {"turn": turn, "text": "four of us"})
    late = taken_for(RESTAURANT, decider(), committed.state, turn, "four of us", today=TODAY)
    assert encoded(late.state) == encoded(future.state)
    assert imagined(RESTAURANT, decider(), session.state, turn, " ", today=TODAY).state == session.state


def test_the_short_part_is_the_same_whatever_answers_the_question() -> None:
    session = booking()
    before = short_part(presumed(RESTAURANT, decider(), session.state, session.state.turn + 1, today=TODAY))
    assert "Not to be asked for any more: how many guests" in before
    assert "Do now: ask: For which day?" in before
    for text in ("5 guests", "7 guests"):
        turn = session.state.turn + 1
        after = imagined(RESTAURANT, decider(), session.state, turn, text, today=TODAY)
        assert short_part(after.state) == before


def test_the_last_answer_leads_on_and_a_scene_without_questions_goes_its_first_way() -> None:
    session = booking()
    for text in ("four of us", "on Friday at half past seven"):
        session.caller_said(text, today=TODAY)
        session.agent_heard("Good. What name may I write down?")
    expected = presumed(RESTAURANT, decider(), session.state, session.state.turn + 1, today=TODAY)
    assert expected.place.scene == "confirm"
    start = CastSession(RESTAURANT, decider()).state
    assert presumed(RESTAURANT, decider(), start, 1, today=TODAY).place.scene == "booking"


def in_topic(scene: str, *heard: str) -> State:
    """A booking is interrupted by a topic, of which the caller has heard this."""
    state, plays = booking().state, RESTAURANT.scenes[scene].plays
    said = tuple(Said(2, "agent", text, plays, scene) for text in heard)
    place, below = Place(scene, plays), (state.place,)
    return replace(state, turn=2, place=place, stack=below, history=(*state.history, *said))


def test_who_has_heard_of_what_they_brought_up_is_taken_to_go_back() -> None:
    opening = "Kitchen, Bruno. What would you like to know?"
    kitchen = replace(RESTAURANT.scenes["kitchen"], opening=opening)
    opens = replace(RESTAURANT, scenes={**RESTAURANT.scenes, "kitchen": kitchen})

    def expected(state: State, *, goes_back: bool = True) -> Place:
        return presumed(opens, decider(), state, 3, today=TODAY, goes_back=goes_back).place

    assert expected(in_topic("hours")).scene == "hours", "nothing was said of it yet"
    assert expected(in_topic("kitchen", opening)).scene == "kitchen", "an opening answers nothing"
    assert expected(in_topic("kitchen", opening, "There is lamb tonight.")) == Place("booking", "host")
    answered = in_topic("hours", "We open at half past five.")
    assert expected(answered) == Place("booking", "host")
    assert expected(answered, goes_back=False).scene == "hours"


def test_a_reply_that_is_heard_whole_is_in_the_history_and_its_opening_said() -> None:
    start = CastSession(RESTAURANT, decider()).state
    opening = RESTAURANT.scenes["welcome"].opening or ""
    reply = {"turn": 0, "heard": opening, "scene": "welcome", "persona": "host"}
    after = heard_whole(RESTAURANT, decider(), start, reply)
    assert after.history[-1].text == opening
    assert after.openings == {"welcome": len(opening.split())}
