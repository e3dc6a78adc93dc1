"""Whatever a client sends, it gets an answer it can act on, and the conversation goes on."""

import base64
import json
from typing import Any

import pytest

from antiphon.contracts import EngineBroken
from antiphon.runtime import events as ev

from .client import Client
from .fakes import FakeHub

UPDATE = "session.update"
CREATE = "conversation.item.create"
RESPOND = "response.create"


def _session(**session: Any) -> dict[str, Any]:
    return {"type": UPDATE, "session": {"type": "realtime", **session}}


def _input(**audio_input: Any) -> dict[str, Any]:
    return _session(audio={"input": audio_input})


def _output(**audio_output: Any) -> dict[str, Any]:
    return _session(audio={"output": audio_output})


def _said(*content: dict[str, Any], role: str = "user") -> dict[str, Any]:
    return {"type": CREATE, "item": {"type": "message", "role": role, "content": list(content)}}


MATRIX: list[tuple[dict[str, Any], str, str | None]] = [
    ({"type": "session.explode"}, "invalid_value", "type"),
    ({"type": 5}, "invalid_value", "type"),
    ({}, "missing_required_parameter", "type"),
    ({"type": UPDATE}, "missing_required_parameter", "session"),
    ({"type": UPDATE, "session": {"type": "transcription"}}, "invalid_value", "session.type"),
    (_session(voice="ash"), "unknown_parameter", "session.voice"),
    (_session(instructions=5), "invalid_type", "session.instructions"),
    (_session(output_modalities=["text", "audio"]), "invalid_value", "session.output_modalities"),
    (_session(output_modalities=["video"]), "invalid_value", "session.output_modalities[0]"),
    (_session(max_output_tokens=0), "invalid_value", "session.max_output_tokens"),
    (_session(tool_choice="perhaps"), "invalid_value", "session.tool_choice"),
    (
        _session(tools=[{"type": "mcp", "server_label": "x"}]),
        "unsupported_parameter",
        "session.tools[0].type",
    ),
    (_session(tools=[{"type": "function"}]), "missing_required_parameter", "session.tools[0].name"),
    (_session(prompt={"id": "pmpt_1"}), "unsupported_parameter", "session.prompt"),
    (
        _input(format={"type": "audio/pcm", "rate": 16_000}),
        "invalid_value",
        "session.audio.input.format.rate",
    ),
    (_input(format={"type": "audio/opus"}), "invalid_value", "session.audio.input.format.type"),
    (_input(turn_detection={"type": "psychic"}), "invalid_value", "session.audio.input.turn_detection.type"),
    (
        _input(turn_detection={"type": "server_vad", "threshold": 2}),
        "invalid_value",
        "session.audio.input.turn_detection.threshold",
    ),
    (_output(voice="nobody"), "invalid_value", "session.audio.output.voice"),
    (_output(speed=9), "invalid_value", "session.audio.output.speed"),
    ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "*"}, "invalid_value", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "AAA"}, "invalid_value", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "AAAA"}, "invalid_value", "audio"),
    ({"type": "input_audio_buffer.append", "audio": 7}, "invalid_type", "audio"),
    ({"type": "input_audio_buffer.commit", "now": True}, "unknown_parameter", "now"),
    ({"type": CREATE, "item": {"type": "mcp_call"}}, "invalid_value", "item.type"),
    (_said({"type": "input_image", "image_url": "x"}), "unsupported_content", "item.content[0].type"),
    (_said({"type": "input_audio", "audio": "AAAA"}), "unsupported_content", "item.content[0].transcript"),
    (_said({"type": "input_text"}), "missing_required_parameter", "item.content[0].text"),
    (_said({"type": "output_text", "text": "x"}), "invalid_value", "item.content[0].type"),
    (_said({"type": "input_text", "text": "x"}, role="assistant"), "invalid_value", "item.content[0].type"),
    ({"type": "conversation.item.delete", "item_id": "x"}, "item_delete_invalid_item_id", "item_id"),
    (
        {"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": 1},
        "item_truncate_invalid_item_id",
        "item_id",
    ),
    (
        {"type": "conversation.item.truncate", "item_id": "x", "content_index": 1, "audio_end_ms": 1},
        "invalid_value",
        "content_index",
    ),
    (
        {"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": -1},
        "invalid_value",
        "audio_end_ms",
    ),
    ({"type": RESPOND, "response": {"metadata": {"n": 1}}}, "invalid_type", "response.metadata[...]"),
    ({"type": RESPOND, "response": {"conversation": "all"}}, "invalid_value", "response.conversation"),
    ({"type": RESPOND, "response": {"input": []}}, "unsupported_parameter", "response.input"),
    ({"type": RESPOND, "response": {"prompt": {"id": "p"}}}, "unsupported_parameter", "response.prompt"),
    (
        {"type": RESPOND, "response": {"audio": {"output": {"format": {"type": "audio/pcmu"}}}}},
        "unsupported_parameter",
        "response.audio.output.format",
    ),
    (
        {"type": RESPOND, "response": {"audio": {"output": {"voice": "nobody"}}}},
        "invalid_value",
        "response.audio.output.voice",
    ),
    ({"type": "output_audio_buffer.clear"}, "unsupported_event", "type"),
]


