"""Speaking over the agent: what was heard is what is recorded, to the word."""

import pytest

from antiphon.contracts import BadRequest, ms
from antiphon.runtime.events import (
    ReplyAudio,
    ReplyEnded,
    ReplyStarted,
    SpeechStarted,
    TranscriptSettled,
    TurnMeasured,
)
from antiphon.runtime.settings import ReplyRequest, ServerVad, SessionSettings

from .stage import BY_HAND, QUICK, TYPED, Stage
from .virtual import in_virtual_time, passes, until

LONG = "Once upon a time there lived a king. He had three sons and a very old horse. They all went away."


async def telling(answers: tuple[str, ...] = (LONG, "As you wish.")) -> Stage:
    """The agent has been telling a long story for a second."""
    stage = Stage(QUICK, answers=answers)
    await stage.says("tell me a story")
    await stage.is_silent_until(ReplyAudio)
    await stage.is_silent(1_000)
    return stage


@in_virtual_time
async def test_the_record_keeps_the_words_that_were_received_and_played() -> None:
    stage = await telling()
    await stage.says("stop please stop now")
    await stage.is_silent_until(ReplyEnded)
    ended = stage.all(ReplyEnded)[0]
    assert (ended.status, ended.reason) == ("cancelled", "turn_detected")
    (told,) = ended.items
    assert told.interrupted
    assert told.text == stage.session.items[1].text
    # Playout stopped at the caller's first sound, and all that had been sent was played out by then.
    received = stage.received_words(ended.reply_id).split()
    assert LONG.startswith(told.text)
    assert told.text.split() == received[: len(told.text.split())]
    assert len(received) - len(told.text.split()) <= 1
    assert ended.audio_output_ms == pytest.approx(ms(len(stage.received(ended.reply_id))), abs=1)


@in_virtual_time
async def test_the_new_turn_is_answered() -> None:
    stage = await telling()
    await stage.says("stop please stop now")
    await stage.is_silent_until(ReplyEnded, 2)
    assert [event.text for event in stage.all(TranscriptSettled)] == [
        "tell me a story",
        "stop please stop now",
    ]
    assert stage.received_words(stage.all(ReplyEnded)[1].reply_id) == "As you wish."
    assert [event.report.outcome for event in stage.all(TurnMeasured)] == ["interrupted", "answered"]


@in_virtual_time
async def test_the_client_is_told_of_speech_before_the_reply_ends() -> None:
    stage = await telling()
    await stage.says("stop please stop now")
    await stage.is_silent_until(ReplyEnded)
    assert stage.events.index(stage.all(SpeechStarted)[1]) < stage.events.index(stage.all(ReplyEnded)[0])
    assert not any(
        isinstance(e, ReplyAudio) for e in stage.events[stage.events.index(stage.all(ReplyEnded)[0]) :]
    )


@in_virtual_time
async def test_sound_stops_at_the_first_frames_of_the_interruption() -> None:
    stage = await telling()
    spoke_ms = stage.loop.time() * 1000
    await stage.says("stop please stop now")
    last_ms = max(t for t, e in zip(stage.times_ms, stage.events, strict=True) if isinstance(e, ReplyAudio))
    assert last_ms - spoke_ms < 200


@in_virtual_time
async def test_a_backchannel_loses_nothing_and_repeats_nothing() -> None:
    stage = await telling()
    await stage.says("yeah")
    await stage.is_silent_until(ReplyEnded)
    assert stage.only(ReplyEnded).status == "completed"
    assert stage.received_words() == LONG
    assert len(stage.all(SpeechStarted)) == 1
    assert [event.report.outcome for event in stage.all(TurnMeasured)] == ["backchannel", "answered"]
    assert [item.text for item in stage.session.items] == ["tell me a story", LONG]


@in_virtual_time
async def test_a_session_that_is_not_to_be_interrupted_finishes_first() -> None:
    detection = ServerVad(silence_duration_ms=300, interrupt_response=False)
    stage = Stage(
        SessionSettings(turn_detection=detection, echo_rejection="off"), answers=(LONG, "As you wish.")
    )
    await stage.says("tell me a story")
    await stage.is_silent_until(ReplyAudio)
    await stage.says("stop please stop now")
    await stage.is_silent_until(ReplyEnded, 2)
    assert stage.received_words() == f"{LONG} As you wish."


@in_virtual_time
async def test_speaking_while_the_agent_thinks_stops_it_unheard() -> None:
    stage = Stage(QUICK, answers=(LONG, "As you wish."))
    stage.lanes["synthesizer"].delay_ms = 2_000
    await stage.says("tell me a story", then_silent_ms=800)
    await stage.says("no wait stop please")
    await stage.is_silent_until(ReplyEnded, 2)
    first, second = stage.all(ReplyEnded)
    assert (first.status, first.items) == ("cancelled", ())
    assert second.status == "completed"
    # Nothing of the first was heard, so the story begins anew.
    assert stage.received_words() == stage.received_words(second.reply_id) == LONG


