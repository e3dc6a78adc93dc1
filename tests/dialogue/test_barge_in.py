"""Speaking over the agent: it falls silent at once, and what is said decides whether it goes on."""

import pytest

from antiphon.contracts import ToolCall, ms, ticks
from antiphon.dialogue import Policy
from antiphon.dialogue import commands as do
from antiphon.dialogue.hearing import JUMP, ONSET

from .players import ANSWER, Engines
from .score import WINDOW, Conversation


def answering(engines: Engines | None = None, **policy: object) -> tuple[Conversation, float]:
    """A conversation in which the agent has just begun to answer."""
    conversation = Conversation(engines, policy=Policy(**policy))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    return conversation, conversation.agent_begins()


def test_an_interruption_silences_the_agent_in_the_window_that_shows_it() -> None:
    conversation, begun = answering()
    conversation.caller_says("no stop that now", at_ms=begun + 1000, for_ms=900)
    conversation.plays_out()
    assert conversation.silent_from(1) <= begun + 1000 + ms(ONSET) + 2 * ms(WINDOW)


@pytest.mark.parametrize("after_ms", [130, 333, 1000, 1111, 1999, 3300])
def test_an_interrupted_reply_is_recorded_to_the_word(after_ms: float) -> None:
    conversation, begun = answering()
    conversation.caller_says("no stop that now", at_ms=begun + after_ms, for_ms=900)
    conversation.plays_out()
    first = conversation.replies[0]
    assert (first.status, first.reason) == ("cancelled", "turn_detected")
    assert first.heard == conversation.loudspeaker.truly_heard(1)
    assert len(first.heard.split()) == pytest.approx((after_ms + 64) / 250, abs=1)
    assert conversation.record == [
        ("caller", "what shall I do"),
        ("agent", first.heard),
        ("caller", "no stop that now"),
        ("agent", ANSWER),
    ]
    assert conversation.outcomes == [(1, "interrupted"), (2, "answered")]


def test_a_client_hears_of_the_interruption_before_the_reply_ends() -> None:
    conversation, begun = answering()
    conversation.caller_says("no stop that now", at_ms=begun + 1000, for_ms=900)
    conversation.plays_out()
    assert conversation.announcements[3:6] == ["speech 2", "cancelled 1", "silence 2"]


def test_a_hum_pauses_the_agent_and_not_a_word_is_lost() -> None:
    conversation, begun = answering()
    conversation.caller_hums("mm-hm", at_ms=begun + 1000)
    conversation.plays_out()
    assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]
    assert conversation.loudspeaker.truly_heard(1) == ANSWER
    assert conversation.announcements == ["speech 1", "silence 1", "reply 1", "completed 1"]
    assert (2, "backchannel") in conversation.outcomes
    paused = conversation.when(do.ResumePlayout) - conversation.when(do.PausePlayout)
    assert 350 < paused < 350 + 96 + 120 + 3 * ms(WINDOW)


def test_noise_over_the_agent_gives_the_floor_back() -> None:
    conversation, begun = answering()
    conversation.noise(at_ms=begun + 500, for_ms=200)
    conversation.plays_out()
    assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]
    assert (2, "nothing_said") in conversation.outcomes


@pytest.mark.parametrize("word", ["42", "нет", "やめて", "wait"])
def test_any_other_word_takes_the_floor(word: str) -> None:
    conversation, begun = answering()
    conversation.caller_says(word, at_ms=begun + 1000, for_ms=300)
    conversation.plays_out()
    assert conversation.replies[0].status == "cancelled"
    assert ("caller", word) in conversation.record


def test_a_hum_that_was_spelled_as_a_word_takes_nothing() -> None:
    conversation, begun = answering()
    conversation.caller_says("Mama.", at_ms=begun + 1000, for_ms=350)
    conversation.plays_out()
    assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]


def test_the_same_word_said_at_length_takes_the_floor() -> None:
    conversation, begun = answering()
    conversation.caller_says("Mama!", at_ms=begun + 1000, for_ms=800)
    conversation.plays_out()
    assert conversation.replies[0].status == "cancelled"


def test_a_word_that_stops_wins_at_the_first_probe() -> None:
    conversation, begun = answering()
    conversation.caller_says("wait a bit", at_ms=begun + 1000, for_ms=900)
    conversation.plays_out()
    assert conversation.when(do.AnnounceSpeech, 2) < begun + 1000 + 64 + 400 + 120 + 3 * ms(WINDOW)


def test_a_long_interruption_wins_before_it_ends() -> None:
    conversation, begun = answering()
    text = "no no I meant the other door the red one"
    conversation.caller_says(text, at_ms=begun + 1000, for_ms=2000)
    conversation.plays_out()
    won = conversation.when(do.AnnounceSpeech, 2)
    assert begun + 1400 < won < begun + 1000 + 64 + 400 + 120 + 3 * ms(WINDOW)
    assert conversation.record[2] == ("caller", text)


