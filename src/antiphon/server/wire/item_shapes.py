"""Items as a client writes them: every part it may hold, strictly typed."""

from typing import Any, Literal, TypeAlias

import msgspec


class InputText(msgspec.Struct, kw_only=True, tag_field="type", tag="input_text", forbid_unknown_fields=True):
    """Words typed to the agent."""

    text: str


class InputAudio(
    msgspec.Struct, kw_only=True, tag_field="type", tag="input_audio", forbid_unknown_fields=True
):
    """A caller's speech from an earlier time; its transcript is what is remembered."""

    audio: str | None = None
    transcript: str | None = None
    format: Any = None


class InputImage(msgspec.Struct, tag_field="type", tag="input_image"):
    """Recognised so that it can be refused by name."""


class OutputText(
    msgspec.Struct, kw_only=True, tag_field="type", tag="output_text", forbid_unknown_fields=True
):
    """Words the agent wrote."""

    text: str


class OutputAudio(
    msgspec.Struct, kw_only=True, tag_field="type", tag="output_audio", forbid_unknown_fields=True
):
    """Words the agent spoke."""

    audio: str | None = None
    transcript: str | None = None
    format: Any = None


Content: TypeAlias = InputText | InputAudio | InputImage | OutputText | OutputAudio


class MessageShape(msgspec.Struct, kw_only=True, tag_field="type", tag="message", forbid_unknown_fields=True):
    """Something somebody said."""

    role: Literal["system", "user", "assistant"]
    content: list[Content]
    id: str | None = None
    object: str | None = None
    status: str | None = None


class FunctionCallShape(
    msgspec.Struct, kw_only=True, tag_field="type", tag="function_call", forbid_unknown_fields=True
):
    """The agent asked for a function to be run."""

    name: str
    arguments: str
    call_id: str | None = None
    id: str | None = None
    object: str | None = None
    status: str | None = None


class FunctionOutputShape(
    msgspec.Struct, kw_only=True, tag_field="type", tag="function_call_output", forbid_unknown_fields=True
):
    """What the function gave."""

    call_id: str
    output: str
    id: str | None = None
    object: str | None = None
    status: str | None = None


class ItemReference(
    msgspec.Struct, kw_only=True, tag_field="type", tag="item_reference", forbid_unknown_fields=True
):
    """An item the conversation already has; only as input of a response."""

    id: str


ItemShape: TypeAlias = MessageShape | FunctionCallShape | FunctionOutputShape
