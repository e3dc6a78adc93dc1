"""The events a server sends: one builder each, and the one place where they get their ids.

A builder's arguments are the event's fields; its docstring says when it is sent. Those
from `timeout_triggered` on are outside the core set that every known client understands.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from antiphon.server.wire.session_object import Wire


class EventIds:
    """Numbers the events of one session."""

    def __init__(self, session_id: str) -> None:
        self._stem = session_id.removeprefix("sess_")
        self._count = 0

    def stamp(self, event: Wire) -> Wire:
        """`event` with an id that no other event of this server has."""
        self._count += 1
        return {"event_id": f"event_{self._stem}_{self._count}", **event}


def session_created(session: Wire) -> Wire:
    """First of all."""
    return {"type": "session.created", "session": session}


def session_updated(session: Wire) -> Wire:
    """An update took effect; the whole session, not the change."""
    return {"type": "session.updated", "session": session}


def error(
    *, kind: str, code: str | None, message: str, param: str | None = None, event_id: str | None = None
) -> Wire:
    """Something is wrong; the inner event id is that of the client's event which caused it."""
    told = {"type": kind, "code": code, "message": message, "param": param, "event_id": event_id}
    return {"type": "error", "error": told}


def item_added(item: Wire, previous_item_id: str | None) -> Wire:
    """An item has entered the record."""
    return {"type": "conversation.item.added", "item": item, "previous_item_id": previous_item_id}


def item_done(item: Wire, previous_item_id: str | None) -> Wire:
    """An item has its final form."""
    return {"type": "conversation.item.done", "item": item, "previous_item_id": previous_item_id}


def item_retrieved(item: Wire) -> Wire:
    """The item a client asked to see."""
    return {"type": "conversation.item.retrieved", "item": item}


def item_deleted(item_id: str) -> Wire:
    """The item is gone."""
    return {"type": "conversation.item.deleted", "item_id": item_id}


def item_truncated(item_id: str, audio_end_ms: int) -> Wire:
    """The item holds only what was heard until then."""
    return {
        "type": "conversation.item.truncated",
        "item_id": item_id,
        "content_index": 0,
        "audio_end_ms": audio_end_ms,
    }


def transcription_delta(item_id: str, delta: str) -> Wire:
    """More of what the caller said."""
    return {
        "type": "conversation.item.input_audio_transcription.delta",
        "item_id": item_id,
        "content_index": 0,
        "delta": delta,
    }


def transcription_completed(item_id: str, transcript: str, seconds: float) -> Wire:
    """All the caller said."""
    return {
        "type": "conversation.item.input_audio_transcription.completed",
        "item_id": item_id,
        "content_index": 0,
        "transcript": transcript,
        "usage": {"type": "duration", "seconds": seconds},
    }


def transcription_failed(item_id: str, message: str) -> Wire:
    """The caller's words could not be made out."""
    return {
        "type": "conversation.item.input_audio_transcription.failed",
        "item_id": item_id,
        "content_index": 0,
        "error": {"type": "server_error", "code": "transcription_failed", "message": message, "param": None},
    }


def speech_started(item_id: str, audio_start_ms: int) -> Wire:
    """The caller has begun a turn."""
    return {
        "type": "input_audio_buffer.speech_started",
        "item_id": item_id,
        "audio_start_ms": audio_start_ms,
    }


def speech_stopped(item_id: str, audio_end_ms: int) -> Wire:
    """The caller's turn has ended."""
    return {"type": "input_audio_buffer.speech_stopped", "item_id": item_id, "audio_end_ms": audio_end_ms}


def audio_committed(item_id: str, previous_item_id: str | None) -> Wire:
    """The caller's audio has become an item."""
    return {
        "type": "input_audio_buffer.committed",
        "item_id": item_id,
        "previous_item_id": previous_item_id,
    }


def audio_cleared() -> Wire:
    """Audio that was not committed is gone."""
    return {"type": "input_audio_buffer.cleared"}


def response_created(response: Wire) -> Wire:
    """A reply begins."""
    return {"type": "response.created", "response": response}


def response_done(response: Wire) -> Wire:
    """A reply is over, however it ended."""
    return {"type": "response.done", "response": response}


def output_item_added(response_id: str, output_index: int, item: Wire) -> Wire:
    """A reply begins an item."""
    return {
        "type": "response.output_item.added",
        "response_id": response_id,
        "output_index": output_index,
        "item": item,
    }


