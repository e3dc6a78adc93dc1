"""Clients that do not leave it to the floor: commits, requests, cancellations, and new rules half way."""

from antiphon.contracts import ticks
from antiphon.dialogue import Policy
from antiphon.dialogue import commands as do

from .players import ANSWER, Engines
from .score import Conversation

MANUAL = Policy(mode="manual")


def test_a_client_commits_and_asks() -> None:
    conversation = Conversation(policy=MANUAL)
    conversation.caller_says("what shall I do", at_ms=200, for_ms=900)
    conversation.client_commits(at_ms=1300)
    conversation.client_asks(at_ms=1310)
    conversation.plays_out()
    assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]
    assert conversation.announcements == ["reply 2", "completed 2"]
    assert conversation.outcomes == [(1, "unanswered"), (2, "answered")]
    assert conversation.reports[1].said == "what shall I do"


def test_a_reply_asked_for_waits_for_the_words_of_every_committed_turn() -> None:
    conversation = Conversation(Engines(transcription_ms=800), policy=MANUAL)
    conversation.caller_says("one", at_ms=200, for_ms=300)
    conversation.client_commits(at_ms=600)
    conversation.caller_says("two", at_ms=700, for_ms=300)
    conversation.client_commits(at_ms=1100)
    conversation.client_asks(at_ms=1110)
    conversation.plays_out()
    assert conversation.when(do.Generate) >= 1100 + 800
    assert conversation.record == [("caller", "one"), ("caller", "two"), ("agent", ANSWER)]


def test_a_typed_message_is_answered_without_any_sound_of_the_caller() -> None:
    conversation = Conversation(policy=MANUAL)
    conversation.client_asks(at_ms=500)
    conversation.plays_out()
    assert conversation.all(do.Generate) == [do.Generate(1, 1, None)]
    assert conversation.record == [("agent", ANSWER)]
    (report,) = conversation.reports
    assert report.sent_ms is not None
    assert next(term.name for term in report.terms) == "end_of_turn"
    assert abs(report.residual_ms) < 0.1


def test_a_typed_message_may_be_answered_in_text() -> None:
    conversation = Conversation(policy=MANUAL)
    conversation.client_asks(at_ms=500, speak=False)
    conversation.plays_out()
    assert conversation.record == [("agent", ANSWER)]
    assert conversation.all(do.Play) == []


def test_cancelling_a_reply_keeps_what_was_heard() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    begun = conversation.agent_begins()
    conversation.client_cancels(at_ms=begun + 1300)
    conversation.plays_out()
    (end,) = conversation.replies
    assert (end.status, end.reason) == ("cancelled", "client_cancelled")
    assert end.heard == conversation.loudspeaker.truly_heard(1) == "Certainly, I can help you"
    assert conversation.outcomes == [(1, "cancelled")]


def test_a_reply_cancelled_before_it_began_begins_and_ends_for_the_client() -> None:
    conversation = Conversation(Engines(transcription_ms=2000), policy=MANUAL)
    conversation.caller_says("one", at_ms=200, for_ms=300)
    conversation.client_commits(at_ms=600)
    conversation.client_asks(at_ms=610)
    conversation.client_cancels(at_ms=700)
    conversation.plays_out()
    assert conversation.announcements == ["reply 2", "cancelled 2"]
    assert conversation.outcomes == [(2, "cancelled"), (1, "unanswered")]
    assert conversation.all(do.Generate) == []


def test_cancelling_a_reply_in_text() -> None:
    conversation = Conversation(policy=MANUAL)
    conversation.client_asks(at_ms=500, speak=False)
    conversation.client_cancels(at_ms=500 + 10 + 100 + 4 * 30 + 5)
    conversation.plays_out()
    assert conversation.replies[0].heard == "Certainly, I can help you "


def test_a_cleared_utterance_is_forgotten() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.client_clears(at_ms=1100)
    conversation.runs_until(1110)
    assert conversation.outcomes == [(1, "cancelled")]
    assert conversation.announcements == ["speech 1", "silence 1"]
    conversation.plays_out()
    assert ("caller", "what shall I do") not in conversation.record


def test_clearing_while_the_agent_is_interrupted_lets_it_speak_on() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    begun = conversation.agent_begins()
    conversation.noise(at_ms=begun + 500, for_ms=250)
    conversation.client_clears(at_ms=begun + 700)
    conversation.plays_out()
    assert conversation.record[-1] == ("agent", ANSWER)


