"""The order of events, as scores: what happens on the left of each test is what is read on its right."""

import msgspec

from antiphon.runtime import ReplyRequest
from antiphon.runtime import events as ev
from antiphon.runtime.conversation import Item

from .client import CORE, Client, score
from .fakes import FakeHub

SPOKEN = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]


def test_a_turn_and_its_answer(client: Client) -> None:
    client.update(audio={"input": {"transcription": {"model": "whisper-1"}}})
    client.session.caller_says("good morning")
    client.session.agent_begins()
    client.session.agent_says("Good morning!")
    client.session.agent_ends()
    assert score(client.take()) == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        *SPOKEN,
    ]


def test_nothing_is_transcribed_for_a_client_that_did_not_ask(client: Client) -> None:
    client.session.caller_says("good morning")
    client.session.emit(ev.TranscriptFailed("item_x", "too quiet"))
    assert not [kind for kind in score(client.take()) if "transcription" in kind]


def test_a_text_reply(client: Client) -> None:
    client.update(output_modalities=["text"])
    client.session.agent_begins()
    client.session.agent_says("Good morning!")
    client.session.agent_ends()
    assert score(client.take()) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]


def test_barge_in(client: Client) -> None:
    client.session.agent_begins()
    item_id = client.session.agent_says("Once upon a time")
    client.take()

    client.session.caller_begins(at_ms=4_000)
    client.session.agent_ends("cancelled", "turn_detected")
    told = client.take()
    assert score(told) == [
        "input_audio_buffer.speech_started",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert told[-1]["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert told[4]["item"]["status"] == "incomplete"

    assert score(
        client.says("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=30)
    ) == ["conversation.item.truncated"]
    (shown,) = client.says("conversation.item.retrieve", item_id=item_id)
    assert shown["item"]["content"] == [{"type": "output_audio", "transcript": "Once upon"}]


def test_a_function_call(client: Client) -> None:
    client.session.agent_begins()
    call = Item(
        id="item_call",
        kind="function_call",
        role="assistant",
        call_id="call_1",
        name="tell_time",
        arguments="{}",
    )
    client.session.agent_ends(call=call)
    told = client.take()
    assert score(told) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert told[1]["item"]["arguments"] == ""
    assert told[1]["item"]["status"] == "in_progress"
    assert told[4]["name"] == "tell_time"
    assert told[5]["item"] == {
        "id": "item_call",
        "object": "realtime.item",
        "type": "function_call",
        "status": "completed",
        "call_id": "call_1",
        "name": "tell_time",
        "arguments": "{}",
    }

    output = {"type": "function_call_output", "call_id": "call_1", "output": "noon"}
    assert score(client.says("conversation.item.create", item=output)) == [
        "conversation.item.added",
        "conversation.item.done",
    ]
    client.session.answer = "It is noon."
    assert score(client.says("response.create"))[-1] == "response.done"


def test_out_of_band_leaves_no_item(client: Client) -> None:
    client.session.agent_begins(ReplyRequest(in_conversation=False, speak=False, metadata={"topic": "title"}))
    client.session.agent_says("A title")
    client.session.agent_ends()
    told = client.take()
    assert not [kind for kind in score(told) if kind.startswith("conversation.")]
    assert told[-1]["response"]["conversation_id"] is None
    assert told[-1]["response"]["metadata"] == {"topic": "title"}


def test_the_core_set_is_all_there_is_unless_asked_for_more(hub: FakeHub) -> None:
    everything = [
        ev.IdleTimedOut("item_1", 0, 5_000),
        ev.TurnMeasured(_report()),
    ]
    plain, extended = Client(hub), Client(hub, extended=True)
    for client in (plain, extended):
        client.take()
        for event in everything:
            client.session.emit(event)
    assert plain.take() == []
    assert score(extended.take()) == ["input_audio_buffer.timeout_triggered", "antiphon.turn_measured"]
    assert "input_audio_buffer.timeout_triggered" not in CORE
    assert len(CORE) == 31


def _report() -> object:
    return msgspec.convert(
        {
            "turn": 1,
            "revisions": 1,
            "outcome": "answered",
            "said": "hi",
            "answer": "hello",
            "heard": "hello",
            "started_at_ms": 0.0,
        },
        ev.TurnReport,
    )
