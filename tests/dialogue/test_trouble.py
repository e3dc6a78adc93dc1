"""What breaks or never comes: lines that stall, engines that fail, fall silent, or answer too late."""

import itertools

import pytest

from antiphon.contracts import ms, ticks
from antiphon.dialogue import Policy
from antiphon.dialogue import commands as do
from antiphon.dialogue.events import PlayoutProgress, Stage, Timing, Transcribed

from .players import ANSWER, Engines
from .score import WINDOW, Conversation


def test_a_line_that_stalls_in_mid_turn_ends_it() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.line_stalls(at_ms=1350, for_ms=60_000)
    conversation.plays_out()
    assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]
    assert conversation.when(do.CommitCallerAudio) < 1350 + 700 + 400


def test_a_line_that_stalls_in_a_pause_does_not_hold_the_turn_open() -> None:
    conversation = Conversation()
    conversation.caller_says("I would like…", at_ms=500, for_ms=600)
    conversation.line_stalls(at_ms=1300, for_ms=60_000)
    conversation.plays_out()
    assert conversation.when(do.CommitCallerAudio) < 1100 + 2400 + 250


def test_a_line_that_comes_back_lets_the_caller_go_on() -> None:
    conversation = Conversation()
    conversation.caller_says("I would like…", at_ms=500, for_ms=600)
    conversation.line_stalls(at_ms=1120, for_ms=1000)
    conversation.caller_says("a cup of tea", at_ms=2200, for_ms=700)
    conversation.plays_out()
    assert conversation.record[0] == ("caller", "I would like a cup of tea")


def test_being_looked_after_early_does_not_put_the_stall_off() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.line_stalls(at_ms=1000, for_ms=60_000)
    conversation.runs_until(1600)
    conversation.policy_becomes(Policy(), at_ms=1600)
    conversation.runs_until(1000 + 700 + ms(WINDOW))
    assert conversation.all(do.Transcribe)


def test_words_that_cannot_be_made_out_leave_a_gap_in_the_record() -> None:
    conversation = Conversation(Engines(broken={"transcription"}))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert conversation.record == [("caller", "?")]
    assert conversation.outcomes == [(1, "failed")]
    assert conversation.all(do.SettleCallerWords)[0].message == "the engine broke"


def test_a_transcription_that_fails_once_is_tried_again() -> None:
    conversation = Conversation(Engines(broken={"transcription"}))
    conversation.caller_says("I would like…", at_ms=500, for_ms=900)
    conversation.at(2000, conversation.players.engines.broken.clear)
    conversation.plays_out()
    assert conversation.record == [("caller", "I would like"), ("agent", ANSWER)]


def test_without_end_of_turn_scores_the_longest_wait_ends_the_turn() -> None:
    for trouble in (Engines(dead={"end_of_turn"}), Engines(broken={"end_of_turn"})):
        conversation = Conversation(trouble)
        conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
        conversation.plays_out()
        assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]


@pytest.mark.parametrize("stage", ["generation", "synthesis"])
def test_a_reply_that_breaks_fails(stage: Stage) -> None:
    conversation = Conversation(Engines(broken={stage}))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    (end,) = conversation.replies
    assert (end.status, end.reason, end.heard) == ("failed", "engine_broken", "")
    assert end.message == "the engine broke"
    assert conversation.outcomes == [(1, "failed")]


@pytest.mark.parametrize("stage", ["generation", "synthesis"])
def test_a_guess_that_breaks_is_made_again(stage: Stage) -> None:
    conversation = Conversation(Engines(broken={stage}, obeys=False))
    conversation.caller_says("I would like…", at_ms=500, for_ms=900)
    conversation.at(1800, conversation.players.engines.broken.clear)
    conversation.plays_out()
    assert conversation.record == [("caller", "I would like"), ("agent", ANSWER)]
    first, second = conversation.all(do.Generate)
    assert first.revision < second.revision


