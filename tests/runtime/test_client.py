"""What a client may do to a session besides speaking, and what it may not."""

import pytest

from antiphon.contracts import BadRequest, ConversationClosed, Tool
from antiphon.runtime.conversation import Item
from antiphon.runtime.events import (
    AudioCleared,
    ItemAdded,
    ReplyAudio,
    ReplyEnded,
    ReplyItemStarted,
    ReplyStarted,
    ReplyText,
    SessionFailed,
    SpeechStarted,
    TranscriptSettled,
    TurnMeasured,
)
from antiphon.runtime.settings import ReplyRequest, SemanticVad, SessionSettings
from antiphon.runtime.shown import TOLD
from antiphon.runtime.side_replies import SIDE_REPLIES_MAX

from .stage import BY_HAND, QUICK, TYPED, Stage, silence
from .virtual import in_virtual_time, passes, until

CLOCK = Tool("clock", "Tells the time.", {"type": "object", "properties": {}})
ASIDE = ReplyRequest(in_conversation=False, metadata={"topic": "aside"})


def with_(settings: SessionSettings, **changes: object) -> SessionSettings:
    import msgspec

    return msgspec.structs.replace(settings, **changes)


# Tools.


@in_virtual_time
async def test_a_tool_is_called_and_its_output_answered() -> None:
    stage = Stage(
        with_(TYPED, tools=(CLOCK,)), answers=({"tool": "clock", "arguments": {"zone": "CET"}}, "Noon.")
    )
    stage.types("What time is it?", "typed_1")
    ended = await stage.asks()
    (call,) = ended.items
    assert (call.kind, call.name, call.arguments) == ("function_call", "clock", '{"zone": "CET"}')
    assert stage.all(ReplyItemStarted)[0].item.arguments == ""
    stage.session.create_item(
        Item(id="output_1", kind="function_call_output", call_id=call.call_id, text="12:00")
    )
    await stage.asks()
    assert [item.kind for item in stage.session.items] == [
        "message",
        "function_call",
        "function_call_output",
        "message",
    ]
    assert stage.session.items[-1].text == "Noon."


@in_virtual_time
async def test_a_spoken_turn_that_only_calls_a_tool_ends_without_sound() -> None:
    stage = Stage(with_(QUICK, tools=(CLOCK,)), answers=({"tool": "clock"}, "Noon."))
    await stage.says("what time is it")
    await stage.is_silent_until(ReplyEnded)
    assert stage.all(ReplyAudio) == []
    assert stage.only(ReplyEnded).status == "completed"
    assert stage.session.items[-1].kind == "function_call"


@in_virtual_time
async def test_tools_may_be_refused_for_one_reply() -> None:
    stage = Stage(with_(TYPED, tools=(CLOCK,)), answers=({"tool": "clock"},))
    stage.types("What time is it?", "typed_1")
    ended = await stage.asks(ReplyRequest(tool_choice="none"))
    assert [item.kind for item in ended.items] == ["message"]


# Out of band.


@in_virtual_time
async def test_a_reply_beside_the_conversation_leaves_no_trace_in_it() -> None:
    stage = Stage(TYPED)
    stage.types("hello", "typed_1")
    ended = await stage.asks(ASIDE)
    assert stage.shown() == "You said: hello"
    assert (ended.in_conversation, ended.metadata) == (False, {"topic": "aside"})
    assert not stage.all(ReplyItemStarted)[0].in_conversation
    assert [item.id for item in stage.session.items] == ["typed_1"]


@in_virtual_time
async def test_a_reply_beside_the_conversation_may_see_other_items_and_speak() -> None:
    stage = Stage(BY_HAND)
    stage.types("hello", "typed_1")
    other = (Item(id="other", kind="message", text="something else"),)
    request = ReplyRequest(in_conversation=False, input=other, voice="high")
    ended = await stage.asks(request)
    assert stage.received_words() == "You said: something else"
    assert ended.audio_output_ms == len(stage.received()) // 24


@in_virtual_time
async def test_the_conversation_goes_on_beside_it() -> None:
    stage = Stage(QUICK)
    stage.lanes["language_model"].delay_ms = 800
    stage.session.respond(ASIDE)
    await stage.says("what time is it")
    await stage.is_silent_until(TurnMeasured)
    assert [event.in_conversation for event in stage.all(ReplyEnded)] == [False, True]
    assert stage.session.items[-1].text == "You said: what time is it"


@in_virtual_time
async def test_a_reply_beside_the_conversation_can_be_cancelled() -> None:
    stage = Stage(TYPED)
    stage.types("hello", "typed_1")
    stage.session.respond(ASIDE)
    stage.session.cancel_reply(stage.only(ReplyStarted).reply_id)
    await passes(1)
    assert stage.only(ReplyEnded).status == "cancelled"
    assert stage.all(ReplyText) == []


