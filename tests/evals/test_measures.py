"""Each measure on a conversation written so that its value is known."""

import pytest

from antiphon.contracts import ContractBroken, Term, TurnReport
from antiphon.evals import measures
from antiphon.evals.intervals import wilson
from antiphon.evals.measures import MEASURES, measured
from antiphon.evals.records import Check, ConversationOutcome, Run
from antiphon.evals.reliability import all_of, pass_k
from antiphon.evals.summary import summarized

from .talks import agent, caller, talk

INTERRUPTED = talk(
    agent("Good morning, what can I do for you?", 0, 2_000, act="opening"),
    caller("Four rolls.", 3_000, 4_000, heard="For rolls."),
    agent(
        "Certainly, four rolls it is.", 4_800, 6_000, first_ms=800, cut_at_ms=6_000, heard="Certainly, four"
    ),
    caller("No, five.", 5_700, 6_500, act="interruption", heard="No, five."),
    agent("Five rolls, then.", 7_500, 9_000, first_ms=1_000, transcribed="Five holes then."),
    caller("Thanks, bye.", 10_000, 11_000, intent="leaves", heard="Thanks, bye."),
)


def test_times_on_the_callers_watch() -> None:
    assert measures.latency_ms(INTERRUPTED) == 900
    assert measures.latency_p95_ms(INTERRUPTED) == 990
    assert measures.on_time(INTERRUPTED) == (2, 2)
    assert measures.on_time(talk(agent("Yes.", 3_000, 4_000, first_ms=3_000))) == (0, 1)


def test_an_answer_belongs_to_the_turn_before_it() -> None:
    assert measures.missed(INTERRUPTED) == (1, 3)
    assert measures.takeover(INTERRUPTED) == (2, 3)
    assert measures.cut_into(INTERRUPTED) == (0, 3)
    hasty = talk(caller("I would like, well, four.", 0, 4_000), agent("Yes?", 1_500, 2_000))
    assert measures.cut_into(hasty) == (1, 1)
    assert measures.missed(hasty) == (1, 1)


def test_an_answer_that_began_too_early_and_went_on_is_one() -> None:
    early = talk(
        caller("Yes, that's right.", 0, 2_000),
        agent("One moment, I am writing it down.", 1_200, 4_700),
        caller("Fine.", 6_000, 6_500),
        agent("Yes.", 6_400, 6_450),
    )
    assert measures.cut_into(early) == (1, 2)
    assert measures.missed(early) == (0, 2)
    assert measures.takeover(early) == (1, 2)


def test_an_answer_cut_before_its_first_word_has_said_nothing() -> None:
    cut = talk(
        caller("How much?", 0, 1_000),
        agent("That is four euros, please.", 1_500, 1_700, heard="", transcribed="", cut_at_ms=1_700),
    )
    assert measures.takeover(cut) == (0, 1)
    assert measures.speech_errors(cut) == (0, 0)


def test_an_interruption_is_yielded_to_and_answered() -> None:
    assert measures.yielded(INTERRUPTED) == (1, 1)
    assert measures.yield_ms(INTERRUPTED) == 300
    assert measures.recovered(INTERRUPTED) == (1, 1)
    stubborn = talk(
        agent("And then there is the rye, and then the bun.", 0, 6_000),
        caller("Stop.", 1_000, 1_400, act="interruption"),
    )
    assert measures.yielded(stubborn) == (0, 1)
    assert measures.recovered(stubborn) == (0, 1)


def test_murmurs_and_noises_are_to_be_spoken_through() -> None:
    murmur = caller("Mm-hm.", 2_000, 2_300, act="backchannel")
    long = "And then there is the rye, and then the bun."
    assert measures.murmurs_let_pass(talk(agent(long, 0, 6_000), murmur)) == (1, 1)
    assert measures.murmurs_let_pass(talk(agent(long, 0, 2_600, cut_at_ms=2_600), murmur)) == (0, 1)
    assert measures.murmurs_let_pass(talk(agent(long, 0, 1_000), murmur)) == (0, 0)
    cough = caller("cough", 2_000, 2_300, act="noise")
    assert measures.noises_let_pass(talk(agent(long, 0, 2_900, cut_at_ms=2_900), cough)) == (0, 1)


def test_talk_and_overlap() -> None:
    assert measures.overlap_share(INTERRUPTED) == pytest.approx(300 / 7_200)
    assert measures.talk_ratio(INTERRUPTED) == pytest.approx(4_700 / 7_500)