def test_long_speech_wins_although_no_word_of_it_is_known() -> None:
    conversation, begun = answering(Engines(transcription_ms=5000))
    conversation.caller_says("one two three four five six", at_ms=begun + 1000, for_ms=3000)
    conversation.runs_until(begun + 1000 + 1000 + 3 * ms(WINDOW))
    assert conversation.when(do.AnnounceSpeech, 2) < begun + 2200


def test_the_agent_does_not_stay_silent_for_words_that_never_come() -> None:
    conversation, begun = answering()
    conversation.players.engines.dead.add("transcription")
    conversation.caller_hums("mm-hm", at_ms=begun + 1000)
    conversation.runs_until(begun + 1350 + 96 + 1500 + 3 * ms(WINDOW))
    assert len(conversation.all(do.ResumePlayout)) == 1


def test_an_interruption_while_thinking() -> None:
    conversation = Conversation(Engines(first_token_ms=3000))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.caller_says("no wait a moment", at_ms=2200, for_ms=900)
    conversation.plays_out()
    assert conversation.record == [
        ("caller", "what shall I do"),
        ("agent", ""),
        ("caller", "no wait a moment"),
        ("agent", ANSWER),
    ]
    assert conversation.outcomes[0] == (1, "interrupted")


def test_going_on_before_the_words_are_known_needs_no_reply_to_the_first_part() -> None:
    conversation = Conversation(Engines(transcription_ms=2200))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.caller_says("with the red door", at_ms=2400, for_ms=1100)
    conversation.plays_out()
    assert conversation.record == [
        ("caller", "what shall I do"),
        ("caller", "with the red door"),
        ("agent", ANSWER),
    ]
    assert conversation.outcomes == [(1, "unanswered"), (2, "answered")]


def test_an_interruption_in_silence_mode() -> None:
    conversation, begun = answering(mode="silence")
    conversation.caller_says("no stop that now", at_ms=begun + 1000, for_ms=900)
    conversation.plays_out()
    assert conversation.outcomes == [(1, "interrupted"), (2, "answered")]
    assert conversation.replies[0].heard == conversation.loudspeaker.truly_heard(1)


def test_an_agent_that_does_not_yield_speaks_on_and_answers_afterwards() -> None:
    conversation, begun = answering(yields=False)
    conversation.caller_says("and then what", at_ms=begun + 500, for_ms=700)
    conversation.plays_out()
    assert conversation.record == [
        ("caller", "what shall I do"),
        ("caller", "and then what"),
        ("agent", ANSWER),
        ("agent", ANSWER),
    ]
    assert conversation.all(do.PausePlayout) == []
    assert conversation.outcomes == [(1, "answered"), (2, "answered")]


def test_an_agent_that_does_not_yield_answers_the_newest_of_two_turns() -> None:
    conversation, begun = answering(yields=False)
    conversation.caller_says("and then what", at_ms=begun + 200, for_ms=600)
    conversation.caller_says("or what else", at_ms=begun + 1800, for_ms=600)
    conversation.plays_out()
    assert conversation.outcomes == [(2, "unanswered"), (1, "answered"), (3, "answered")]


def test_a_hum_over_a_hum_is_two_hums() -> None:
    conversation, begun = answering()
    conversation.caller_hums("yeah", at_ms=begun + 500)
    conversation.caller_hums("okay", at_ms=begun + 2000)
    conversation.plays_out()
    assert conversation.record[-1] == ("agent", ANSWER)
    assert len(conversation.all(do.ResumePlayout)) == 2


def test_a_listening_word_may_turn_into_an_interruption() -> None:
    conversation, begun = answering()
    conversation.caller_says("okay", at_ms=begun + 500, for_ms=300)
    conversation.caller_says("stop there please", at_ms=begun + 920, for_ms=700)
    conversation.plays_out()
    assert conversation.record[2] == ("caller", "okay stop there please")


def test_interrupting_the_sound_of_an_unstoppable_engine() -> None:
    conversation, begun = answering(Engines(obeys=False))
    conversation.loudspeaker.stop_delay = ticks(200)
    conversation.caller_says("no stop that now", at_ms=begun + 1000, for_ms=900)
    conversation.plays_out()
    assert conversation.replies[0].heard == conversation.loudspeaker.truly_heard(1)
    assert conversation.record[-1] == ("agent", ANSWER)