def output_item_done(response_id: str, output_index: int, item: Wire) -> Wire:
    """An item of a reply is finished."""
    return {
        "type": "response.output_item.done",
        "response_id": response_id,
        "output_index": output_index,
        "item": item,
    }


def content_part_added(place: Mapping[str, Any], part: Wire) -> Wire:
    """A message begins its one content part. `place` names response, item and indices, here and below."""
    return {"type": "response.content_part.added", **place, "part": part}


def content_part_done(place: Mapping[str, Any], part: Wire) -> Wire:
    """A content part is finished."""
    return {"type": "response.content_part.done", **place, "part": part}


def text_delta(place: Mapping[str, Any], delta: str) -> Wire:
    """More words of a text reply."""
    return {"type": "response.output_text.delta", **place, "delta": delta}


def text_done(place: Mapping[str, Any], text: str) -> Wire:
    """All words of a text reply."""
    return {"type": "response.output_text.done", **place, "text": text}


def audio_delta(place: Mapping[str, Any], delta: bytes) -> Wire:
    """More sound; the encoder writes bytes as base64."""
    return {"type": "response.output_audio.delta", **place, "delta": delta}


def audio_done(place: Mapping[str, Any]) -> Wire:
    """No more sound."""
    return {"type": "response.output_audio.done", **place}


def audio_transcript_delta(
    place: Mapping[str, Any], delta: str, start_ms: int | None, end_ms: int | None = None
) -> Wire:
    """Words of the sound that follows, and the seconds of the item's audio at which they begin and end."""
    event: Wire = {"type": "response.output_audio_transcript.delta", **place, "delta": delta}
    for name, at_ms in (("start_time", start_ms), ("end_time", end_ms)):
        if at_ms is not None:
            event[name] = at_ms / 1000
    return event


def audio_transcript_done(place: Mapping[str, Any], transcript: str) -> Wire:
    """All words of the sound."""
    return {"type": "response.output_audio_transcript.done", **place, "transcript": transcript}


def arguments_delta(place: Mapping[str, Any], call_id: str, delta: str) -> Wire:
    """More of a function call's arguments."""
    return {
        "type": "response.function_call_arguments.delta",
        **place,
        "call_id": call_id,
        "delta": delta,
    }


def arguments_done(place: Mapping[str, Any], call_id: str, name: str, arguments: str) -> Wire:
    """A function call is complete."""
    return {
        "type": "response.function_call_arguments.done",
        **place,
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def timeout_triggered(item_id: str, audio_start_ms: int, audio_end_ms: int) -> Wire:
    """Nobody spoke for the idle time. Only for clients that opted in."""
    return {
        "type": "input_audio_buffer.timeout_triggered",
        "item_id": item_id,
        "audio_start_ms": audio_start_ms,
        "audio_end_ms": audio_end_ms,
    }


def fact(name: str, told_ms: float, shown: Wire) -> Wire:
    """What the session's feed tells too, at `told_ms` on the session's clock.

    Antiphon's own event, only for clients that opted in.
    """
    return {"type": f"antiphon.{name}", "told_ms": told_ms, **msgspec.to_builtins(shown)}


def output_started(response_id: str) -> Wire:
    """The sound of a reply begins to leave. Here and below: only where we send sound, not events of it."""
    return {"type": "output_audio_buffer.started", "response_id": response_id}


def output_stopped(response_id: str) -> Wire:
    """All sound of a reply has left."""
    return {"type": "output_audio_buffer.stopped", "response_id": response_id}


def output_cleared(response_id: str) -> Wire:
    """What had not left of a reply will not be heard."""
    return {"type": "output_audio_buffer.cleared", "response_id": response_id}


def playing(
    response_id: str, item_id: str, from_ms: int, audible_ms: float | None, rtp_timestamp: int
) -> Wire:
    """The sound of an item, from `from_ms` on, is in the packets from this one on, heard from `audible_ms`.

    Antiphon's own event, only for clients that opted in: who knows which packet is heard knows the word.
    """
    return {
        "type": "antiphon.playing",
        "response_id": response_id,
        "item_id": item_id,
        "from_ms": from_ms,
        "audible_ms": audible_ms,
        "rtp_timestamp": rtp_timestamp,
    }
