"""Turns and answers: the plain course of things, hesitations, and guesses that come true or do not."""

import pytest

from antiphon.contracts import ToolCall, ms, ticks
from antiphon.dialogue import Policy
from antiphon.dialogue import commands as do
from antiphon.dialogue.policy import Pause, silence_needed_ms

from .players import ANSWER, Engines
from .score import WINDOW, Conversation


def test_a_plain_turn_is_answered() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]
    assert conversation.announcements == ["speech 1", "silence 1", "reply 1", "completed 1"]
    assert conversation.outcomes == [(1, "answered")]
    assert conversation.loudspeaker.truly_heard(1) == ANSWER


def test_the_wait_for_a_finished_sentence_is_short() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert 200 <= conversation.when(do.CommitCallerAudio) - 1400 <= 300 + 2 * ms(WINDOW)


def test_the_end_is_decided_when_the_answer_is_ready() -> None:
    for first_token_ms in (10, 100, 250):
        conversation = Conversation(Engines(first_token_ms=first_token_ms))
        conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
        conversation.plays_out()
        ready = ms(conversation.sounds[0].start)
        assert conversation.when(do.CommitCallerAudio) == ready
        assert conversation.reports[0].residual_ms == pytest.approx(0, abs=1e-6)


def test_a_caller_who_goes_on_while_the_answer_is_made_is_not_cut_off() -> None:
    conversation = Conversation(Engines(first_token_ms=300, score=lambda text: 0.98))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.caller_says("about the door", at_ms=1800, for_ms=700)
    conversation.plays_out()
    assert conversation.record[0] == ("caller", "what shall I do about the door")


def test_an_answer_that_takes_long_is_not_waited_for() -> None:
    conversation = Conversation(Engines(first_token_ms=5000))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert abs(conversation.when(do.CommitCallerAudio) - 1400 - 800) <= ms(WINDOW)


def test_a_hesitation_does_not_end_the_turn() -> None:
    conversation = Conversation()
    conversation.caller_says("I would like…", at_ms=500, for_ms=700)
    conversation.caller_says("a cup of tea", at_ms=1900, for_ms=700)
    conversation.plays_out()
    assert conversation.record == [("caller", "I would like a cup of tea"), ("agent", ANSWER)]
    assert conversation.announcements == ["speech 1", "silence 1", "reply 1", "completed 1"]
    asked = conversation.all(do.Generate)
    assert [(ask.revision, ask.text) for ask in asked] == [
        (1, "I would like"),
        (2, "I would like a cup of tea"),
    ]
    assert conversation.all(do.CancelWork) == [do.CancelWork(1, 1, "caller_went_on")]
    assert conversation.reports[0].revisions == 2
    assert conversation.reports[0].wasted_tokens > 0


def test_words_that_read_unfinished_are_waited_for_however_they_sound() -> None:
    conversation = Conversation(Engines(score=lambda _: 0.98))
    conversation.caller_says("publicity and notoriety go…", at_ms=500, for_ms=900)
    conversation.caller_says("hand in hand", at_ms=2050, for_ms=700)
    conversation.plays_out()
    assert conversation.record[0] == ("caller", "publicity and notoriety go hand in hand")
    assert conversation.all(do.Generate)[0].weigh == "publicity and notoriety go"


def test_without_a_model_that_weighs_words_the_sound_decides() -> None:
    conversation = Conversation(Engines(may_end=None))
    conversation.caller_says("I would like…", at_ms=500, for_ms=700)
    conversation.caller_says("a cup of tea", at_ms=1500, for_ms=700)
    conversation.plays_out()
    assert conversation.record[0] == ("caller", "I would like a cup of tea")


def test_words_are_not_weighed_where_a_fixed_silence_ends_the_turn() -> None:
    conversation = Conversation(policy=Policy(mode="silence"))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert [asked.weigh for asked in conversation.all(do.Generate)] == [""]


def test_nothing_made_for_the_first_part_of_a_sentence_sounds() -> None:
    engines = Engines(answer=lambda text: f"You said {text}.", obeys=False)
    conversation = Conversation(engines)
    conversation.caller_says("I would like…", at_ms=500, for_ms=700)
    conversation.caller_says("a cup of tea", at_ms=2200, for_ms=700)
    conversation.plays_out()
    assert conversation.record[-1] == ("agent", "You said I would like a cup of tea.")
    assert min(sound.start for sound in conversation.sounds) > ticks(2900)


def test_a_guess_that_comes_true_sounds_the_moment_the_turn_ends() -> None:
    conversation = Conversation(
        Engines(
            transcription_ms=10, scoring_ms=300, first_token_ms=10, token_ms=1, synthesis_ms=10, chunk_ms=1
        )
    )
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    confirmed = conversation.when(do.CommitCallerAudio)
    assert conversation.when(do.Synthesize) < confirmed
    assert conversation.when(do.Play) == confirmed
    assert ms(conversation.sounds[0].start) == confirmed


def test_each_clause_is_spoken_behind_the_one_before_it() -> None:
    answer = "Yes, the old town is full of small shops. Nobody drives there"
    conversation = Conversation(Engines(answer=lambda text: answer))
    conversation.caller_says("what is it like", at_ms=500, for_ms=900)
    conversation.plays_out()
    asked = conversation.all(do.Synthesize)
    assert [(ask.before, ask.text, ask.goes_on) for ask in asked] == [
        ("", "Yes,", True),
        ("Yes,", "the old town is full", True),
        ("the old town is full", "of small shops.", True),
        ("of small shops.", "Nobody drives there", False),
    ]
    assert conversation.record[-1] == ("agent", answer)


