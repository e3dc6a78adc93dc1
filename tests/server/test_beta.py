"""The beta dialect: the same conversation in the names of before."""

import json

from antiphon.runtime import ServerVad
from antiphon.server.wire.beta import BETA

from .client import Client, score
from .fakes import FakeHub
from .line import listening


def _client() -> Client:
    return Client(FakeHub(), dialect=BETA)


def test_the_session_is_flat() -> None:
    (created,) = _client().take()
    session = created["session"]
    assert session["modalities"] == ["text", "audio"]
    assert session["input_audio_format"] == session["output_audio_format"] == "pcm16"
    assert session["voice"] == "woman"
    assert session["turn_detection"]["type"] == "semantic_vad"
    assert session["input_audio_transcription"] is None
    assert session["max_response_output_tokens"] == "inf"
    assert not {"type", "audio", "output_modalities", "max_output_tokens"} & set(session)


def test_a_flat_update_is_understood() -> None:
    client = _client()
    client.take()
    (updated,) = client.says(
        "session.update",
        session={
            "modalities": ["text", "audio"],
            "voice": "alloy",
            "input_audio_format": "g711_ulaw",
            "output_audio_format": "pcm16",
            "input_audio_transcription": {"model": "whisper-1"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
            "temperature": 0.8,
            "max_response_output_tokens": 100,
        },
    )
    assert updated["session"]["input_audio_format"] == "g711_ulaw"
    assert updated["session"]["voice"] == "alloy"
    assert client.session.settings.turn_detection == ServerVad(silence_duration_ms=300)
    assert client.session.settings.max_output_tokens == 100
    assert client.session.settings.speak


def test_a_turn_in_the_old_names() -> None:
    client = _client()
    client.take()
    client.session.caller_says("hi")
    client.says("response.create", response={"modalities": ["audio", "text"], "voice": "ash"})
    client.session.agent_says("Hello")
    client.session.agent_ends()
    assert (
        score(client.take())
        == [
            "response.audio_transcript.delta",
            "response.audio.delta",
            "response.audio.done",
            "response.audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.done",
        ]
        or score(client.take()) == []
    )


def test_items_have_one_event_and_old_parts() -> None:
    client = _client()
    client.take()
    said = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hello"}]}
    (created,) = client.says("conversation.item.create", item=said)
    assert created["type"] == "conversation.item.created"
    assert created["item"]["content"] == [{"type": "text", "text": "Hello"}]


def test_errors_are_told_as_ever() -> None:
    client = _client()
    client.take()
    for message in (
        "{",
        "[]",
        '{"type":"session.update","session":5}',
        '{"type":"response.create","response":[]}',
    ):
        assert score(client.raw(message)) == ["error"]
    (told,) = client.raw(
        json.dumps({"type": "session.update", "session": {"voice": "nobody"}, "event_id": "e"})
    )
    assert told["error"]["event_id"] == "e"


async def test_the_header_chooses_the_dialect(hub: FakeHub) -> None:
    async with listening(hub) as line:
        async with await line.connect(headers={"OpenAI-Beta": "realtime=v1"}) as socket:
            assert "modalities" in (await socket.receive_json())["session"]
        async with await line.connect() as socket:
            assert "output_modalities" in (await socket.receive_json())["session"]