@in_virtual_time
@pytest.mark.parametrize("part", ["language_model", "synthesizer"])
async def test_an_engine_that_breaks_ends_a_reply_beside_the_conversation(part: str) -> None:
    stage = Stage(BY_HAND)
    method = "generate" if part == "language_model" else "synthesize"

    def broken(*_: object, **__: object) -> object:
        raise OSError("out of order")

    setattr(getattr(stage.parts, part), method, broken)
    stage.types("hello", "typed_1")
    ended = await stage.asks(ASIDE)
    assert ended.status == "failed"
    assert "out of order" in ended.message


@in_virtual_time
async def test_there_is_a_bound_on_replies_beside_the_conversation() -> None:
    stage = Stage(TYPED)
    stage.types("hello", "typed_1")
    for _ in range(SIDE_REPLIES_MAX):
        stage.session.respond(ASIDE)
    with pytest.raises(BadRequest) as refused:
        stage.session.respond(ASIDE)
    assert refused.value.code == "too_many_responses"
    await until(lambda: len(stage.all(ReplyEnded)) == SIDE_REPLIES_MAX)
    await stage.asks(ASIDE)


# Settings.


@in_virtual_time
async def test_the_voice_stays_once_it_was_heard() -> None:
    stage = Stage(BY_HAND, answers=("First answer.", "Second answer."))
    stage.session.configure(with_(BY_HAND, voice="high"))
    await stage.asks()
    with pytest.raises(BadRequest) as refused:
        stage.session.configure(with_(BY_HAND, voice="low", instructions="Be brief."))
    assert refused.value.code == "cannot_update_voice"
    assert stage.session.settings == with_(BY_HAND, voice="high")


@in_virtual_time
async def test_a_voice_that_nobody_has_is_refused() -> None:
    stage = Stage(BY_HAND)
    for attempt in (
        lambda: stage.session.configure(with_(BY_HAND, voice="bass")),
        lambda: stage.session.respond(ReplyRequest(voice="bass")),
    ):
        with pytest.raises(BadRequest) as refused:
            attempt()
        assert refused.value.code == "invalid_value"
        assert "low, high" in str(refused.value)
    assert stage.session.settings == BY_HAND
    assert stage.events == []


@in_virtual_time
async def test_detection_may_be_switched_on_and_off() -> None:
    stage = Stage(BY_HAND)
    await stage.says("nobody is listening", then_silent_ms=500)
    stage.session.clear_audio()
    stage.session.configure(QUICK)
    await stage.says("what time is it")
    await stage.is_silent_until(TurnMeasured)
    assert stage.received_words() == "You said: what time is it"
    stage.session.configure(BY_HAND)
    await stage.says("nobody is listening", then_silent_ms=2_000)
    assert len(stage.all(SpeechStarted)) == 1
    stage.session.configure(with_(QUICK, turn_detection=SemanticVad(eagerness="high")))
    stage.session.clear_audio()
    await stage.says("and now")
    await stage.is_silent_until(TurnMeasured, 2)
    assert stage.all(TranscriptSettled)[-1].text == "and now"


@in_virtual_time
async def test_switching_detection_off_drops_the_turn_it_was_in() -> None:
    stage = Stage(QUICK)
    await stage.says("what time")
    stage.session.configure(BY_HAND)
    await passes(5)
    assert stage.only(TurnMeasured).report.outcome == "cancelled"
    assert stage.session.items == ()


@in_virtual_time
async def test_the_speed_is_that_of_the_session() -> None:
    lengths: list[int] = []
    for speed in (1.0, 0.5):
        for in_conversation in (True, False):
            stage = Stage(with_(BY_HAND, speed=speed), answers=("First answer.",))
            await stage.asks(ReplyRequest(in_conversation=in_conversation))
            lengths.append(len(stage.received()))
    assert lengths == [lengths[0], lengths[0], 2 * lengths[0], 2 * lengths[0]]


# Items and audio.


@in_virtual_time
async def test_items_are_inserted_deleted_and_found() -> None:
    stage = Stage(TYPED)
    stage.types("second", "b")
    stage.session.create_item(Item(id="a", kind="message", text="first"), after="root")
    stage.session.create_item(Item(id="c", kind="message", text="third"), after="b")
    assert [event.previous_item_id for event in stage.all(ItemAdded)] == [None, None, "b"]
    stage.session.delete_item("b")
    assert [item.id for item in stage.session.items] == ["a", "c"]
    with pytest.raises(BadRequest):
        stage.session.get_item("b")
    with pytest.raises(BadRequest):
        stage.session.delete_item("b")


