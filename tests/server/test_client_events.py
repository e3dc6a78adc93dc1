"""Each of the eleven events a client may send."""

import base64

import numpy as np
import pytest

from antiphon.runtime.conversation import Item
from antiphon.server.wire.client_events import TYPES

from .client import Client, score
from .fakes import TONE


def _pcm(samples: int) -> str:
    return base64.b64encode(np.arange(samples, dtype="<i2").tobytes()).decode()


def _message(text: str, role: str = "user", **more: object) -> dict[str, object]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}], **more}


def test_there_are_eleven_and_our_own() -> None:
    assert len({name for name in TYPES if not name.startswith("antiphon.")}) == 11
    assert "antiphon.playout" in TYPES


def test_append_is_heard_and_not_answered(client: Client) -> None:
    assert client.says("input_audio_buffer.append", audio=_pcm(480)) == []
    (heard,) = client.session.heard
    assert heard.dtype == np.float32
    assert (heard * 32_768 == np.arange(480)).all()


def test_commit_makes_an_item_and_no_response(client: Client) -> None:
    client.says("input_audio_buffer.append", audio=_pcm(2_400))
    told = client.says("input_audio_buffer.commit")
    assert score(told) == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert told[0]["item_id"] == told[1]["item"]["id"]
    assert told[1]["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    assert told[1]["item"]["status"] == "completed"


def test_commit_of_nothing_is_refused(client: Client) -> None:
    (told,) = client.says("input_audio_buffer.commit", event_id="mine")
    assert told["error"]["code"] == "input_audio_buffer_commit_empty"
    assert told["error"]["event_id"] == "mine"


def test_clear(client: Client) -> None:
    client.says("input_audio_buffer.append", audio=_pcm(2_400))
    assert score(client.says("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
    assert score(client.says("input_audio_buffer.commit")) == ["error"]


def test_output_clear_belongs_to_other_transports(client: Client) -> None:
    (told,) = client.says("output_audio_buffer.clear", event_id="mine")
    assert told["error"]["code"] == "unsupported_event"
    assert told["error"]["event_id"] == "mine"
    assert not client.hung_up


def test_items_are_created_where_they_belong(client: Client) -> None:
    first = client.says("conversation.item.create", item=_message("one", id="item_one"))
    assert score(first) == ["conversation.item.added", "conversation.item.done"]
    assert first[0]["previous_item_id"] is None
    last = client.says("conversation.item.create", item=_message("three", "assistant"))
    assert last[0]["previous_item_id"] == "item_one"
    middle = client.says(
        "conversation.item.create", item=_message("two", "system"), previous_item_id="item_one"
    )
    assert middle[0]["previous_item_id"] == "item_one"
    head = client.says("conversation.item.create", item=_message("zero"), previous_item_id="root")
    assert head[0]["previous_item_id"] is None
    assert [item.text for item in client.session.items] == ["zero", "one", "two", "three"]
    assert [item.role for item in client.session.items] == ["user", "user", "system", "assistant"]


def test_spoken_items_keep_their_transcript(client: Client) -> None:
    part = {"type": "input_audio", "audio": "AAAA", "transcript": "said before"}
    client.says("conversation.item.create", item={"type": "message", "role": "user", "content": [part]})
    (item,) = client.session.items
    assert item.text == "said before"
    assert item.spoken


@pytest.mark.parametrize("previous", ["nowhere", "item_gone"])
def test_an_unknown_place_is_refused(client: Client, previous: str) -> None:
    (told,) = client.says("conversation.item.create", item=_message("x"), previous_item_id=previous)
    assert told["error"]["param"] == "previous_item_id"
    assert client.session.items == ()


def test_delete(client: Client) -> None:
    client.says("conversation.item.create", item=_message("one", id="item_one"))
    (told,) = client.says("conversation.item.delete", item_id="item_one")
    assert (told["type"], told["item_id"]) == ("conversation.item.deleted", "item_one")
    (again,) = client.says("conversation.item.delete", item_id="item_one")
    assert again["error"]["code"] == "item_delete_invalid_item_id"


def test_retrieve(client: Client) -> None:
    client.says("conversation.item.create", item=_message("one", id="item_one"))
    (told,) = client.says("conversation.item.retrieve", item_id="item_one")
    assert told["item"] == {
        "id": "item_one",
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "one"}],
    }
    (missing,) = client.says("conversation.item.retrieve", item_id="x", event_id="rci_x")
    assert missing["error"]["code"] == "item_retrieve_invalid_item_id"
    assert missing["error"]["event_id"] == "rci_x"


def test_truncate_beyond_the_end_is_refused(client: Client) -> None:
    client.session.agent_begins()
    item_id = client.session.agent_says("one two")
    client.session.agent_ends()
    (told,) = client.says("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=5_000)
    assert told["error"]["param"] == "audio_end_ms"
    (told,) = client.says("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=20)
    assert told == {
        "type": "conversation.item.truncated",
        "event_id": told["event_id"],
        "item_id": item_id,
        "content_index": 0,
        "audio_end_ms": 20,
    }


def test_truncating_what_is_still_being_spoken_is_a_benign_race(client: Client) -> None:
    client.session.agent_begins()
    item_id = client.session.agent_says("one two three")
    client.take()
    (told,) = client.says("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=40)
    assert told["type"] == "conversation.item.truncated"
    assert client.session.acknowledged == [(item_id, 40)]
    (told,) = client.says("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=900)
    assert told["error"]["param"] == "audio_end_ms"


def test_a_response_is_what_was_asked_for(client: Client) -> None:
    client.session.answer = "So be it"
    told = client.says(
        "response.create",
        response={
            "instructions": "Be brief.",
            "output_modalities": ["text"],
            "audio": {"output": {"voice": "ash"}},
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
            "tool_choice": {"type": "function", "name": "f"},
            "max_output_tokens": 40,
            "metadata": {"client_event_id": "abc"},
        },
    )
    (request,) = client.session.requests
    assert request.in_conversation
    assert request.instructions == "Be brief."
    assert request.speak is False
    assert request.voice == "man"
    assert request.tool_choice == "f"
    assert [tool.name for tool in request.tools or ()] == ["f"]
    assert request.max_output_tokens == 40
    for event in (told[0], told[-1]):
        assert event["response"]["metadata"] == {"client_event_id": "abc"}
        assert event["response"]["max_output_tokens"] == 40
        assert event["response"]["output_modalities"] == ["text"]


def test_a_response_without_wishes_is_as_the_session_has_it(client: Client) -> None:
    client.says("response.create")
    (request,) = client.session.requests
    assert request.speak is None
    assert request.tools is None
    assert request.input is None


def test_out_of_band_input(client: Client) -> None:
    client.says("conversation.item.create", item=_message("known", id="item_known"))
    client.session.answer = "A title"
    client.says(
        "response.create",
        response={
            "conversation": "none",
            "input": [{"type": "item_reference", "id": "item_known"}, _message("Name this.")],
        },
    )
    (request,) = client.session.requests
    assert not request.in_conversation
    assert [item.text for item in request.input or ()] == ["known", "Name this."]


def test_an_unknown_reference_is_refused(client: Client) -> None:
    (told,) = client.says(
        "response.create", response={"conversation": "none", "input": [{"type": "item_reference", "id": "x"}]}
    )
    assert told["error"]["code"] == "item_retrieve_invalid_item_id"
    assert client.session.requests == []


def test_a_second_response_has_to_wait(client: Client) -> None:
    client.says("response.create")
    (told,) = client.says("response.create", event_id="second")
    assert told["error"]["code"] == "conversation_already_has_active_response"
    assert told["error"]["event_id"] == "second"


def test_cancel(client: Client) -> None:
    client.says("response.create")
    client.session.agent_says("Well, you see")
    told = client.says("response.cancel")
    assert score(told)[-1] == "response.done"
    assert told[-1]["response"]["status"] == "cancelled"
    assert told[-1]["response"]["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}


def test_cancel_of_nothing_is_a_benign_race(client: Client) -> None:
    (told,) = client.says("response.cancel", event_id="mine", response_id=None)
    assert told["error"]["code"] == "response_cancel_not_active"
    assert told["error"]["message"].startswith("Cancellation failed")
    assert told["error"]["event_id"] == "mine"


def test_update_is_answered_with_the_whole_session(client: Client) -> None:
    (told,) = client.says("session.update", session={"type": "realtime", "instructions": "Be a pirate."})
    assert told["type"] == "session.updated"
    assert told["session"]["instructions"] == "Be a pirate."
    assert told["session"]["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24_000}
    assert client.session.settings.instructions == "Be a pirate."


def test_telephone_both_ways(client: Client) -> None:
    both = {"input": {"format": {"type": "audio/pcmu"}}, "output": {"format": {"type": "audio/pcma"}}}
    client.update(audio=both)
    client.says("input_audio_buffer.append", audio=base64.b64encode(b"\xff" * 160).decode())
    (heard,) = client.session.heard
    assert len(heard) == 480
    assert np.abs(heard).max() < 0.001
    client.session.agent_begins()
    client.session.agent_says("hi")
    deltas = [event["delta"] for event in client.take() if event["type"] == "response.output_audio.delta"]
    assert [len(base64.b64decode(delta)) for delta in deltas] == [len(TONE) // 3]


def test_a_call_without_an_id_gets_one(client: Client) -> None:
    call = {"type": "function_call", "name": "f", "arguments": "{}"}
    client.says("conversation.item.create", item=call)
    (item,) = client.session.items
    assert isinstance(item, Item)
    assert item.call_id.startswith("call_")
