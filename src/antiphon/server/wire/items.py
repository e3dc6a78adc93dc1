"""Items between the record and the wire."""

from collections.abc import Callable, Sequence

from antiphon.contracts import BadRequest
from antiphon.runtime.conversation import Item
from antiphon.server.wire.item_shapes import (
    Content,
    FunctionCallShape,
    FunctionOutputShape,
    InputAudio,
    InputImage,
    ItemShape,
    MessageShape,
    OutputAudio,
)
from antiphon.server.wire.session_object import Wire


def item_object(item: Item) -> Wire:
    """The whole item as a client sees it."""
    known: Wire = {"id": item.id, "object": "realtime.item", "type": item.kind, "status": _status(item)}
    match item.kind:
        case "message":
            return {**known, "role": item.role, "content": _content(item)}
        case "function_call":
            return {**known, "call_id": item.call_id, "name": item.name, "arguments": item.arguments}
        case "function_call_output":
            return {**known, "call_id": item.call_id, "output": item.text}


def begun_object(item: Item) -> Wire:
    """An output item that has only just begun: whatever it will hold is still to come."""
    begun = {**item_object(item), "status": "in_progress"}
    return {**begun, "content": []} if item.kind == "message" else begun


def part_object(item: Item) -> Wire:
    """The one content part of a reply's message, as `response.content_part.*` shows it."""
    if item.spoken:
        return {"type": "audio", "transcript": item.text}
    return {"type": "text", "text": item.text}


def item_of(shape: ItemShape, param: str, new_id: Callable[[], str]) -> Item:
    """The item a client describes; `new_id` names it when the client does not.

    Raises:
        BadRequest: it holds what cannot be remembered; `param` is where the item stood.
    """
    item_id = shape.id or new_id()
    match shape:
        case MessageShape():
            _check_parts(shape, param)
            return Item(
                id=item_id,
                kind="message",
                role=shape.role,
                text="".join(_words(part) for part in shape.content),
                spoken=bool(shape.content) and isinstance(shape.content[0], InputAudio | OutputAudio),
                interrupted=shape.status == "incomplete",
            )
        case FunctionCallShape():
            return Item(
                id=item_id,
                kind="function_call",
                role="assistant",
                call_id=shape.call_id or f"call_{item_id.removeprefix('item_')}",
                name=shape.name,
                arguments=shape.arguments,
            )
        case FunctionOutputShape():
            return Item(id=item_id, kind="function_call_output", call_id=shape.call_id, text=shape.output)


def item_objects(items: Sequence[Item]) -> list[Wire]:
    """Several items as a client sees them."""
    return [item_object(item) for item in items]


def _status(item: Item) -> str:
    # A caller's speech is complete as soon as it is committed, even while its words are being made out.
    if not item.settled and item.role == "assistant":
        return "in_progress"
    return "incomplete" if item.interrupted else "completed"


def _content(item: Item) -> list[Wire]:
    if item.role == "assistant":
        if item.spoken:
            return [{"type": "output_audio", "transcript": item.text}]
        return [{"type": "output_text", "text": item.text}]
    if item.spoken:
        return [{"type": "input_audio", "transcript": item.text if item.settled else None}]
    return [{"type": "input_text", "text": item.text}]


def _check_parts(shape: MessageShape, param: str) -> None:
    for place, part in enumerate(shape.content):
        where = f"{param}.content[{place}]"
        if isinstance(part, InputImage):
            raise BadRequest(
                "Images are not understood here.", code="unsupported_content", param=f"{where}.type"
            )
        if isinstance(part, InputAudio | OutputAudio) and not part.transcript:
            raise BadRequest(
                "Audio inside an item is not listened to: give its transcript, or send the audio with "
                "input_audio_buffer.append.",
                code="unsupported_content",
                param=f"{where}.transcript",
            )
        if (shape.role == "assistant") == type(part).__name__.startswith("Input"):
            raise BadRequest(
                f"A message of role {shape.role!r} cannot hold content of this type.",
                code="invalid_value",
                param=f"{where}.type",
            )


def _words(part: Content) -> str:
    match part:
        case InputImage():
            return ""
        case InputAudio() | OutputAudio():
            return part.transcript or ""
        case _:
            return part.text