@pytest.mark.parametrize(("event", "code", "param"), MATRIX, ids=lambda value: str(value)[:60])
def test_a_refusal_names_the_field_and_the_event(
    client: Client, event: dict[str, Any], code: str, param: str | None
) -> None:
    before = client.session.settings
    (told,) = client.raw(json.dumps({**event, "event_id": "mine"}))
    assert told["type"] == "error"
    assert told["error"]["type"] == "invalid_request_error"
    assert (told["error"]["code"], told["error"]["param"]) == (code, param)
    assert told["error"]["event_id"] == "mine"
    assert told["error"]["message"]
    # An illegal move changes nothing.
    assert client.session.settings == before
    assert client.session.items == ()
    assert client.session.requests == []
    assert client.session.heard == []
    assert not client.hung_up


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "nonsense",
        "[]",
        "null",
        '"text"',
        "1e999",
        "[" * 100_000,
        b"\xff\xfe",
        b"\x00",
        '{"type":"a"}x',
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_event_is_refused(client: Client, message: str | bytes) -> None:
    (told,) = client.raw(message)
    assert told["error"]["code"] in {"invalid_json", "invalid_type", "invalid_value"}
    assert told["error"]["event_id"] is None
    assert not client.hung_up


def test_an_event_id_must_be_text(client: Client) -> None:
    (told,) = client.says("response.cancel", event_id=5)
    assert told["error"]["param"] == "event_id"
    assert told["error"]["event_id"] is None


def test_too_much_audio_is_refused(client: Client) -> None:
    minute = base64.b64encode(b"\0\0" * 24_000 * 61).decode()
    assert client.says("input_audio_buffer.append", audio=minute) == []
    (told,) = client.says("input_audio_buffer.append", audio=minute, event_id="mine")
    assert told["error"]["code"] == "input_audio_buffer_too_large"
    assert told["error"]["event_id"] == "mine"


def test_a_broken_engine_is_the_servers_fault(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise EngineBroken("whisper", "out of memory")

    monkeypatch.setattr(client.session, "commit_audio", broken)
    (told,) = client.says("input_audio_buffer.commit", event_id="mine")
    assert told["error"]["type"] == "server_error"
    assert "whisper" in told["error"]["message"]
    assert told["error"]["event_id"] == "mine"


def test_a_slip_of_ours_keeps_the_conversation(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def slips() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(client.session, "clear_audio", slips)
    (told,) = client.says("input_audio_buffer.clear", event_id="mine")
    assert told["error"]["code"] == "internal_error"
    assert "a client event failed" in caplog.text
    assert client.update(instructions="Go on.")["instructions"] == "Go on."


def test_a_failure_that_is_not_fatal_is_told(client: Client) -> None:
    client.session.emit(ev.SessionFailed("engine_broken", "The voice has failed."))
    (told,) = client.take()
    assert (told["error"]["type"], told["error"]["code"]) == ("server_error", "engine_broken")
    assert not client.hung_up


def test_a_fatal_failure_ends_the_connection(client: Client) -> None:
    client.session.emit(ev.SessionFailed("engine_broken", "Nothing works.", fatal=True))
    assert client.take()[0]["type"] == "error"
    assert client.hung_up


def test_the_session_never_feels_what_goes_wrong_outside(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.session.emit(
        ev.ReplyText(reply_id="r", item_id="nowhere", output_index=0, text="hm", start_ms=None)
    )
    assert client.hung_up
    assert "could not be told" in caplog.text


def test_a_failed_reply_says_why(hub: FakeHub) -> None:
    client = Client(hub)
    client.session.agent_begins()
    client.session.agent_ends("failed", "engine_broken", message="llama: out of memory")
    response = client.take()[-1]["response"]
    assert response["status"] == "failed"
    assert response["status_details"]["error"]["message"] == "llama: out of memory"
    assert response["usage"]["total_tokens"] > 0


def test_a_cut_off_reply_says_why(client: Client) -> None:
    client.session.agent_begins()
    client.session.agent_ends("incomplete", "max_output_tokens")
    details = client.take()[-1]["response"]["status_details"]
    assert details == {"type": "incomplete", "reason": "max_output_tokens"}
