"""Listening ahead: words that are known, and read, before the caller has finished."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import ms
from antiphon.dialogue import commands as do
from antiphon.dialogue.ahead import steady
from antiphon.dialogue.completeness import MARKS
from antiphon.dialogue.events import HeardAhead, Timing

from .players import ANSWER, Engines
from .score import WINDOW, Conversation

LONG = "I would like to know what I should do about the old door in the hall of my house"
WORDS = [LONG.split()[:count] for count in range(len(LONG.split()) + 1)]


def test_the_end_is_heard_at_the_first_quiet_window() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    asks = [(ask, ms(at)) for ask, at in conversation.commands if isinstance(ask, do.ListenAhead)]
    (ask, at) = asks[-1]
    assert 0 < at - 1400 <= 2 * ms(WINDOW)
    assert ms(ask.end) == at
    assert conversation.all(do.Transcribe) == []
    assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]


def test_the_answer_is_begun_as_soon_as_the_pause_is_one() -> None:
    conversation = Conversation(Engines(transcription_ms=10))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert conversation.when(do.Generate) == conversation.when(do.ScoreEndOfTurn)


def test_somebody_who_speaks_on_is_read_while_they_speak() -> None:
    conversation = Conversation()
    conversation.caller_says(LONG, at_ms=500, for_ms=6000)
    conversation.plays_out()
    read = [prefill.text for prefill in conversation.all(do.Prefill)]
    assert read[0] == ""
    assert len(read) >= 5
    assert all(text.split() in WORDS for text in read)
    assert [len(text) for text in read] == sorted(len(text) for text in read)
    assert len(read[-1].split()) >= 12
    assert conversation.record[0] == ("caller", LONG)
    assert conversation.reports[0].revisions == 1


def test_a_gap_between_words_is_listened_to_and_is_no_pause() -> None:
    conversation = Conversation()
    conversation.caller_says("what shall I do about", at_ms=500, for_ms=900)
    conversation.caller_says("the old door", at_ms=1450, for_ms=700)
    conversation.plays_out()
    assert len(conversation.all(do.ListenAhead)) >= 2
    assert len(conversation.all(do.Prefill)) >= 2
    assert conversation.reports[0].revisions == 1
    assert conversation.record[0] == ("caller", "what shall I do about the old door")


def test_nothing_is_read_while_the_answer_may_be_wanted_at_once() -> None:
    conversation = Conversation(Engines(transcription_ms=10))
    conversation.caller_says("what shall I do about this", at_ms=500, for_ms=900)
    conversation.plays_out()
    quiet_from = conversation.when(do.ScoreEndOfTurn) - 96
    late = [at for command, at in conversation.commands if isinstance(command, do.Prefill)]
    assert all(ms(at) < quiet_from for at in late)


def test_words_that_were_not_heard_ahead_are_asked_for() -> None:
    conversation = Conversation(Engines(broken={"transcription"}))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert conversation.all(do.Transcribe)
    assert conversation.outcomes == [(1, "failed")]


def test_what_was_heard_ahead_may_come_after_the_end() -> None:
    conversation = Conversation(Engines(transcription_ms=900))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.plays_out()
    assert conversation.when(do.CommitCallerAudio) < conversation.when(do.SettleCallerWords)
    assert conversation.all(do.Transcribe) == []
    assert conversation.record == [("caller", "what shall I do"), ("agent", ANSWER)]


def test_what_was_heard_before_the_caller_went_on_is_not_all() -> None:
    conversation = Conversation(Engines(transcription_ms=700))
    conversation.caller_says("I would like…", at_ms=500, for_ms=700)
    conversation.caller_says("a cup of tea", at_ms=1700, for_ms=700)
    conversation.plays_out()
    assert conversation.record[0] == ("caller", "I would like a cup of tea")


def test_an_answer_about_another_place_changes_nothing() -> None:
    conversation = Conversation(Engines(dead={"transcription"}))
    conversation.caller_says("what shall I do", at_ms=500, for_ms=900)
    conversation.runs_until(1480)
    ask = conversation.all(do.ListenAhead)[-1]
    for end in (ask.end - WINDOW, ask.end + WINDOW):
        assert conversation.handle(HeardAhead(1, end, "something else", Timing(0, 0, 0))) == []
    assert conversation.handle(HeardAhead(2, ask.end, "somebody else", Timing(0, 0, 0))) == []


def test_other_marks_and_what_they_make_capitals_are_no_news() -> None:
    read = ["Quite", "often,", "honey"]
    assert steady("quite often honey bees form", read) == "Quite often, honey bees form"
    assert steady("Quite often honey.", read) == "Quite often, honey."
    assert steady("Quite seldom, honey", read) == "Quite seldom, honey"
    assert steady("Why, it may be.", ["Why?", "It", "may"]) == "Why? It may be."
    assert steady("", read) == ""
    assert steady("Well - yes.", []) == "Well - yes."


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("Yes, we're late", ["Yes,", "were", "late"]),
        ("I am Mark.", ["I", "am", "mark"]),
        ("It costs 105.", ["It", "costs", "10.5"]),
        ("No, not often.", ["Quite", "often"]),
    ],
)
def test_another_word_is_news(words: str, read: list[str]) -> None:
    assert steady(words, read) == words


WORD = st.text(st.sampled_from("aAbB',.-?"), min_size=1, max_size=4)


@given(st.lists(WORD, max_size=8), st.lists(WORD, max_size=8))
def test_steadying_changes_no_word(said: list[str], read: list[str]) -> None:
    text = steady(" ".join(said), read)
    assert _bare(text) == _bare(" ".join(said))
    assert steady(text, read) == text


def _bare(text: str) -> list[str]:
    return [word.strip(MARKS).lower() for word in text.split()]