def test_cleared_audio_is_in_no_later_turn() -> None:
    conversation = Conversation(policy=MANUAL)
    conversation.caller_says("secret", at_ms=100, for_ms=800)
    conversation.client_clears(at_ms=960)
    conversation.policy_becomes(Policy(), at_ms=961)
    conversation.caller_says("what shall I do", at_ms=1000, for_ms=800)
    conversation.plays_out()
    (commit,) = conversation.all(do.CommitCallerAudio)
    assert commit.start >= ticks(960) - 768


def test_an_unasked_answer_is_not_given_and_may_be_asked_for() -> None:
    conversation = Conversation(policy=Policy(answers=False))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.runs_until(4000)
    assert conversation.outcomes == [(1, "unanswered")]
    assert conversation.all(do.Generate) == []
    conversation.client_asks(at_ms=4000)
    conversation.plays_out()
    assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]
    assert conversation.reports[1].said == "what shall I do"


def test_a_client_may_end_the_turn_that_the_floor_would_have_let_run() -> None:
    conversation = Conversation()
    conversation.caller_says("I would like…", at_ms=500, for_ms=600)
    conversation.client_commits(at_ms=1400)
    conversation.plays_out()
    assert conversation.announcements == ["speech 1", "silence 1"]
    assert conversation.record == [("caller", "I would like")]
    assert conversation.outcomes == [(1, "unanswered")]


def test_a_request_takes_the_place_of_the_guess_under_way() -> None:
    conversation = Conversation(Engines(answer=lambda text: f"About {text}."))
    conversation.caller_says("what shall I…", at_ms=500, for_ms=900)
    conversation.client_asks(at_ms=1750)
    conversation.plays_out()
    assert conversation.announcements[:2] == ["speech 1", "reply 2"]
    told = [asked.text for asked in conversation.all(do.Generate)]
    assert told == ["what shall I", None, "what shall I"]
    revisions = [asked.revision for asked in conversation.all(do.Generate) if asked.turn == 1]
    assert revisions[0] < revisions[1]


def test_a_second_request_changes_nothing() -> None:
    conversation = Conversation(policy=MANUAL)
    conversation.client_asks(at_ms=500)
    conversation.client_asks(at_ms=510)
    conversation.plays_out()
    assert conversation.announcements == ["reply 1", "completed 1"]


def test_new_rules_half_way_through_a_turn() -> None:
    conversation = Conversation()
    conversation.caller_says("I would like…", at_ms=500, for_ms=600)
    conversation.policy_becomes(Policy(mode="silence", silence_ticks=ticks(300)), at_ms=900)
    conversation.plays_out()
    assert conversation.when(do.CommitCallerAudio) < 1500
    assert conversation.record == [("caller", "I would like"), ("agent", ANSWER)]


def test_a_turn_under_way_is_dropped_when_the_client_takes_over() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.policy_becomes(MANUAL, at_ms=900)
    conversation.plays_out()
    assert conversation.announcements == ["speech 1", "silence 1"]
    assert conversation.outcomes == [(1, "cancelled")]


def test_a_guess_nobody_wants_any_more_is_cancelled() -> None:
    conversation = Conversation(Engines(scoring_ms=400, first_token_ms=3000))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.policy_becomes(Policy(answers=False), at_ms=1720)
    conversation.plays_out()
    assert len(conversation.all(do.Generate)) == 1
    assert [cancel.turn for cancel in conversation.all(do.CancelWork)] == [1]


def test_the_agent_speaks_again_when_nobody_does() -> None:
    conversation = Conversation(policy=Policy(idle_ticks=ticks(5000)))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.runs_while(lambda: not conversation.replies)
    ended = conversation.when(do.EndReply)
    conversation.runs_while(lambda: not conversation.all(do.AnnounceIdle))
    assert conversation.when(do.AnnounceIdle) == ended + 5000
    assert conversation.all(do.AnnounceIdle) == [do.AnnounceIdle(2)]
    conversation.policy_becomes(Policy(), at_ms=ended + 5001)
    conversation.plays_out()
    assert conversation.announcements[-2:] == ["reply 2", "completed 2"]


def test_noise_does_not_count_as_speaking_to_an_idle_agent() -> None:
    conversation = Conversation(policy=Policy(idle_ticks=ticks(5000)))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.runs_while(lambda: not conversation.replies)
    conversation.noise(at_ms=conversation.when(do.EndReply) + 3000, for_ms=200)
    conversation.runs_while(lambda: not conversation.all(do.AnnounceIdle))
