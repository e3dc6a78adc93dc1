"""The response-time equation of whole turns: the terms add up, and a simulated world leaves no residual."""

from dataclasses import replace

import pytest

from antiphon.contracts import TurnReport, ms, ticks
from antiphon.dialogue import Policy
from antiphon.dialogue.commands import CommitCallerAudio
from antiphon.dialogue.equation import report
from antiphon.dialogue.events import CallerMeasured, Timing
from antiphon.dialogue.turn import Marks, Turn

from .players import ANSWER, Engines
from .score import Conversation


def measured(engines: Engines, *, output_ms: float = 0) -> tuple[Conversation, TurnReport]:
    """One plain turn and its report."""
    conversation = Conversation(engines)
    conversation.loudspeaker.output = ticks(output_ms)
    conversation.caller_says("what shall I do", at_ms=480, for_ms=960)
    conversation.plays_out()
    return conversation, conversation.reports[0]


def term(account: TurnReport, name: str) -> float:
    return sum(term.ms for term in account.terms if term.name == name)


SLOW = Engines(transcription_ms=250, context_ms=35, first_token_ms=400, token_ms=30, synthesis_ms=90)
FAST = Engines(transcription_ms=5, scoring_ms=300, first_token_ms=5, token_ms=1, synthesis_ms=5)


@pytest.mark.parametrize("engines", [Engines(), SLOW, FAST])
@pytest.mark.parametrize("output_ms", [0, 45])
def test_the_terms_add_up_to_what_the_listener_measures(engines: Engines, output_ms: float) -> None:
    conversation, account = measured(replace(engines), output_ms=output_ms)
    assert account.sent_ms == pytest.approx(ms(conversation.sounds[0].start) - 1440)
    total = sum(term.ms for term in account.terms) - account.overlap_ms
    assert total == pytest.approx(account.sent_ms)
    assert account.residual_ms == pytest.approx(0, abs=1e-6)
    assert term(account, "output") == pytest.approx(output_ms)


def test_each_engine_is_charged_for_its_own_time() -> None:
    _, account = measured(replace(SLOW), output_ms=10)
    expected = {"transcription": 250, "context": 35, "first_token": 400, "synthesis": 90, "output": 10}
    assert {name: term(account, name) for name in expected} == pytest.approx(expected)


def test_work_done_during_the_wait_is_overlap() -> None:
    _, account = measured(replace(FAST))
    work = sum(t.ms for t in account.terms if t.name not in ("end_of_turn", "output"))
    assert account.overlap_ms == pytest.approx(work)
    assert account.sent_ms == pytest.approx(term(account, "end_of_turn"))


def test_waiting_for_an_engine_is_not_its_work() -> None:
    _, account = measured(Engines(queue_ms={"transcription": 75, "synthesis": 40}))
    assert term(account, "transcription") == pytest.approx(120)
    assert term(account, "synthesis") == pytest.approx(60)
    queues = {t.owner: t.ms for t in account.terms if t.name == "queue"}
    assert queues == pytest.approx({"transcription": 75, "voice": 40})
    assert account.residual_ms == pytest.approx(0, abs=1e-6)


def test_causes_lead_from_the_first_sound_back_to_the_caller() -> None:
    _, account = measured(replace(SLOW), output_ms=10)
    names = [span.term for span in account.spans]
    output = account.spans[names.index("output")]
    assert {names[cause] for cause in output.causes} == {"end_of_turn", "synthesis"}


def test_heard_is_what_the_listener_acknowledged_and_sent_what_left() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=480, for_ms=960)
    begun = conversation.agent_begins()
    conversation.client_acknowledges(1, at_ms=begun + 80)
    conversation.client_acknowledges(1, at_ms=begun + 140)  # later, and so less true
    conversation.plays_out()
    (account,) = conversation.reports
    assert account.sent_ms == pytest.approx(begun - 1440)
    assert account.heard_ms == pytest.approx(begun + 80 - 1440)


def test_without_acknowledgement_nothing_is_called_heard() -> None:
    _, account = measured(Engines())
    assert account.heard_ms is None


def test_a_turn_without_sound_has_no_equation() -> None:
    conversation = Conversation(policy=Policy(speaks=False))
    conversation.caller_says("what shall I do", at_ms=480, for_ms=960)
    conversation.plays_out()
    (account,) = conversation.reports
    assert (account.sent_ms, account.terms, account.spans) == (None, (), ())
    assert account.answer == account.heard


def test_tokens_are_accounted_for() -> None:
    _, account = measured(Engines(answer=lambda text: "One two three four."))
    assert (account.prompt_tokens, account.cached_tokens, account.answer_tokens) == (40, 30, 4)
    assert account.wasted_tokens == 0