@pytest.mark.parametrize("after_ms", [300, 437, 560, 1111])
def test_reports_that_come_late_do_not_shorten_what_was_heard(after_ms: float) -> None:
    conversation, begun = answering()
    conversation.loudspeaker.report_delay = lambda: ticks(150)
    conversation.loudspeaker.stop_delay = ticks(160)
    conversation.client_cancels(at_ms=begun + after_ms)
    conversation.plays_out()
    assert conversation.replies[0].heard == conversation.loudspeaker.truly_heard(1)


def test_an_interruption_is_answered_only_when_it_is_known_what_was_heard() -> None:
    conversation, begun = answering(Engines(transcription_ms=10))
    conversation.loudspeaker.stop_delay = ticks(300)
    conversation.caller_says("no stop that now", at_ms=begun + 1000, for_ms=430)
    conversation.plays_out()
    second = [at for command, at in conversation.commands if isinstance(command, do.Generate)][1]
    assert second >= ticks(conversation.when(do.EndReply))


def test_words_of_the_beginning_are_not_taken_for_the_whole() -> None:
    conversation, begun = answering(Engines(transcription_ms=600))
    conversation.caller_says("stop right there please", at_ms=begun + 1000, for_ms=700)
    conversation.plays_out()
    assert conversation.record[2] == ("caller", "stop right there please")
    assert [asked.text for asked in conversation.all(do.Generate)][1:] == ["stop right there please"]


def test_the_tools_of_an_interrupted_reply_are_not_called() -> None:
    call = ToolCall("call_1", "lamp", "{}")
    conversation, begun = answering(Engines(token_ms=1, finish="tool_calls", tool_calls=(call,)))
    conversation.client_cancels(at_ms=begun + 1000)
    conversation.plays_out()
    assert conversation.replies[0].tool_calls == ()


def test_a_turn_that_waits_is_not_answered_into_an_interruption() -> None:
    conversation, begun = answering(yields=False)
    conversation.caller_says("and then what", at_ms=begun + 100, for_ms=600)
    conversation.policy_becomes(Policy(), at_ms=begun + 1500)
    conversation.caller_says("stop it all right now", at_ms=begun + 1600, for_ms=2000)
    conversation.plays_out()
    assert conversation.outcomes == [(2, "unanswered"), (1, "interrupted"), (3, "answered")]
    assert conversation.record[-1] == ("agent", ANSWER)


def test_a_reply_that_begins_while_somebody_speaks_is_held_back() -> None:
    engines = Engines(transcription_ms=10, first_token_ms=10, token_ms=1, synthesis_ms=1)
    conversation, begun = answering(engines)
    conversation.loudspeaker.stop_delay = ticks(1500)
    conversation.caller_says("no stop that now", at_ms=begun + 1000, for_ms=500)
    third = begun + 2500
    conversation.caller_hums("mm-hm", at_ms=third, for_ms=900)
    conversation.plays_out()
    assert third < conversation.when(do.StartReply, 2) < third + 900
    assert all(ms(sound.start) >= third + 900 for sound in conversation.sounds if sound.turn == 2)
    assert conversation.record[-1] == ("agent", ANSWER)


def test_clearing_what_was_said_to_an_unyielding_agent_resumes_nothing() -> None:
    conversation, begun = answering(yields=False)
    conversation.caller_says("and then what", at_ms=begun + 500, for_ms=700)
    conversation.client_clears(at_ms=begun + 900)
    conversation.runs_until(begun + 920)
    assert conversation.all(do.ResumePlayout) == []


def test_words_after_a_hum_keep_their_beginning() -> None:
    for gap_ms in range(96, 400, 16):
        conversation, begun = answering()
        hum = begun + 32 * 20 - begun % 32
        conversation.caller_hums("okay", at_ms=hum, for_ms=320)
        conversation.caller_says("stop there please", at_ms=hum + 320 + gap_ms, for_ms=700)
        conversation.plays_out()
        assert conversation.record[2][1].endswith("stop there please")


def test_a_probe_answered_after_the_longest_turn_is_not_the_turn() -> None:
    conversation, begun = answering()
    conversation.players.engines.transcription_ms = 90_000
    conversation.caller_says("on and on " * 100, at_ms=begun + 500, for_ms=95_000)
    conversation.runs_until(begun + 500 + 91_000)
    assert [words.turn for words in conversation.all(do.SettleCallerWords)] == [1]


def test_the_model_reads_what_was_heard_while_the_interruption_goes_on() -> None:
    conversation, begun = answering()
    conversation.caller_says("no no I meant the other door", at_ms=begun + 1000, for_ms=1500)
    conversation.plays_out()
    read = [at for command, at in conversation.commands if command == do.Prefill(2, 1, "")]
    assert [ms(at) for at in read] == [conversation.when(do.EndReply)]


