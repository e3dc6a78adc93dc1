"""Responses between the runtime and the wire: what a client asks of one, and what it is told of it."""

from collections.abc import Callable, Sequence
from typing import Literal

from antiphon.contracts import BadRequest
from antiphon.runtime import ReplyRequest
from antiphon.runtime.conversation import Item
from antiphon.runtime.events import ReplyEnded, ReplyStarted
from antiphon.runtime.voices import resolve
from antiphon.server.wire.client_events import ResponseParams
from antiphon.server.wire.item_shapes import ItemReference
from antiphon.server.wire.items import item_objects, item_of
from antiphon.server.wire.session_object import (
    Wire,
    WireSession,
    choice_of,
    functions,
    modalities,
    speaks,
    tools_of,
)
from antiphon.server.wire.session_patch import VoiceId

AS_MANY_AS_ALLOWED = 4096
"""The protocol's own upper bound, for a client that says "inf" to a session that said less."""

_AUDIO_TOKENS_IN_MS, _AUDIO_TOKENS_OUT_MS = 100, 50
"""How long one audio token lasts by the protocol's reckoning, in each direction."""


def request_of(
    params: ResponseParams | None,
    session: WireSession,
    *,
    voices: Sequence[str],
    find: Callable[[str], Item],
    new_id: Callable[[], str],
) -> ReplyRequest:
    """What a client asks of one reply. `find` looks up an item of the record.

    Raises:
        BadRequest: it cannot be had.
    """
    if params is None:
        return ReplyRequest()
    _check(params, session)
    voice = params.audio.output.voice if params.audio and params.audio.output else None
    named = voice.id if isinstance(voice, VoiceId) else voice
    return ReplyRequest(
        in_conversation=params.conversation != "none",
        input=None if params.input is None else _input(params, find, new_id),
        instructions=params.instructions,
        speak=speaks(params.output_modalities, "response.output_modalities", default=session.speak)
        if params.output_modalities
        else None,
        voice=resolve(named, voices, "response.audio.output.voice") if named else None,
        tools=None if params.tools is None else tools_of(functions(params.tools, "response.tools")),
        tool_choice=None if params.tool_choice is None else choice_of(params.tool_choice),
        max_output_tokens=AS_MANY_AS_ALLOWED
        if params.max_output_tokens == "inf"
        else params.max_output_tokens,
        temperature=params.temperature,
        metadata=params.metadata,
    )


def _check(params: ResponseParams, session: WireSession) -> None:
    if params.prompt:
        raise BadRequest(
            "Stored prompts are not available here; send the text as response.instructions.",
            code="unsupported_parameter",
            param="response.prompt",
        )
    if params.input is not None and params.conversation != "none":
        raise BadRequest(
            'An input of its own needs response.conversation "none".',
            code="unsupported_parameter",
            param="response.input",
        )
    output = params.audio.output if params.audio else None
    if output and output.format and output.format != session.output_format:
        raise BadRequest(
            "The output format belongs to the session; change it with session.update.",
            code="unsupported_parameter",
            param="response.audio.output.format",
        )


def _input(
    params: ResponseParams, find: Callable[[str], Item], new_id: Callable[[], str]
) -> tuple[Item, ...]:
    return tuple(
        find(shape.id)
        if isinstance(shape, ItemReference)
        else item_of(shape, f"response.input[{place}]", new_id)
        for place, shape in enumerate(params.input or ())
    )


def begun_response(event: ReplyStarted, conversation_id: str) -> Wire:
    """The object of `response.created`."""
    return {
        **_response(event, conversation_id, max_output_tokens=event.max_output_tokens or "inf"),
        "status": "in_progress",
        "status_details": None,
        "output": [],
        "usage": None,
    }


def ended_response(event: ReplyEnded, conversation_id: str, max_output_tokens: int | Literal["inf"]) -> Wire:
    """The object of `response.done`."""
    return {
        **_response(event, conversation_id, max_output_tokens=max_output_tokens),
        "status": event.status,
        "status_details": status_details(event),
        "output": item_objects(event.items),
        "usage": usage(event),
    }


def _response(
    event: ReplyStarted | ReplyEnded, conversation_id: str, *, max_output_tokens: int | Literal["inf"]
) -> Wire:
    return {
        "id": event.reply_id,
        "object": "realtime.response",
        "conversation_id": conversation_id if event.in_conversation else None,
        "output_modalities": modalities(event.speak),
        "max_output_tokens": max_output_tokens,
        "metadata": event.metadata,
    }


def status_details(event: ReplyEnded) -> Wire | None:
    """Why a response is not complete; null when it is."""
    match event.status:
        case "completed":
            return None
        case "failed":
            error = {"type": "server_error", "code": event.reason or "failed", "message": event.message}
            return {"type": "failed", "error": error}
        case _:
            return {"type": event.status, "reason": event.reason or "client_cancelled"}


def usage(event: ReplyEnded) -> Wire:
    """Tokens: text as the model counted it, audio by its length."""
    counted = event.usage
    audio_in = event.audio_input_ms // _AUDIO_TOKENS_IN_MS
    audio_out = event.audio_output_ms // _AUDIO_TOKENS_OUT_MS
    input_tokens = counted.prompt_tokens + audio_in
    output_tokens = counted.completion_tokens + audio_out
    return {
        "total_tokens": input_tokens + output_tokens,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "input_token_details": {
            "text_tokens": counted.prompt_tokens,
            "audio_tokens": audio_in,
            "cached_tokens": counted.cached_tokens,
        },
        "output_token_details": {"text_tokens": counted.completion_tokens, "audio_tokens": audio_out},
    }