def test_text_alone_is_held_back_until_the_turn_ends() -> None:
    conversation = Conversation(
        Engines(transcription_ms=10, scoring_ms=300, token_ms=1), policy=Policy(speaks=False)
    )
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert conversation.when(do.EmitText) >= conversation.when(do.CommitCallerAudio)
    assert "".join(more.text for more in conversation.all(do.EmitText)) == ANSWER
    assert conversation.record[-1] == ("agent", ANSWER)
    assert conversation.all(do.Synthesize) == []
    assert conversation.sounds == []


def test_two_turns_in_quick_succession_are_both_answered() -> None:
    conversation = Conversation(Engines(answer=lambda text: "Yes, that is so."))
    conversation.caller_says("is it nine", at_ms=300, for_ms=600)
    conversation.agent_begins()
    quiet = conversation.runs_while(lambda: not conversation.replies)
    conversation.caller_says("and is it late", at_ms=quiet + 40, for_ms=600)
    conversation.plays_out()
    assert conversation.record == [
        ("caller", "is it nine"),
        ("agent", "Yes, that is so."),
        ("caller", "and is it late"),
        ("agent", "Yes, that is so."),
    ]


def test_silence_mode_waits_for_its_pause_and_scores_nothing() -> None:
    conversation = Conversation(policy=Policy(mode="silence", silence_ticks=ticks(700)))
    conversation.caller_says("I would like…", at_ms=500, for_ms=500)
    conversation.plays_out()
    assert conversation.all(do.ScoreEndOfTurn) == []
    assert abs(conversation.when(do.CommitCallerAudio) - 1000 - 700) <= ms(WINDOW)


def test_an_unfinished_sentence_is_answered_after_the_longest_wait() -> None:
    conversation = Conversation()
    conversation.caller_says("I would like…", at_ms=500, for_ms=500)
    conversation.plays_out()
    longest_ms = silence_needed_ms(Policy(), Pause(0, (0.02,), "I would like", -8.0))
    assert abs(conversation.when(do.CommitCallerAudio) - 1000 - longest_ms) <= ms(WINDOW)
    assert len(conversation.all(do.ScoreEndOfTurn)) == 5


def test_noise_in_a_quiet_room_is_not_answered() -> None:
    conversation = Conversation()
    conversation.noise(at_ms=500, for_ms=300)
    conversation.plays_out()
    assert conversation.outcomes == [(1, "nothing_said")]
    assert conversation.replies == []


def test_a_reply_without_anything_to_speak_ends_at_once() -> None:
    conversation = Conversation(Engines(answer=lambda text: "*** !"))
    conversation.caller_says("say nothing", at_ms=300, for_ms=600)
    conversation.plays_out()
    assert conversation.record[-1] == ("agent", "")
    assert conversation.announcements[-1] == "completed 1"
    assert conversation.sounds == []


def test_a_reply_that_ran_out_of_tokens_is_incomplete() -> None:
    conversation = Conversation(Engines(finish="length"))
    conversation.caller_says("tell me all", at_ms=300, for_ms=600)
    conversation.plays_out()
    (end,) = conversation.replies
    assert (end.status, end.reason, end.heard) == ("incomplete", "max_output_tokens", ANSWER)


def test_tool_calls_are_handed_over_when_the_reply_has_been_heard() -> None:
    call = ToolCall("call_1", "lamp", '{"on": true}')
    conversation = Conversation(
        Engines(answer=lambda text: "One moment please.", finish="tool_calls", tool_calls=(call,))
    )
    conversation.caller_says("switch the lamp on", at_ms=300, for_ms=600)
    conversation.plays_out()
    (end,) = conversation.replies
    assert (end.status, end.tool_calls) == ("completed", (call,))


def test_somebody_who_never_pauses_is_answered_all_the_same() -> None:
    conversation = Conversation()
    conversation.caller_says("on and on " * 100, at_ms=100, for_ms=95_000)
    conversation.runs_until(90_500)
    assert conversation.announcements[:2] == ["speech 1", "silence 1"]
    conversation.plays_out()
    assert next(speaker for speaker, _ in conversation.record) == "caller"


def test_how_one_pause_sounded_says_nothing_of_the_next() -> None:
    conversation = Conversation()
    conversation.caller_says("well then", at_ms=500, for_ms=500)
    conversation.at(1180, lambda: conversation.players.engines.dead.add("end_of_turn"))
    conversation.caller_says("what shall I do", at_ms=1184, for_ms=500)
    conversation.plays_out()
    assert conversation.record[0] == ("caller", "well then what shall I do")
    assert conversation.when(do.CommitCallerAudio) > 1684 + 1900


def test_a_voice_that_stirs_puts_the_end_off_by_a_window() -> None:
    for gap_ms in range(96, 480, 16):
        conversation = Conversation(Engines(score=lambda text: 0.95))
        conversation.caller_says("well then", at_ms=480, for_ms=512)
        conversation.caller_says("what shall I do", at_ms=992 + gap_ms, for_ms=640)
        conversation.plays_out()
        said = " ".join(text for speaker, text in conversation.record if speaker == "caller")
        assert said == "well then what shall I do"


def test_a_line_that_stalls_as_a_voice_stirs_does_not_hold_the_turn_open() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=480, for_ms=896)
    conversation.noise(at_ms=1472, for_ms=32)
    conversation.line_stalls(at_ms=1504, for_ms=60_000)
    conversation.plays_out()
    assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]


def test_words_that_come_late_are_answered_from_the_record_not_given_twice() -> None:
    conversation = Conversation(Engines(transcription_ms=900))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert conversation.all(do.Generate) == [do.Generate(1, 1, None)]
    assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]