@in_virtual_time
async def test_cancelling_keeps_what_was_heard() -> None:
    stage = await telling()
    stage.session.cancel_reply()
    ended = stage.only(ReplyEnded)
    assert (ended.status, ended.reason) == ("cancelled", "client_cancelled")
    assert ended.items[0].text
    assert LONG.startswith(ended.items[0].text)
    with pytest.raises(BadRequest) as refused:
        stage.session.cancel_reply()
    assert refused.value.code == "response_cancel_not_active"


@in_virtual_time
async def test_cancelling_by_name_stops_that_reply_only() -> None:
    stage = await telling()
    with pytest.raises(BadRequest):
        stage.session.cancel_reply("resp_of_somebody_else")
    stage.session.cancel_reply(stage.only(ReplyStarted).reply_id)
    assert stage.only(ReplyEnded).status == "cancelled"


@in_virtual_time
async def test_cancelling_before_the_first_word_leaves_no_item() -> None:
    stage = Stage(BY_HAND)
    await passes(0.01)  # the session has read its own instructions
    stage.lanes["language_model"].delay_ms = 1_000
    stage.types("hello", "typed_1")
    stage.session.respond(ReplyRequest())
    await passes(0.1)
    stage.session.cancel_reply()
    await passes(5)
    assert [item.text for item in stage.session.items] == ["hello"]
    assert (await stage.asks()).status == "completed"


@in_virtual_time
async def test_cancelling_a_text_reply_keeps_what_was_shown() -> None:
    stage = Stage(TYPED, answers=(LONG,))
    stage.types("tell me a story", "typed_1")
    stage.session.respond(ReplyRequest())
    await until(stage.shown)
    if not stage.all(ReplyEnded):
        stage.session.cancel_reply()
    assert stage.session.items[-1].text == stage.shown()


@in_virtual_time
async def test_truncating_leaves_the_words_before_the_cut() -> None:
    stage = Stage(QUICK, answers=("One two three four.",))
    await stage.says("count for me")
    await stage.is_silent_until(ReplyEnded)
    agent = stage.session.items[-1]
    cut_ms = int(ms(agent.words[2].start_sample))
    stage.session.truncate_item(agent.id, cut_ms)
    assert stage.session.get_item(agent.id).text == "One two"
    assert stage.journal[-1].kind != "item_truncated"  # written on the journal's lane, not here
    await passes(0.01)
    assert stage.journal[-1].kind == "item_truncated"


@in_virtual_time
async def test_a_listener_that_heard_more_than_was_reckoned_may_say_so() -> None:
    stage = await telling()
    stage.session.cancel_reply()
    told = stage.only(ReplyEnded).items[0]
    stage.session.truncate_item(told.id, told.audio_samples // 24 + 90)
    assert stage.session.get_item(told.id).text == f"{told.text} He"


@in_virtual_time
async def test_an_acknowledgement_makes_the_heard_time_true() -> None:
    stage = await telling()
    late_ms = 80.0
    item_id = stage.all(ReplyAudio)[0].item_id
    first_ms = stage.times_ms[stage.events.index(stage.all(ReplyAudio)[0])]
    played_ms = round(stage.loop.time() * 1000 - first_ms - late_ms)
    stage.session.acknowledge_playout(item_id, played_ms)
    await stage.is_silent_until(TurnMeasured)
    report = stage.only(TurnMeasured).report
    assert report.sent_ms is not None
    assert report.heard_ms == pytest.approx(report.sent_ms + late_ms, abs=1.5)


@in_virtual_time
async def test_a_listener_that_lags_is_recorded_with_what_it_heard() -> None:
    stage = await telling()
    item_id, late_ms = stage.all(ReplyAudio)[0].item_id, 180
    first_ms = stage.times_ms[stage.events.index(stage.all(ReplyAudio)[0])]
    stage.session.acknowledge_playout(item_id, round(stage.loop.time() * 1000 - first_ms) - late_ms)
    await stage.is_silent(600)
    stage.session.cancel_reply()
    played_ms = stage.loop.time() * 1000 - first_ms - late_ms
    assert stage.only(ReplyEnded).audio_output_ms == pytest.approx(played_ms, abs=2)


@in_virtual_time
async def test_acknowledging_what_was_never_sent_changes_nothing() -> None:
    stage = await telling()
    item_id = stage.all(ReplyAudio)[0].item_id
    stage.session.acknowledge_playout(item_id, 3_600_000)
    stage.session.acknowledge_playout(item_id, -5)
    stage.session.acknowledge_playout("item_of_somebody_else", 10)
    await stage.is_silent_until(TurnMeasured)
    assert stage.only(TurnMeasured).report.heard_ms is None
    assert stage.received_words() == LONG