def test_a_reply_that_breaks_half_way_keeps_what_was_heard() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    begun = conversation.agent_begins()
    conversation.at(begun + 200, lambda: conversation.players.engines.broken.add("synthesis"))
    conversation.plays_out()
    (end,) = conversation.replies
    assert end.heard == conversation.loudspeaker.truly_heard(1)


@pytest.mark.parametrize("stage", ["transcription", "generation", "synthesis"])
def test_an_engine_that_never_answers_is_waited_for_half_a_minute(stage: Stage) -> None:
    conversation = Conversation(Engines(dead={stage}))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert conversation.outcomes == [(1, "failed")]
    assert 30_000 < conversation.when(do.EndTurn) < 34_000
    assert conversation.all(do.CancelWork)


def test_a_playout_that_never_answers_is_waited_for_half_a_minute() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    begun = conversation.agent_begins()
    conversation.loudspeaker.stop_delay = ticks(200_000)
    conversation.client_cancels(at_ms=begun + 1000)
    conversation.runs_while(lambda: not conversation.replies)
    assert conversation.when(do.EndReply) >= begun + 31_000
    conversation.plays_out()


def test_a_flush_after_a_long_silence_is_still_waited_for() -> None:
    conversation = Conversation(Engines(dead={"generation"}))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.loudspeaker.stop_delay = ticks(500)
    conversation.plays_out()
    assert conversation.when(do.EndReply) == conversation.when(do.FlushPlayout) + 500


def test_answers_for_a_dead_revision_are_not_heard() -> None:
    conversation = Conversation(Engines(obeys=False, transcription_ms=600))
    conversation.caller_says("I would like…", at_ms=500, for_ms=600)
    conversation.caller_says("a cup of tea", at_ms=1500, for_ms=600)
    conversation.plays_out()
    assert conversation.record[0] == ("caller", "I would like a cup of tea")


def test_the_end_of_turn_model_is_not_asked_twice_in_a_breath() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    begun = conversation.agent_begins()
    conversation.players.engines.dead |= {"transcription", "end_of_turn"}
    conversation.caller_says("no stop", at_ms=begun + 1000, for_ms=600)
    conversation.plays_out()
    asked = [at for command, at in conversation.commands if isinstance(command, do.ScoreEndOfTurn)]
    assert all(b - a >= ticks(96) for a, b in itertools.pairwise(asked))


def test_a_playout_that_stands_still_gives_no_sign_of_life() -> None:
    conversation = Conversation(Engines(answer=lambda text: "a " * 45 + "b."))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    begun = conversation.agent_begins()
    conversation.at(begun + 50, lambda: conversation.players.engines.dead.add("synthesis"))
    for later_s in range(5, 60):
        conversation.at(begun + 1000 * later_s, lambda: conversation.handle(PlayoutProgress(1, 72_000)))
    conversation.plays_out()
    assert conversation.when(do.EndReply) < begun + 35_000
    assert conversation.replies[0].status == "failed"
    assert conversation.replies[0].heard == conversation.loudspeaker.truly_heard(1)


def test_words_nobody_asked_for_are_not_taken() -> None:
    conversation = Conversation(policy=Policy(mode="manual"))
    conversation.client_asks(at_ms=100)
    conversation.runs_until(110)
    stray = Transcribed(1, 1, "who said this", Timing(0, 0, 0))
    assert conversation.handle(stray) == []
    conversation.plays_out()
    assert conversation.record == [("agent", ANSWER)]


@pytest.mark.parametrize(("for_ms", "status"), [(320, "completed"), (640, "cancelled")])
def test_words_over_the_agent_that_cannot_be_made_out_are_judged_by_their_length(
    for_ms: float, status: str
) -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    begun = conversation.agent_begins()
    conversation.players.engines.broken.add("transcription")
    conversation.caller_says("stop", at_ms=begun + 1000, for_ms=for_ms)
    conversation.plays_out()
    assert conversation.replies[0].status == status
    silent = conversation.when(do.PausePlayout)
    judged = conversation.when(do.FlushPlayout if status == "cancelled" else do.ResumePlayout)
    assert judged < silent + for_ms + 96 + 120 + 2 * ms(WINDOW)
