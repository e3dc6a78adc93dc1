"""Whole exchanges: what the caller says, what the client is told, and what the record keeps."""

import pytest

from antiphon.contracts import BadRequest
from antiphon.runtime.events import (
    AudioCommitted,
    IdleTimedOut,
    ItemAdded,
    ReplyAudio,
    ReplyEnded,
    ReplyItemEnded,
    ReplyItemStarted,
    ReplyStarted,
    ReplyText,
    SpeechStarted,
    SpeechStopped,
    TranscriptFailed,
    TranscriptPartial,
    TranscriptSettled,
    TurnMeasured,
)
from antiphon.runtime.settings import ReplyRequest, SemanticVad, ServerVad, SessionSettings

from .stage import BY_HAND, QUICK, TYPED, Stage, sung
from .virtual import in_virtual_time, until


@in_virtual_time
async def test_the_callers_words_are_told_while_they_speak() -> None:
    stage = Stage(answers=("I see.",))
    words = "this is a long story of a ship that was lost at sea for many years and then came home"
    await stage.says(words)
    await stage.is_silent_until(TurnMeasured)
    partial = [event.text for event in stage.all(TranscriptPartial)]
    assert partial, "nothing was told before the end"
    assert all(words.startswith(text) for text in partial)
    names = stage.names()
    assert names.index("SpeechStarted") < names.index("TranscriptPartial") < names.index("TranscriptSettled")


@in_virtual_time
async def test_a_question_and_its_answer_in_order() -> None:
    stage = Stage(answers=("It is noon. Time for lunch.",))
    await stage.says("what time is it")
    await stage.is_silent_until(TurnMeasured)
    assert stage.names() == [
        "SpeechStarted",
        "SpeechStopped",
        "AudioCommitted",
        "ItemAdded",
        "TranscriptSettled",
        "ReplyStarted",
        "ReplyItemStarted",
        "ReplyText",
        "ReplyAudio",
        "ReplyText",
        "ReplyAudio",
        "ReplyItemEnded",
        "ReplyEnded",
        "TurnMeasured",
    ]
    assert stage.only(TranscriptSettled).text == "what time is it"
    assert stage.received_words() == "It is noon. Time for lunch."
    assert stage.shown() == "It is noon. Time for lunch."
    assert [(item.role, item.text) for item in stage.session.items] == [
        ("user", "what time is it"),
        ("assistant", "It is noon. Time for lunch."),
    ]


@in_virtual_time
async def test_the_ids_of_one_exchange_agree() -> None:
    stage = Stage(answers=("It is noon.",))
    await stage.says("what time is it")
    await stage.is_silent_until(TurnMeasured)
    caller, agent = stage.session.items
    assert {
        stage.only(SpeechStarted).item_id,
        stage.only(SpeechStopped).item_id,
        stage.only(AudioCommitted).item_id,
        stage.only(ItemAdded).item.id,
        stage.only(TranscriptSettled).item_id,
    } == {caller.id}
    assert stage.only(ReplyItemStarted).item.id == stage.only(ReplyItemEnded).item.id == agent.id
    assert stage.only(ReplyItemStarted).previous_item_id == caller.id
    assert {event.item_id for event in stage.all(ReplyAudio)} == {agent.id}
    assert stage.only(ReplyEnded).items == (agent,)


@in_virtual_time
async def test_the_equation_of_a_turn_adds_up() -> None:
    stage = Stage(answers=("It is noon.",))
    for lane in stage.lanes.values():
        lane.delay_ms = 7.0
    await stage.says("what time is it")
    await stage.is_silent_until(TurnMeasured)
    report = stage.only(TurnMeasured).report
    assert report == stage.session.reports[-1]
    assert report.outcome == "answered"
    assert report.heard == report.answer == "It is noon."
    assert report.sent_ms == pytest.approx(
        sum(term.ms for term in report.terms) - report.overlap_ms + report.residual_ms
    )
    assert abs(report.residual_ms) < 1.0
    assert {"end_of_turn", "queue", "output"} <= {term.name for term in report.terms}


@in_virtual_time
async def test_the_next_question_is_answered_with_the_first_in_mind() -> None:
    stage = Stage(answers=("First answer here.", "Second answer here."))
    await stage.says("first question")
    await stage.is_silent_until(TurnMeasured)
    await stage.says("second question")
    await stage.is_silent_until(TurnMeasured, 2)
    assert [item.text for item in stage.session.items] == [
        "first question",
        "First answer here.",
        "second question",
        "Second answer here.",
    ]
    assert stage.received_words() == "First answer here. Second answer here."


