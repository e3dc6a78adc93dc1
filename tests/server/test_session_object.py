"""`session.update`: what is present changes, what is absent stays, what is empty clears."""

from antiphon.contracts import Tool
from antiphon.runtime import SemanticVad, ServerVad, SessionSettings

from .client import Client
from .fakes import FakeHub


def test_created_shows_the_whole_session(hub: FakeHub) -> None:
    (told,) = Client(hub, settings=SessionSettings(instructions="Be kind.")).take()
    assert told["type"] == "session.created"
    assert told["session"] == {
        "type": "realtime",
        "object": "realtime.session",
        "id": "sess_0001",
        "expires_at": 1_900_000_000,
        "model": "gpt-realtime",
        "instructions": "Be kind.",
        "output_modalities": ["audio"],
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "noise_reduction": None,
                "transcription": None,
                "turn_detection": {
                    "type": "semantic_vad",
                    "eagerness": "auto",
                    "create_response": True,
                    "interrupt_response": True,
                },
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "woman", "speed": 1.0},
        },
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "max_output_tokens": "inf",
        "reasoning": None,
        "tracing": None,
        "truncation": "auto",
        "include": None,
        "prompt": None,
    }


def test_only_what_is_present_changes(client: Client) -> None:
    client.update(instructions="Be a pirate.", audio={"output": {"speed": 1.2}})
    session = client.update(audio={"input": {"transcription": {"model": "whisper-1", "prompt": "Ahab"}}})
    assert session["instructions"] == "Be a pirate."
    assert session["audio"]["output"]["speed"] == 1.2
    assert session["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"
    assert session["audio"]["input"]["transcription"] == {"model": "whisper-1", "prompt": "Ahab"}
    assert client.session.settings.transcription_hint == "Ahab"
    assert client.update() == session


def test_what_is_empty_clears(client: Client) -> None:
    tool = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}
    session = client.update(
        instructions="Be a pirate.",
        tools=[tool],
        tool_choice="required",
        max_output_tokens=50,
        tracing="auto",
        audio={"input": {"transcription": {"model": "m"}, "noise_reduction": {"type": "near_field"}}},
    )
    assert session["tools"] == [tool]
    assert client.session.settings.tools == (Tool("f", "d", {"type": "object"}),)
    assert client.session.settings.max_output_tokens == 50
    session = client.update(
        instructions="",
        tools=[],
        tool_choice=None,
        max_output_tokens=None,
        tracing=None,
        audio={"input": {"transcription": None, "noise_reduction": None, "turn_detection": None}},
    )
    assert session["instructions"] == ""
    assert session["tools"] == []
    assert session["tool_choice"] == "auto"
    assert session["max_output_tokens"] == "inf"
    assert session["tracing"] is None
    assert session["audio"]["input"]["transcription"] is None
    assert session["audio"]["input"]["noise_reduction"] is None
    assert session["audio"]["input"]["turn_detection"] is None
    assert client.session.settings.turn_detection is None


def test_turn_detection_keeps_its_kinds_settings(client: Client) -> None:
    client.update(audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}})
    client.update(audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.7}}})
    assert client.session.settings.turn_detection == ServerVad(silence_duration_ms=200, threshold=0.7)
    client.update(audio={"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "high"}}})
    assert client.session.settings.turn_detection == SemanticVad(eagerness="high")
    client.update(audio={"input": {"turn_detection": {"type": "server_vad"}}})
    assert client.session.settings.turn_detection == ServerVad()


def test_interrupt_response_is_echoed(client: Client) -> None:
    detection = {"type": "semantic_vad", "interrupt_response": False}
    session = client.update(audio={"input": {"turn_detection": detection}})
    assert session["audio"]["input"]["turn_detection"]["interrupt_response"] is False


def test_a_voice_is_echoed_by_the_name_it_was_asked_for(client: Client) -> None:
    session = client.update(audio={"output": {"voice": "ash"}})
    assert session["audio"]["output"]["voice"] == "ash"
    assert client.session.settings.voice == "man"
    session = client.update(audio={"output": {"voice": {"id": "child"}}})
    assert session["audio"]["output"]["voice"] == "child"


def test_every_known_voice_name_finds_a_voice(client: Client) -> None:
    names = ["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"]
    for name in names:
        client.update(audio={"output": {"voice": name}})
        assert client.session.settings.voice in ("woman", "man", "child", "alto", "youth")


def test_known_voice_names_work_with_any_engine(hub: FakeHub, monkeypatch) -> None:
    monkeypatch.setattr(hub, "voices", lambda: ("af_sky", "am_adam"))
    client = Client(hub)
    client.take()
    assert client.update(audio={"output": {"voice": "coral"}})["audio"]["output"]["voice"] == "coral"
    assert client.session.settings.voice in ("af_sky", "am_adam")


def test_the_voice_is_fixed_once_it_was_heard(client: Client) -> None:
    client.session.agent_begins()
    client.session.agent_says("Hello")
    client.take()
    refused = client.update(instructions="Be a pirate.", audio={"output": {"voice": "ash"}})
    assert refused["code"] == "cannot_update_voice"
    assert client.update()["audio"]["output"]["voice"] == "woman"
    assert client.update()["instructions"] != "Be a pirate."
    assert client.update(audio={"output": {"voice": "woman"}})["audio"]["output"]["voice"] == "woman"


def test_what_the_protocol_cannot_say_stays_as_configured(hub: FakeHub) -> None:
    client = Client(hub, settings=SessionSettings(transcription_hint="Ishmael", temperature=0.1))
    client.take()
    client.update(instructions="x")
    assert client.session.settings.transcription_hint == "Ishmael"
    assert client.session.settings.temperature == 0.1


def test_history_is_kept_whole_on_request(client: Client) -> None:
    assert client.update(truncation="disabled")["truncation"] == "disabled"
    assert not client.session.settings.truncate_history
    ratio = {"type": "retention_ratio", "retention_ratio": 0.8, "token_limits": {"post_instructions": 900}}
    assert client.update(truncation=ratio)["truncation"] == ratio
    assert client.session.settings.truncate_history


def test_a_session_may_be_sent_back_as_it_came(client: Client) -> None:
    session = client.update(audio={"input": {"transcription": {"model": "m"}}})
    assert client.update(**session) == session


def test_what_the_agents_sdk_sends_first(client: Client) -> None:
    session = client.update(
        model="gpt-realtime",
        output_modalities=["audio"],
        audio={
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "transcription": {"model": "gpt-4o-mini-transcribe"},
                "turn_detection": {"type": "semantic_vad", "interrupt_response": True},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "ash"},
        },
        tools=[],
        tool_choice="auto",
        tracing="auto",
    )
    assert session["audio"]["output"]["voice"] == "ash"
    assert session["tracing"] == "auto"
