"""The eleven events a client may send, one of our own, and the one decoder that reads them.

Decoding is strict and total: whatever arrives, the answer is an event or a `BadRequest` that names the field
at fault, so that the rest of the server only ever sees what it understands.
"""

import re
from typing import Annotated, Any, Literal, TypeAlias, cast

import msgspec
from msgspec import Meta

from antiphon.contracts import BadRequest
from antiphon.server.wire.item_shapes import ItemReference, ItemShape
from antiphon.server.wire.session_patch import (
    AudioFormat,
    MaxTokens,
    Modalities,
    SessionPatch,
    ToolChoice,
    Tools,
    VoiceId,
)


class SessionUpdate(
    msgspec.Struct, kw_only=True, tag_field="type", tag="session.update", forbid_unknown_fields=True
):
    """Change how the session listens, thinks or speaks."""

    session: SessionPatch
    event_id: str | None = None


class AudioAppend(
    msgspec.Struct,
    kw_only=True,
    tag_field="type",
    tag="input_audio_buffer.append",
    forbid_unknown_fields=True,
):
    """More of the caller's audio."""

    audio: bytes
    """Base64 on the wire."""
    event_id: str | None = None


class AudioCommit(
    msgspec.Struct,
    kw_only=True,
    tag_field="type",
    tag="input_audio_buffer.commit",
    forbid_unknown_fields=True,
):
    """The caller's turn ends here."""

    event_id: str | None = None


class AudioClear(
    msgspec.Struct, kw_only=True, tag_field="type", tag="input_audio_buffer.clear", forbid_unknown_fields=True
):
    """Forget audio that is not committed."""

    event_id: str | None = None


class OutputClear(
    msgspec.Struct,
    kw_only=True,
    tag_field="type",
    tag="output_audio_buffer.clear",
    forbid_unknown_fields=True,
):
    """Stop the sound that is buffered; only where the server holds the playout."""

    event_id: str | None = None


class ItemCreate(
    msgspec.Struct, kw_only=True, tag_field="type", tag="conversation.item.create", forbid_unknown_fields=True
):
    """Add an item to the record."""

    item: ItemShape
    previous_item_id: str | None = None
    event_id: str | None = None


class ItemDelete(
    msgspec.Struct, kw_only=True, tag_field="type", tag="conversation.item.delete", forbid_unknown_fields=True
):
    """Remove an item."""

    item_id: str
    event_id: str | None = None


class ItemRetrieve(
    msgspec.Struct,
    kw_only=True,
    tag_field="type",
    tag="conversation.item.retrieve",
    forbid_unknown_fields=True,
):
    """Show an item as it is now."""

    item_id: str
    event_id: str | None = None


class ItemTruncate(
    msgspec.Struct,
    kw_only=True,
    tag_field="type",
    tag="conversation.item.truncate",
    forbid_unknown_fields=True,
):
    """The listener heard the item only so far."""

    item_id: str
    audio_end_ms: Annotated[int, Meta(ge=0)]
    content_index: Literal[0] = 0
    event_id: str | None = None


class ResponseOutput(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How this one reply sounds."""

    format: AudioFormat | None = None
    voice: str | VoiceId | None = None


class ResponseAudio(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Of one reply."""

    output: ResponseOutput | None = None


class ResponseParams(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What one reply does differently from the session."""

    conversation: Literal["auto", "none"] | None = None
    input: list[ItemShape | ItemReference] | None = None
    instructions: str | None = None
    output_modalities: Modalities = None
    audio: ResponseAudio | None = None
    tools: Tools = None
    tool_choice: ToolChoice = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: MaxTokens = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    reasoning: dict[str, Any] | None = None
    prompt: dict[str, Any] | None = None
    metadata: dict[str, str] | None = None


class ResponseCreate(
    msgspec.Struct, kw_only=True, tag_field="type", tag="response.create", forbid_unknown_fields=True
):
    """Reply now."""

    response: ResponseParams | None = None
    event_id: str | None = None


class ResponseCancel(
    msgspec.Struct, kw_only=True, tag_field="type", tag="response.cancel", forbid_unknown_fields=True
):
    """Stop replying."""

    response_id: str | None = None
    event_id: str | None = None


class PlayoutNote(
    msgspec.Struct, kw_only=True, tag_field="type", tag="antiphon.playout", forbid_unknown_fields=True
):
    """The listener has now played this much of an item. Antiphon's own."""

    item_id: str
    played_ms: Annotated[int, Meta(ge=0)]
    event_id: str | None = None


ClientEvent: TypeAlias = (
    SessionUpdate
    | AudioAppend
    | AudioCommit
    | AudioClear
    | OutputClear
    | ItemCreate
    | ItemDelete
    | ItemRetrieve
    | ItemTruncate
    | ResponseCreate
    | ResponseCancel
    | PlayoutNote
)

TYPES: tuple[str, ...] = tuple(
    str(kind.__struct_config__.tag)
    for kind in (
        SessionUpdate,
        AudioAppend,
        AudioCommit,
        AudioClear,
        OutputClear,
        ItemCreate,
        ItemDelete,
        ItemRetrieve,
        ItemTruncate,
        ResponseCreate,
        ResponseCancel,
        PlayoutNote,
    )
)

_decoder: msgspec.json.Decoder[ClientEvent] = msgspec.json.Decoder(ClientEvent)


def decode(message: str | bytes) -> ClientEvent:
    """The event in `message`. BadRequest: it holds none."""
    try:
        return _decoder.decode(message)
    except msgspec.ValidationError as error:
        raise refusal(str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest(f"The message is no JSON: {error}.", code="invalid_json") from None


def convert(message: object) -> ClientEvent:
    """The event in a message that is decoded already. BadRequest: it holds none."""
    try:
        return msgspec.convert(message, ClientEvent)
    except msgspec.ValidationError as error:
        raise refusal(str(error)) from None


def event_id_of(message: str | bytes) -> str | None:
    """The event id of a message that may be no event at all, so that even its refusal can be told apart."""
    try:
        found: object = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    named = cast("dict[str, object]", found).get("event_id")
    return named if isinstance(named, str) else None


_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")


def refusal(text: str) -> BadRequest:
    """msgspec's words, such as "Expected `int`, got `str` - at `$.session.speed`", as our error."""
    problem, _, path = text.partition(" - at `$")
    path = path.removesuffix("`").removeprefix(".")
    if unknown := _UNKNOWN.match(problem):
        param = f"{path}.{unknown['name']}".lstrip(".")
        return BadRequest(f"Unknown parameter: '{param}'.", code="unknown_parameter", param=param)
    if missing := _MISSING.match(problem):
        param = f"{path}.{missing['name']}".lstrip(".")
        return BadRequest(
            f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param
        )
    if path == "type" and problem.startswith("Invalid value"):
        return BadRequest(
            f"{problem}. Supported values are: {', '.join(TYPES)}.", code="invalid_value", param="type"
        )
    code = "invalid_type" if problem.startswith("Expected") and "got" in problem else "invalid_value"
    where = f" for '{path}'" if path else ""
    return BadRequest(f"Invalid value{where}: {problem}.", code=code, param=path or None)