@in_virtual_time
async def test_a_caller_who_goes_on_after_a_pause_is_answered_once_and_whole() -> None:
    stage = Stage()
    await stage.says("tell me about", then_silent_ms=200)
    await stage.says("the weather")
    await stage.is_silent_until(TurnMeasured)
    assert stage.only(TranscriptSettled).text == "tell me about the weather"
    assert stage.received_words() == "You said: tell me about the weather"
    assert stage.only(TurnMeasured).report.revisions == 2


@in_virtual_time
async def test_work_begins_in_the_pause_and_sound_at_its_end() -> None:
    stage = Stage(SessionSettings(turn_detection=ServerVad(silence_duration_ms=900)))
    stage.lanes["language_model"].delay_ms = 300
    await stage.says("what time is it")
    silent_from_ms = stage.loop.time() * 1000
    await stage.is_silent_until(ReplyAudio)
    first_ms = stage.times_ms[stage.events.index(stage.all(ReplyAudio)[0])]
    assert first_ms - silent_from_ms == pytest.approx(900, abs=80)


@in_virtual_time
async def test_an_end_of_turn_that_sounds_finished_is_not_waited_for() -> None:
    stage = Stage(SessionSettings(turn_detection=SemanticVad()))
    await stage.says("what time is it")
    await stage.is_silent_until(TurnMeasured)
    assert stage.received_words() == "You said: what time is it"


@in_virtual_time
async def test_by_hand_the_client_commits_and_asks() -> None:
    stage = Stage(BY_HAND)
    await stage.says("what time is it", then_silent_ms=1_000)
    assert stage.events == []
    stage.session.commit_audio()
    assert stage.names() == ["AudioCommitted", "ItemAdded"]
    await until(lambda: stage.all(TranscriptSettled))
    ended = await stage.asks()
    assert ended.status == "completed"
    assert stage.received_words() == "You said: what time is it"


@in_virtual_time
async def test_an_answer_asked_for_before_the_words_are_known_waits_for_them() -> None:
    stage = Stage(BY_HAND)
    stage.lanes["transcriber"].delay_ms = 500
    await stage.says("what time is it")
    stage.session.commit_audio()
    await stage.asks()
    assert stage.received_words() == "You said: what time is it"
    assert stage.names().index("TranscriptSettled") < stage.names().index("ReplyStarted")


@in_virtual_time
async def test_what_was_asked_of_a_reply_that_never_began_is_not_asked_of_the_next() -> None:
    stage = Stage(BY_HAND)
    stage.lanes["transcriber"].delay_ms = 500
    await stage.says("what time is it")
    stage.session.commit_audio()
    stage.session.respond(ReplyRequest(metadata={"for": "the first"}))
    stage.session.cancel_reply()
    await until(lambda: stage.all(TranscriptSettled))
    ended = await stage.asks()
    assert ended.metadata is None


@in_virtual_time
async def test_without_answering_unasked_a_turn_is_only_recorded() -> None:
    stage = Stage(SessionSettings(turn_detection=ServerVad(silence_duration_ms=300, create_response=False)))
    await stage.says("what time is it", then_silent_ms=2_000)
    assert stage.only(TurnMeasured).report.outcome == "unanswered"
    assert stage.all(ReplyStarted) == []
    await stage.asks()
    assert stage.received_words() == "You said: what time is it"


@in_virtual_time
async def test_a_typed_exchange_has_no_sound() -> None:
    stage = Stage(TYPED, answers=("It is noon.",))
    stage.types("What time is it?", "typed_1")
    ended = await stage.asks()
    assert stage.names() == [
        "ItemAdded",
        "ReplyStarted",
        "ReplyItemStarted",
        "ReplyText",
        "ReplyItemEnded",
        "ReplyEnded",
        "TurnMeasured",
    ]
    assert stage.shown() == "It is noon."
    assert not ended.speak
    assert {event.start_ms for event in stage.all(ReplyText)} == {None}
    assert [item.text for item in stage.session.items] == ["What time is it?", "It is noon."]