def test_a_guess_that_holds_is_accounted_for() -> None:
    _, account = measured(Engines())
    assert (account.guesses, account.guess_held, account.wasted_tokens) == (1, True, 0)
    assert account.overlap_ms > 0


def test_a_guess_that_dies_is_accounted_for() -> None:
    conversation = Conversation(Engines(transcription_ms=20, first_token_ms=20))
    conversation.caller_says("I would like…", at_ms=500, for_ms=700)
    conversation.caller_says("a cup of tea", at_ms=1900, for_ms=700)
    conversation.plays_out()
    (account,) = conversation.reports
    assert (account.guesses, account.guess_held) == (2, True)
    assert account.wasted_tokens == len(ANSWER.split())


def test_words_known_too_late_to_guess_from_are_no_guess() -> None:
    _, account = measured(Engines(transcription_ms=900))
    assert (account.guesses, account.guess_held) == (0, False)


def test_what_an_interrupted_reply_took_is_known_as_far_as_it_came() -> None:
    conversation = Conversation(Engines(token_ms=200))
    conversation.caller_says("what shall I do", at_ms=480, for_ms=960)
    begun = conversation.agent_begins()
    conversation.caller_says("stop that at once", at_ms=begun + 300, for_ms=1500)
    conversation.plays_out()
    taken = conversation.replies[0].usage.completion_tokens
    assert 0 < taken < len(ANSWER.split())


def test_the_whole_pause_shows_best_where_the_voice_ended() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=480, for_ms=960)
    conversation.measures = False
    conversation.runs_while(lambda: not conversation.all(CommitCallerAudio))
    conversation.handle(CallerMeasured(7, ticks(1)))  # of no living turn
    conversation.handle(CallerMeasured(1, ticks(1400)))
    conversation.plays_out()
    (account,) = conversation.reports
    assert account.sent_ms == pytest.approx(ms(conversation.sounds[0].start) - 1400)
    assert account.residual_ms == pytest.approx(0, abs=1e-6)


def test_waiting_for_the_event_loop_has_a_name() -> None:
    marks = Marks(
        last_voiced_at=0,
        confirmed_at=ticks(100),
        transcription=Timing(ticks(100), ticks(100), ticks(200), "ears"),
        transcribed_at=ticks(230),
        synthesis=Timing(ticks(230), ticks(230), ticks(300), "voice"),
        synthesized_at=ticks(345),
        released_at=ticks(345),
        sent_at=ticks(345),
    )
    account = report(Turn(1, 0, marks=marks), "answered", "")
    waited = [t for t in account.terms if t.name == "queue"]
    assert [(t.owner, t.ms) for t in waited] == [("event loop", pytest.approx(75))]
    assert account.residual_ms == pytest.approx(0)


def test_what_no_span_explains_is_the_residual() -> None:
    marks = Marks(
        last_voiced_at=0,
        confirmed_at=ticks(300),
        transcription=Timing(ticks(100), ticks(100), ticks(200), "ears"),
        released_at=ticks(500),
        sent_at=ticks(520),
    )
    account = report(Turn(1, 0, marks=marks), "answered", "")
    assert account.residual_ms == pytest.approx(200)
    assert account.overlap_ms == pytest.approx(100)


def test_what_the_whole_pause_shows_is_not_overruled_by_a_late_transcription() -> None:
    conversation = Conversation(Engines(transcription_ms=900))
    conversation.caller_says("what shall I do", at_ms=480, for_ms=960)
    conversation.measures = False
    conversation.runs_while(lambda: not conversation.all(CommitCallerAudio))
    conversation.handle(CallerMeasured(1, ticks(1400)))
    conversation.plays_out()
    assert conversation.reports[0].sent_ms == pytest.approx(ms(conversation.sounds[0].start) - 1400)
    assert conversation.reports[0].residual_ms == pytest.approx(0, abs=1e-6)


def test_a_request_that_came_before_the_words_it_answers_has_waited_for_them() -> None:
    conversation = Conversation(Engines(transcription_ms=900), policy=Policy(answers=False, yields=False))
    conversation.client_commits(at_ms=400)
    conversation.client_asks(at_ms=410)
    conversation.caller_says("what shall I do", at_ms=480, for_ms=512)
    conversation.plays_out()
    account = next(report for report in conversation.reports if report.outcome == "answered")
    assert account.said == "what shall I do"
    assert 200 <= term(account, "end_of_turn") <= 300
    assert account.residual_ms == pytest.approx(0, abs=1e-6)
