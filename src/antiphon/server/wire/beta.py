"""The protocol's beta dialect, for clients that were never updated: other names, a flat session.

Only names and shapes differ, so it is a translation at the very edge and nothing else knows of it.
"""

from typing import Any, cast

import msgspec

from antiphon.contracts import BadRequest
from antiphon.server.wire.client_events import ClientEvent, convert
from antiphon.server.wire.dialect import Dialect
from antiphon.server.wire.session_object import Wire

_SERVER_NAMES = {
    "response.output_audio.": "response.audio.",
    "response.output_audio_transcript.": "response.audio_transcript.",
    "response.output_text.": "response.text.",
}
_FORMATS = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
_FORMAT_NAMES = {ga: beta for beta, ga in _FORMATS.items()}
_SESSION_PLACES = {
    "input_audio_format": ("input", "format"),
    "input_audio_noise_reduction": ("input", "noise_reduction"),
    "input_audio_transcription": ("input", "transcription"),
    "turn_detection": ("input", "turn_detection"),
    "output_audio_format": ("output", "format"),
    "voice": ("output", "voice"),
    "speed": ("output", "speed"),
}
_OUTPUT_PARTS = {"text": "output_text", "audio": "output_audio"}


def decode(message: str | bytes) -> ClientEvent:
    """The event in a beta client's message. BadRequest: it holds none."""
    try:
        event: object = msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest(f"The message is no JSON: {error}.", code="invalid_json") from None
    if isinstance(event, dict):
        event = _ga_event(cast("Wire", event))
    return convert(event)


def shape(event: Wire) -> list[Wire]:
    """What a beta client is sent for an event."""
    kind: str = event["type"]
    match kind:
        case "conversation.item.added":
            return [{**event, "type": "conversation.item.created", "item": _beta_item(event["item"])}]
        case "conversation.item.done":
            return []
        case "session.created" | "session.updated":
            return [{**event, "session": _beta_session(event["session"])}]
        case "response.created" | "response.done":
            return [{**event, "response": _beta_response(event["response"])}]
        case _:
            for ga, beta in _SERVER_NAMES.items():
                if kind.startswith(ga):
                    return [{**event, "type": beta + kind.removeprefix(ga)}]
            return [{**event, "item": _beta_item(event["item"])}] if "item" in event else [event]


BETA = Dialect(decode, shape)


def _ga_event(event: Wire) -> Wire:
    for kind, field, translate in (
        ("session.update", "session", _ga_session),
        ("response.create", "response", _ga_response),
        ("conversation.item.create", "item", _ga_item),
    ):
        if event.get("type") == kind and isinstance(event.get(field), dict):
            return {**event, field: translate(event[field])}
    return event


def _ga_session(flat: Wire) -> Wire:
    session = _ga_common(flat)
    audio: dict[str, Wire] = {}
    for field, (direction, name) in _SESSION_PLACES.items():
        if field in session:
            value = session.pop(field)
            audio.setdefault(direction, {})[name] = _ga_format(value) if name == "format" else value
    return {**session, "audio": audio} if audio else session


def _ga_response(flat: Wire) -> Wire:
    response = _ga_common(flat)
    output: Wire = {}
    if "voice" in response:
        output["voice"] = response.pop("voice")
    if "output_audio_format" in response:
        output["format"] = _ga_format(response.pop("output_audio_format"))
    if isinstance(response.get("input"), list):
        response["input"] = [_ga_item(item) for item in response["input"]]
    return {**response, "audio": {"output": output}} if output else response


def _ga_common(flat: Wire) -> Wire:
    """The fields that a session and a response share."""
    ga = dict(flat)
    if "modalities" in ga:
        asked = ga.pop("modalities")
        # Beta clients name both to hear sound with its transcript, which is what "audio" means now.
        ga["output_modalities"] = ["audio"] if isinstance(asked, list) and "audio" in asked else asked
    for old in ("max_response_output_tokens", "max_output_tokens"):
        if old in ga:
            ga["max_output_tokens"] = ga.pop(old)
    return ga


def _ga_format(name: Any) -> Any:
    return {"type": _FORMATS.get(name, name)} if isinstance(name, str) else name


def _ga_item(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    shaped = cast("Wire", item)
    content = shaped.get("content")
    if shaped.get("role") != "assistant" or not isinstance(content, list):
        return shaped
    return {**shaped, "content": [_renamed(part, _OUTPUT_PARTS) for part in cast("list[Any]", content)]}


def _beta_item(item: Wire) -> Wire:
    if "content" not in item:
        return item
    names = {ga: beta for beta, ga in _OUTPUT_PARTS.items()}
    return {**item, "content": [_renamed(part, names) for part in item["content"]]}


def _renamed(part: Any, names: dict[str, str]) -> Any:
    if not isinstance(part, dict):
        return part
    shaped = cast("Wire", part)
    kind = shaped.get("type")
    return {**shaped, "type": names.get(kind, kind)} if isinstance(kind, str) else shaped


def _beta_response(response: Wire) -> Wire:
    beta = {**response, "output": [_beta_item(item) for item in response["output"]]}
    beta["modalities"] = _beta_modalities(beta.pop("output_modalities"))
    return beta


def _beta_session(session: Wire) -> Wire:
    beta: Wire = {field: value for field, value in session.items() if field not in ("type", "audio")}
    beta["modalities"] = _beta_modalities(beta.pop("output_modalities"))
    beta["max_response_output_tokens"] = beta.pop("max_output_tokens")
    for field, (direction, name) in _SESSION_PLACES.items():
        value = session["audio"][direction][name]
        beta[field] = _FORMAT_NAMES[value["type"]] if name == "format" else value
    return beta


def _beta_modalities(modalities: Any) -> list[str]:
    return ["text", "audio"] if "audio" in modalities else ["text"]
