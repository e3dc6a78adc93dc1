"""The slow loop proposes: once is as good as twice, and whatever happens meanwhile, nothing is stranded."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from antiphon.bench.stage import no_weights
from antiphon.contracts import EngineSetup
from antiphon.engines.scripted import ScriptedEmbedder
from antiphon.samp import Decider, read_cast
from antiphon.samp.commands import Clarify, GoTo, JumpTo, Proposal
from antiphon.samp.reflecting import QUESTIONS_MAX, proposals, questions
from antiphon.samp.state import Place

from .casts import SMALL, example
from .talks import Talk, moved, talks

TODAY = date(2026, 5, 6)


EMBEDDER = ScriptedEmbedder.open(EngineSetup(weights=no_weights))
CASTS = [read_cast(SMALL), *(read_cast(example(name)) for name in ("restaurant", "clinic", "town"))]
DECIDERS = {cast.cast: Decider(cast, EMBEDDER) for cast in CASTS}
SAYINGS = [
    "what wine do you recommend",
    "I feel terrible",
    "a table for four",
    "fine",
    "no",
    "twelve of them",
]


def thought(talk: Talk, margins: dict[str, float]) -> tuple[Proposal, ...]:
    return proposals(talk.cast, DECIDERS[talk.cast.cast], talk.state, margins, today=TODAY)


@given(talk=talks(CASTS), data=st.data())
def test_thinking_twice_changes_nothing_and_nothing_is_said_twice(talk: Talk, data: st.DataObject) -> None:
    """`Talk` checks after each entry that no move is wrong or made twice and that no opening begins again."""
    talk.caller(data.draw(st.sampled_from(SAYINGS)))
    snapshot, decider = talk.state, DECIDERS[talk.cast.cast]
    asked = questions(talk.cast, decider, snapshot, today=TODAY)
    assert len(asked) <= QUESTIONS_MAX
    margins = {each.key: data.draw(st.floats(-20, 20)) for each in asked}
    first = proposals(talk.cast, decider, snapshot, margins, today=TODAY)
    assert first == proposals(talk.cast, decider, snapshot, margins, today=TODAY)
    # Whatever the loops do meanwhile: the agent is cut off at any word, or the caller goes on.
    for _ in range(data.draw(st.integers(0, 3))):
        if data.draw(st.booleans()):
            talk.reply(data.draw(st.integers(0, 30)))
        else:
            talk.caller(data.draw(st.sampled_from(SAYINGS)))
    for proposal in first:
        talk.repeat(proposal)
    after = talk.state
    for proposal in first:
        talk.repeat(proposal)
    assert moved(talk.state) == moved(after)
    talk.reply(data.draw(st.integers(0, 30)))
    talk.reply(30)


def restaurant(*said: str) -> Talk:
    talk = Talk(CASTS[1])
    for each in said:
        talk.caller(each)
    return talk


def test_a_move_that_the_live_loop_missed_is_made() -> None:
    talk = restaurant("that bottle everybody speaks of")
    asked = {
        each.key: each for each in questions(talk.cast, DECIDERS[talk.cast.cast], talk.state, today=TODAY)
    }
    assert asked
    key = next(iter(asked))
    assert "that bottle everybody speaks of" in asked[key].prompt.messages[-1].content
    (proposal,) = thought(talk, {key: 40.0})
    assert talk.repeat(proposal).outcome == "applied"
    assert talk.state.moved_turn == 1


def test_a_wrong_move_is_taken_back_for_a_surer_one_only() -> None:
    talk = restaurant("that bottle everybody speaks of")
    talk.propose(GoTo("booking"), base=0, turn=1)
    (mend,) = thought(talk, {"jump:wine": 40.0})
    assert mend.command == JumpTo("cellar", instead_of=1)
    assert thought(talk, {"jump:wine": 0.1}) == ()
    assert talk.repeat(mend).outcome == "applied"
    assert talk.state.place.scene == "cellar"
    assert [place.scene for place in talk.state.stack] == ["welcome"]


def test_a_way_that_books_something_is_left_to_the_caller() -> None:
    talk = restaurant("mm that will do")
    cast, decider = talk.cast, DECIDERS[talk.cast.cast]
    state = replace(talk.state, place=Place("confirm", "host"))
    asked = questions(cast, decider, state, today=TODAY)
    booking = next(each.key for each in asked if "farewell" in each.key)
    assert proposals(cast, decider, state, {booking: 20.0}, today=TODAY) == ()


def test_two_that_are_as_likely_are_asked_back_about() -> None:
    talk = restaurant("that bottle everybody speaks of")
    both = {"jump:wine": 40.0, "jump:dishes": 40.0}
    (question,) = thought(talk, both)
    if isinstance(question.command, Clarify):
        assert "the caller asks about wine or drinks" in question.command.question
        assert talk.repeat(question).outcome == "applied"
        assert talk.state.question
    else:
        assert question.command in (JumpTo("cellar"), JumpTo("kitchen"))


def test_nobody_thinks_about_what_is_sure_over_or_answered() -> None:
    sure = restaurant("what wine do you recommend")
    decider = DECIDERS[sure.cast.cast]
    assert questions(sure.cast, decider, sure.state, today=TODAY) == ()
    answered = restaurant("that bottle everybody speaks of")
    over = replace(answered.state, ended=True)
    assert questions(sure.cast, decider, over, today=TODAY) == ()
    answered.reply(30)
    assert questions(sure.cast, decider, answered.state, today=TODAY) == ()
    assert thought(answered, {"jump:wine": 40.0}) == ()