def test_sound_is_held_back_for_one_window_that_may_be_speech() -> None:
    conversation, begun = answering()
    conversation.noise(at_ms=begun + 1000, for_ms=ms(WINDOW))
    conversation.plays_out()
    held = conversation.when(do.ResumePlayout) - conversation.when(do.PausePlayout)
    assert held <= 2 * ms(WINDOW)
    assert conversation.loudspeaker.truly_heard(1) == ANSWER
    assert conversation.outcomes == [(1, "answered")]


def test_sound_is_not_held_back_for_a_caller_who_vanishes() -> None:
    conversation, begun = answering()
    conversation.noise(at_ms=begun + 1000, for_ms=ms(WINDOW))
    conversation.line_stalls(at_ms=begun + 1000 + ms(WINDOW), for_ms=60_000)
    conversation.runs_until(begun + 1500)
    assert len(conversation.all(do.PausePlayout)) == len(conversation.all(do.ResumePlayout)) == 1


def test_a_noise_that_lasts_costs_a_pause_and_not_the_answer() -> None:
    conversation, begun = answering()
    conversation.noise(at_ms=begun + 500, for_ms=5000)
    conversation.plays_out()
    assert conversation.loudspeaker.truly_heard(1) == ANSWER
    assert conversation.when(do.ResumePlayout) < begun + 500 + 700 + 120 + 4 * ms(WINDOW)


def test_words_in_a_noise_that_lasts_win_the_floor() -> None:
    conversation, begun = answering()
    conversation.noise(at_ms=begun + 300, for_ms=3000)
    conversation.caller_says("stop that please", at_ms=begun + 1800, for_ms=700)
    conversation.plays_out()
    assert conversation.outcomes == [(1, "interrupted"), (2, "answered")]
    assert conversation.when(do.AnnounceSpeech, 2) < begun + 1800 + 1200


def test_listening_words_may_last_longer_than_a_second() -> None:
    conversation, begun = answering()
    conversation.caller_says("yeah okay right", at_ms=begun + 500, for_ms=1400)
    conversation.plays_out()
    assert conversation.outcomes == [(2, "backchannel"), (1, "answered")]


def test_a_listening_word_that_goes_on_is_asked_about_again() -> None:
    conversation, begun = answering()
    conversation.caller_says("okay could you turn on the light", at_ms=begun + 500, for_ms=2100)
    conversation.plays_out()
    assert conversation.when(do.AnnounceSpeech, 2) < begun + 500 + 64 + 700 + 120 + 3 * ms(WINDOW)
    assert conversation.record[2] == ("caller", "okay could you turn on the light")


def test_a_voice_that_begins_with_a_hiss_silences_the_agent_at_the_hiss() -> None:
    conversation, begun = answering()
    conversation.rustle(at_ms=begun + 1000, for_ms=90)
    conversation.caller_says("stop that now please", at_ms=begun + 1090, for_ms=900)
    conversation.plays_out()
    assert conversation.silent_from(1) <= begun + 1000 + 2 * ms(WINDOW)
    assert conversation.record[-2] == ("caller", "stop that now please")


def test_a_noise_that_is_no_voice_holds_the_sound_back_for_a_moment_only() -> None:
    conversation, begun = answering()
    conversation.rustle(at_ms=begun + 1000, for_ms=2000)
    conversation.plays_out()
    held = conversation.when(do.ResumePlayout) - conversation.when(do.PausePlayout)
    assert held <= ms(JUMP) + ms(WINDOW)
    assert len(conversation.all(do.PausePlayout)) == 1
    assert conversation.loudspeaker.truly_heard(1) == ANSWER


@pytest.mark.parametrize("for_ms", [380, 900, 2000])
def test_whoever_has_won_the_floor_is_heard_as_they_came(for_ms: float) -> None:
    conversation, begun = answering(Engines(thins=True))
    conversation.caller_says("no I meant the other one", at_ms=begun + 1000, for_ms=for_ms)
    conversation.plays_out()
    assert conversation.record[2] == ("caller", "no I meant the other one")
    assert conversation.outcomes == [(1, "interrupted"), (2, "answered")]


def test_a_listening_word_is_judged_by_what_is_left_of_it() -> None:
    conversation, begun = answering(Engines(thins=True))
    conversation.caller_hums("mm-hm", at_ms=begun + 1000)
    conversation.plays_out()
    assert conversation.record[-1] == ("agent", ANSWER)
    assert all(ask.clean_to == ask.end for ask in conversation.all(do.Transcribe) if ask.turn == 2)


def test_a_rustle_does_not_keep_the_answer_waiting() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    begun = conversation.agent_begins()
    again = Conversation()
    again.caller_says("what shall I do", at_ms=500, for_ms=900)
    again.rustle(at_ms=begun - 40, for_ms=300)
    assert again.agent_begins() == begun
