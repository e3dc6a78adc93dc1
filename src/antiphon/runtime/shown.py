"""The facts of a session that are shown beside the conversation, and recorded for its replay.

Each has a short name and a few plain fields; sound is not among them.
"""

from typing import Any

import msgspec

from antiphon.contracts import CLOCK_HZ
from antiphon.runtime.conversation import Item
from antiphon.runtime.events import (
    ItemAdded,
    MemoryRecalled,
    PromptCompiled,
    ReplyEnded,
    ReplyItemEnded,
    ReplyStarted,
    ReplyText,
    SessionEvent,
    SessionFailed,
    SpeechStarted,
    SpeechStopped,
    StateChanged,
    ToolCalled,
    TranscriptFailed,
    TranscriptPartial,
    TranscriptSettled,
    TurnMeasured,
)

TOLD = "told"
"""The kind of a journal entry that holds a shown fact: `{"name", "data"}`."""

SHOWN: dict[type[msgspec.Struct], tuple[str, tuple[str, ...]]] = {
    SpeechStarted: ("speech_started", ("item_id", "at_ms")),
    SpeechStopped: ("speech_stopped", ("item_id", "at_ms")),
    ItemAdded: ("item_added", ("item",)),
    TranscriptPartial: ("transcript_partial", ("item_id", "text")),
    TranscriptSettled: ("transcript", ("item_id", "text")),
    TranscriptFailed: ("transcript_failed", ("item_id", "message")),
    ReplyStarted: ("reply_started", ("reply_id", "in_conversation")),
    ReplyText: ("reply_text", ("reply_id", "item_id", "text", "start_ms", "end_ms")),
    ReplyItemEnded: ("reply_item_ended", ("reply_id", "item")),
    ReplyEnded: ("reply_ended", ("reply_id", "status", "reason")),
    TurnMeasured: ("turn_measured", ("report",)),
    MemoryRecalled: ("memory", MemoryRecalled.__struct_fields__),
    ToolCalled: ("tool", ToolCalled.__struct_fields__),
    StateChanged: ("state", StateChanged.__struct_fields__),
    PromptCompiled: ("prompt", PromptCompiled.__struct_fields__),
    SessionFailed: ("session_failed", ("code", "message")),
}
"""What is shown of each fact, under which name."""


class ShownItem(msgspec.Struct, frozen=True):
    """An item of the record, without the places of its words."""

    id: str
    kind: str
    role: str
    text: str
    spoken: bool
    interrupted: bool
    audio_ms: int
    """Of the agent's speech, how much was sent."""


def shown(event: SessionEvent) -> tuple[str, dict[str, Any]] | None:
    """A fact's short name and what is shown of it; None for what is not shown."""
    if type(event) not in SHOWN:
        return None
    name, fields = SHOWN[type(event)]
    return name, {field: _plain(getattr(event, field)) for field in fields}


def _plain(value: Any) -> Any:
    if not isinstance(value, Item):
        return value
    return ShownItem(
        value.id,
        value.kind,
        value.role,
        value.text,
        value.spoken,
        value.interrupted,
        value.audio_samples // (CLOCK_HZ // 1000),
    )