@in_virtual_time
async def test_a_deleted_question_is_not_seen_and_its_late_words_change_nothing() -> None:
    stage = Stage(BY_HAND)
    stage.lanes["transcriber"].delay_ms = 300
    await stage.says("forget this")
    stage.session.commit_audio()
    stage.session.delete_item(stage.session.items[0].id)
    await until(lambda: stage.all(TranscriptSettled))
    assert stage.session.items == ()


@in_virtual_time
async def test_too_many_items_are_refused() -> None:
    from antiphon.runtime import Limits

    stage = Stage(TYPED, limits=Limits(items=2))
    stage.types("one", "a")
    stage.types("two", "b")
    with pytest.raises(BadRequest) as refused:
        stage.types("three", "c")
    assert refused.value.code == "too_many_items"
    assert len(stage.session.items) == 2


@in_virtual_time
async def test_too_much_uncommitted_audio_is_refused_and_clearing_makes_room() -> None:
    from antiphon.runtime import Limits

    stage = Stage(BY_HAND, limits=Limits(buffered_audio_seconds=2))
    stage.session.push_audio(silence(2_000))
    with pytest.raises(BadRequest) as refused:
        stage.session.push_audio(silence(20))
    assert refused.value.code == "input_audio_buffer_too_large"
    stage.session.clear_audio()
    assert stage.all(AudioCleared)
    stage.session.push_audio(silence(2_000))


@in_virtual_time
async def test_listening_to_silence_for_ten_minutes_never_fills_the_buffer() -> None:
    stage = Stage(QUICK)
    second = silence(1_000)
    for _ in range(600):
        stage.session.push_audio(second)
        await passes(1)
    assert stage.events == []


@in_virtual_time
async def test_a_commit_of_next_to_nothing_is_refused() -> None:
    stage = Stage(BY_HAND)
    stage.session.push_audio(silence(99))
    with pytest.raises(BadRequest) as refused:
        stage.session.commit_audio()
    assert refused.value.code == "input_audio_buffer_commit_empty"
    assert "99.00ms" in str(refused.value)
    stage.session.push_audio(silence(1))
    stage.session.commit_audio()


@in_virtual_time
async def test_cleared_audio_is_never_heard_of_again() -> None:
    stage = Stage(BY_HAND)
    await stage.says("forget this")
    stage.session.clear_audio()
    await stage.says("what time is it")
    stage.session.commit_audio()
    await until(lambda: stage.all(TranscriptSettled))
    assert stage.only(TranscriptSettled).text == "what time is it"


@in_virtual_time
async def test_an_ear_that_breaks_is_reported_once() -> None:
    stage = Stage(BY_HAND)
    engine = stage.parts.voice_activity

    class Broken:
        def push(self, audio: object) -> object:
            raise OSError("out of order")

        def reset(self) -> None: ...

    engine.stream = Broken
    stage.session.configure(QUICK)
    await stage.says("what time is it", then_silent_ms=500)
    failed = stage.only(SessionFailed)
    assert failed.code == "voice_activity_failed"
    assert not failed.fatal


@in_virtual_time
async def test_a_closed_session_says_and_takes_nothing() -> None:
    stage = Stage(QUICK)
    await stage.says("what time is it")
    await stage.session.close()
    await stage.session.close()
    told = len(stage.events)
    await passes(60)
    assert len(stage.events) == told
    assert stage.journal[-1].kind == "session_closed"
    for attempt in (
        lambda: stage.session.push_audio(silence(20)),
        stage.session.commit_audio,
        stage.session.clear_audio,
        lambda: stage.session.respond(ReplyRequest()),
        lambda: stage.session.configure(QUICK),
        lambda: stage.types("hello", "a"),
        lambda: stage.session.delete_item("a"),
    ):
        with pytest.raises(ConversationClosed):
            attempt()


@in_virtual_time
async def test_the_journal_tells_the_story_in_order() -> None:
    stage = Stage(QUICK, answers=("It is noon.",))
    await stage.says("what time is it")
    await stage.is_silent_until(TurnMeasured)
    await stage.session.close()
    await passes(0.1)
    own = [entry for entry in stage.journal if entry.kind != TOLD]
    assert [entry.kind for entry in own] == [
        "session_opened",
        "caller_turn_committed",
        "reply_progressed",
        "reply_ended",
        "turn_ended",
        "session_closed",
    ]
    assert [entry.sequence for entry in stage.journal] == list(range(1, len(stage.journal) + 1))
    assert own[1].body["text"] == "what time is it"
    assert own[3].body["heard"] == "It is noon."