def test_words() -> None:
    assert measures.words_per_answer(INTERRUPTED) == 4
    assert measures.speech_errors(INTERRUPTED) == (1, 3)
    assert measures.hearing_errors(INTERRUPTED) == (1, 6)


def test_words_that_the_agent_did_not_hear_are_wrong_where_it_tells_what_it_heard() -> None:
    heard, unheard = caller("Four rolls.", 0, 1_000, heard="Four rolls."), caller("And rye.", 2_000, 3_000)
    assert measures.hearing_errors(talk(heard, unheard)) == (2, 4)
    assert measures.hearing_errors(talk(unheard)) == (0, 0)
    broke = ConversationOutcome(ended="failed")
    assert measures.hearing_errors(talk(heard, unheard, outcome=broke)) == (0, 2)


def test_what_came_of_it() -> None:
    checks = (
        Check(name="slot rolls", held=True),
        Check(name="slot day", held=False),
        Check(name="tool sell", held=True),
    )
    found = talk(outcome=ConversationOutcome(success=False, checks=checks, ended="caller"))
    assert measures.checks_held(found) == (2, 3)
    assert measures.checklist(found) == (1, 2)
    assert measures.tools(found) == (1, 1)
    assert measures.success(found) == 0


def test_the_terms_of_the_equation() -> None:
    def report(ms: float) -> TurnReport:
        return TurnReport(
            turn=1,
            revisions=1,
            outcome="answered",
            said="",
            answer="",
            heard="",
            started_at_ms=0,
            terms=(Term("first_token", "ik", ms),),
            sent_ms=ms + 400,
        )

    found = measured(talk(reports=(report(100), report(300), report(200))))
    assert found["first_token_ms"] == 200
    assert found["sent_ms"] == 600
    assert found["synthesis_ms"] is None


def test_nothing_is_made_of_nothing_and_every_measure_says_what_it_is() -> None:
    empty = measured(talk())
    assert set(empty) == set(MEASURES)
    assert {name for name, value in empty.items() if value is not None} == {"turns", "seconds"}
    assert all(measure.about.endswith(".") for measure in MEASURES.values())


def test_pass_k_is_without_bias() -> None:
    assert all_of(3, 4, 2) == 3 / 6
    assert all_of(1, 4, 2) == 0
    with pytest.raises(ContractBroken):
        all_of(1, 2, 3)
    found = pass_k({"a": [True, True, True], "b": [True, False, True], "c": [True]}, 2)
    assert found is not None
    assert (found.value, found.scenarios) == (pytest.approx((1 + 1 / 3) / 2), 2)
    assert found.low <= found.value <= found.high
    assert pass_k({"a": [True]}, 2) is None


def test_scenarios_that_are_all_alike_give_no_certainty() -> None:
    them = [
        talk(
            caller("Rolls.", 0, 500),
            agent("How many?", 1_000, 2_000, first_ms=500),
            id=f"{scenario}-1",
            scenario=scenario,
            measures={"success": 1.0, "talk_ratio": 0.5, "words_per_answer": 2.0},
            outcome=ConversationOutcome(success=True),
        )
        for scenario in ("a", "b", "c")
    ]
    figures = {each.name: each for each in summarized(Run(suite="A shop", mode="speech"), them).figures}
    assert (figures["success"].low, figures["success"].high) == (wilson(3, 3).low, 1)
    assert (figures["talk_ratio"].low, figures["talk_ratio"].high) == (
        pytest.approx(wilson(1.5, 3).low),
        pytest.approx(wilson(1.5, 3).high),
    )
    assert figures["words_per_answer"].low is None


def test_pass_k_of_few_scenarios_is_not_certain() -> None:
    for results, low, high in (
        ({"a": [True]}, 0.21, 1.0),
        ({"a": [False]}, 0.0, 0.79),
        ({"a": [True] * 9}, 0.21, 1.0),
        ({name: [True] for name in "abcdef"}, 0.61, 1.0),
        ({"a": [True, False], "b": [True, False]}, 0.09, 0.91),
        ({"a": [True], "b": [False]}, 0.0, 1.0),
    ):
        found = pass_k(results, 1)
        assert found is not None
        assert (round(found.low, 2), round(found.high, 2)) == (low, high)
