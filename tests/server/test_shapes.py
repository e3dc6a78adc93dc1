"""Shapes that clients insist on, and every builder of an event against `openai`'s own types."""

import inspect
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from antiphon.contracts import Usage
from antiphon.runtime.conversation import Item
from antiphon.runtime.events import ReplyEnded, ReplyStarted
from antiphon.server.wire import server_events as wire
from antiphon.server.wire.items import begun_object, item_object, part_object
from antiphon.server.wire.responses import begun_response, ended_response

from .client import CORE, OPENAI_TYPES, Client, check_event
from .fakes import FakeHub

SPOKEN = Item(id="item_a", kind="message", role="assistant", text="Hello", spoken=True)
ASKED = Item(id="item_u", kind="message", role="user", text="Hi", spoken=True, settled=False)
CALL = Item(id="item_c", kind="function_call", role="assistant", call_id="call_1", name="f", arguments="{}")
PLACE = {"response_id": "resp_1", "item_id": "item_a", "output_index": 0, "content_index": 0}
CALL_PLACE = {"response_id": "resp_1", "item_id": "item_c", "output_index": 0}


def _session() -> dict[str, Any]:
    return Client(FakeHub()).take()[0]["session"]


def _begun() -> dict[str, Any]:
    event = ReplyStarted(
        reply_id="resp_1", in_conversation=True, speak=True, metadata=None, max_output_tokens=None
    )
    return begun_response(event, "conv_1")


def _ended() -> dict[str, Any]:
    event = ReplyEnded(
        reply_id="resp_1",
        status="cancelled",
        reason="turn_detected",
        message="",
        items=(SPOKEN, CALL),
        usage=Usage(10, 4, 3),
        audio_input_ms=1_000,
        audio_output_ms=500,
        in_conversation=True,
        speak=True,
        metadata={"a": "b"},
    )
    return ended_response(event, "conv_1", "inf")


SAMPLES: dict[Callable[..., dict[str, Any]], Callable[[], tuple[Any, ...]]] = {
    wire.session_created: lambda: (_session(),),
    wire.session_updated: lambda: (_session(),),
    wire.item_added: lambda: (item_object(ASKED), None),
    wire.item_done: lambda: (item_object(SPOKEN), "item_u"),
    wire.item_retrieved: lambda: (item_object(CALL),),
    wire.item_deleted: lambda: ("item_a",),
    wire.item_truncated: lambda: ("item_a", 1_200),
    wire.transcription_delta: lambda: ("item_u", "Hi"),
    wire.transcription_completed: lambda: ("item_u", "Hi", 0.8),
    wire.transcription_failed: lambda: ("item_u", "too quiet"),
    wire.speech_started: lambda: ("item_u", 100),
    wire.speech_stopped: lambda: ("item_u", 900),
    wire.audio_committed: lambda: ("item_u", None),
    wire.audio_cleared: lambda: (),
    wire.response_created: lambda: (_begun(),),
    wire.response_done: lambda: (_ended(),),
    wire.output_item_added: lambda: ("resp_1", 0, begun_object(SPOKEN)),
    wire.output_item_done: lambda: ("resp_1", 0, item_object(CALL)),
    wire.content_part_added: lambda: (PLACE, part_object(SPOKEN)),
    wire.content_part_done: lambda: (PLACE, part_object(SPOKEN)),
    wire.text_delta: lambda: (PLACE, "Hel"),
    wire.text_done: lambda: (PLACE, "Hello"),
    wire.audio_delta: lambda: (PLACE, b"\0\0"),
    wire.audio_done: lambda: (PLACE,),
    wire.audio_transcript_delta: lambda: (PLACE, "Hel", 40),
    wire.audio_transcript_done: lambda: (PLACE, "Hello"),
    wire.arguments_delta: lambda: (CALL_PLACE, "call_1", "{}"),
    wire.arguments_done: lambda: (CALL_PLACE, "call_1", "f", "{}"),
    wire.timeout_triggered: lambda: ("item_u", 0, 5_000),
    wire.output_started: lambda: ("resp_1",),
    wire.output_stopped: lambda: ("resp_1",),
    wire.output_cleared: lambda: ("resp_1",),
}
OUR_OWN = {wire.fact, wire.playing}
WITH_NAMED_FIELDS = {wire.error}


def _builders() -> list[Callable[..., dict[str, Any]]]:
    return [
        builder
        for _, builder in inspect.getmembers(wire, inspect.isfunction)
        if builder.__module__ == wire.__name__
    ]


@pytest.mark.parametrize("builder", _builders(), ids=lambda builder: builder.__name__)
def test_every_builder_makes_what_openais_types_take(builder: Callable[..., dict[str, Any]]) -> None:
    if builder in OUR_OWN:
        return
    if builder in WITH_NAMED_FIELDS:
        event = builder(kind="invalid_request_error", code="x", message="m", param="p", event_id="e")
    else:
        assert builder in SAMPLES, f"{builder.__name__} has no sample"
        event = builder(*SAMPLES[builder]())
    stamped = wire.EventIds("sess_1").stamp(event)
    check_event(msgspec.json.decode(msgspec.json.encode(stamped)))


def test_nearly_all_of_the_core_set_has_a_builder() -> None:
    made = {builder(*sample())["type"] for builder, sample in SAMPLES.items()} | {"error"}
    # Two of the set have nothing to say here: no quota is kept, and `session.created` names the conversation.
    assert CORE - made == {"rate_limits.updated", "conversation.created"}
    assert made <= set(OPENAI_TYPES)


def test_a_response_always_has_its_keys_and_its_usage_in_the_end() -> None:
    begun, ended = _begun(), _ended()
    for response in (begun, ended):
        assert {"id", "object", "status", "status_details", "output", "usage", "metadata"} <= set(response)
    assert begun["usage"] is None
    assert begun["output"] == []
    assert begun["status_details"] is None
    assert ended["usage"] == {
        "total_tokens": 33,
        "input_tokens": 20,
        "output_tokens": 13,
        "input_token_details": {"text_tokens": 10, "audio_tokens": 10, "cached_tokens": 4},
        "output_token_details": {"text_tokens": 3, "audio_tokens": 10},
    }


def test_a_part_is_audio_or_text() -> None:
    assert part_object(SPOKEN) == {"type": "audio", "transcript": "Hello"}
    text = msgspec.structs.replace(SPOKEN, spoken=False)
    assert part_object(text) == {"type": "text", "text": "Hello"}


def test_a_caption_knows_its_second() -> None:
    placed = wire.audio_transcript_delta(PLACE, "Hel", 1_250, 1_500)
    assert (placed["start_time"], placed["end_time"]) == (1.25, 1.5)


def test_a_tool_choice_in_one_word_stays_one_word() -> None:
    client = Client(FakeHub())
    client.take()
    assert client.update(tool_choice="required")["tool_choice"] == "required"


def test_ids_are_never_used_twice() -> None:
    ids = wire.EventIds("sess_1")
    assert len({ids.stamp({})["event_id"] for _ in range(100)}) == 100