@in_virtual_time
async def test_what_is_typed_or_deleted_in_a_pause_is_known_to_the_answer() -> None:
    stage = Stage()
    stage.types("never mind", "typed_1")
    await stage.says("what time is it", then_silent_ms=200)
    stage.session.delete_item("typed_1")
    stage.types("in Rome", "typed_2")
    await stage.is_silent_until(TurnMeasured)
    assert stage.received_words() == "You said: in Rome what time is it"


@in_virtual_time
async def test_a_reply_may_be_text_in_a_session_that_speaks_and_the_other_way_round() -> None:
    speaking = Stage(BY_HAND)
    speaking.types("hello", "typed_1")
    assert not (await speaking.asks(ReplyRequest(speak=False))).speak
    assert speaking.all(ReplyAudio) == []
    typing = Stage(TYPED)
    typing.types("hello", "typed_1")
    assert (await typing.asks(ReplyRequest(speak=True))).speak
    assert typing.received_words() == "You said: hello"


@in_virtual_time
async def test_an_answer_cut_by_its_limit_is_incomplete() -> None:
    stage = Stage(TYPED, answers=("one two three four five",))
    stage.types("count", "typed_1")
    ended = await stage.asks(ReplyRequest(max_output_tokens=3))
    assert (ended.status, ended.reason) == ("incomplete", "max_output_tokens")
    assert stage.session.items[-1].text == "one two three"


@in_virtual_time
async def test_nobody_speaking_for_long_makes_the_agent_speak() -> None:
    detection = ServerVad(silence_duration_ms=300, idle_timeout_ms=5_000)
    stage = Stage(SessionSettings(turn_detection=detection), answers=("First answer here.", "Are you there?"))
    await stage.says("hello you")
    await stage.is_silent_until(ReplyEnded, 2)
    timed_out = stage.only(IdleTimedOut)
    assert timed_out.audio_start_ms < timed_out.audio_end_ms
    assert stage.received_words() == "First answer here. Are you there?"


@in_virtual_time
async def test_a_transcriber_that_fails_costs_the_turn_and_not_the_session() -> None:
    stage = Stage(BY_HAND)
    stage.parts.transcriber.transcribe = _broken
    await stage.says("what time is it")
    stage.session.commit_audio()
    await until(lambda: stage.all(TranscriptFailed))
    assert "out of order" in stage.only(TranscriptFailed).message
    stage.types("hello", "typed_1")
    assert (await stage.asks()).status == "completed"


@in_virtual_time
async def test_a_language_model_that_fails_ends_the_reply_with_its_reason() -> None:
    stage = Stage(QUICK)
    stage.parts.language_model.generate = _broken
    await stage.says("what time is it")
    await stage.is_silent_until(ReplyEnded)
    ended = stage.only(ReplyEnded)
    assert (ended.status, ended.reason) == ("failed", "engine_broken")
    assert "out of order" in ended.message


@in_virtual_time
async def test_a_synthesizer_that_fails_midway_leaves_the_words_that_were_heard() -> None:
    stage = Stage(QUICK, answers=("This much you hear. The rest breaks.",))
    synthesizer = stage.parts.synthesizer
    whole = synthesizer.synthesize

    def half(text: str, **options: object) -> object:
        if "breaks" in text:
            raise RuntimeError("out of order")
        return whole(text, **options)

    synthesizer.synthesize = half
    await stage.says("what time is it")
    await stage.is_silent_until(ReplyEnded)
    assert stage.only(ReplyEnded).status == "failed"


@in_virtual_time
async def test_only_one_reply_at_a_time() -> None:
    stage = Stage(BY_HAND, answers=("A rather long answer to nothing at all.",))
    stage.session.respond(ReplyRequest())
    with pytest.raises(BadRequest) as refused:
        stage.session.respond(ReplyRequest())
    assert refused.value.code == "conversation_already_has_active_response"
    await until(lambda: stage.all(ReplyEnded))
    await stage.asks()


@in_virtual_time
async def test_audio_in_one_large_piece_is_heard_like_audio_in_small_ones() -> None:
    stage = Stage(QUICK)
    stage.session.push_audio(sung("what time is it"))
    await stage.is_silent_until(TurnMeasured)
    assert stage.received_words() == "You said: what time is it"


def _broken(*_: object, **__: object) -> object:
    raise RuntimeError("out of order")
