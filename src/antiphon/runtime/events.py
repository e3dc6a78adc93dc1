"""What a session tells whoever carries it: typed facts, in the order they became true.

A transport turns these into its own wire format. Within one reply the order is always: `ReplyStarted`, then
for each item `ReplyItemStarted`, its deltas and audio, `ReplyItemEnded`; and `ReplyEnded` last.
"""

from typing import Any, Literal, TypeAlias

import msgspec

from antiphon.contracts import Audio, TurnReport, Usage
from antiphon.runtime.conversation import Item


class SpeechStarted(msgspec.Struct, frozen=True):
    """The caller has begun a turn (never sent for a backchannel or a noise over the agent's speech)."""

    item_id: str
    """The id the caller's item will have."""
    at_ms: int
    """Where in the caller's audio."""


class SpeechStopped(msgspec.Struct, frozen=True):
    """The caller's turn has ended."""

    item_id: str
    at_ms: int


class AudioCommitted(msgspec.Struct, frozen=True):
    """The caller's audio has become `item_id`; `ItemAdded` follows at once."""

    item_id: str
    previous_item_id: str | None


class AudioCleared(msgspec.Struct, frozen=True):
    """Uncommitted audio was dropped at the client's request."""


class ItemAdded(msgspec.Struct, frozen=True):
    """An item has entered the record, from the caller or the client; replies announce their own."""

    item: Item
    previous_item_id: str | None


class TranscriptPartial(msgspec.Struct, frozen=True):
    """What the caller has said so far, while they are still speaking; later words may correct it."""

    item_id: str
    text: str


class TranscriptDelta(msgspec.Struct, frozen=True):
    """More of what the caller said."""

    item_id: str
    text: str


class TranscriptSettled(msgspec.Struct, frozen=True):
    """All the caller said, for good."""

    item_id: str
    text: str
    seconds: float
    """Of audio transcribed."""


class TranscriptFailed(msgspec.Struct, frozen=True):
    """The caller's words could not be made out; `message` says why."""

    item_id: str
    message: str


class ReplyStarted(msgspec.Struct, frozen=True, kw_only=True):
    """The agent takes the floor, or an out-of-band reply begins."""

    reply_id: str
    in_conversation: bool
    speak: bool
    metadata: dict[str, str] | None
    max_output_tokens: int | None


class ReplyItemStarted(msgspec.Struct, frozen=True, kw_only=True):
    """An output item of a reply begins."""

    reply_id: str
    output_index: int
    item: Item
    """A message without words yet, or a function call without arguments yet."""
    previous_item_id: str | None
    in_conversation: bool


class ReplyText(msgspec.Struct, frozen=True, kw_only=True):
    """Words of a message: the text itself, or the transcript of audio that is about to follow."""

    reply_id: str
    item_id: str
    output_index: int
    text: str
    start_ms: int | None
    """Where in the item's audio the words begin; None for a text reply."""
    end_ms: int | None = None
    """Where they end: once half of the time between is played, they count as heard."""


class ReplyAudio(msgspec.Struct, frozen=True, kw_only=True):
    """Sound of a message, 24 kHz, released at the pace of playout."""

    reply_id: str
    item_id: str
    output_index: int
    audio: Audio


class ReplyItemEnded(msgspec.Struct, frozen=True, kw_only=True):
    """An output item is finished; `item` is its final form (a cut one holds only what was heard)."""

    reply_id: str
    output_index: int
    item: Item


class ReplyEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The reply is over. `items` are its items in their final form."""

    reply_id: str
    status: Literal["completed", "cancelled", "incomplete", "failed"]
    reason: Literal["", "turn_detected", "client_cancelled", "max_output_tokens", "engine_broken"]
    message: str
    """Of a failure, one sentence."""
    items: tuple[Item, ...]
    usage: Usage
    audio_input_ms: int
    audio_output_ms: int
    in_conversation: bool
    speak: bool
    metadata: dict[str, str] | None


class TurnMeasured(msgspec.Struct, frozen=True):
    """A turn has ended: its response-time equation. It has a heard time if playout was acknowledged."""

    report: TurnReport


class CheckMark(msgspec.Struct, frozen=True):
    """An entry of a scene's checklist."""

    id: str
    label: str
    done: bool


class SlotFilled(msgspec.Struct, frozen=True):
    """What is known of a slot; None: nothing."""

    name: str
    value: str | float | None


class Moved(msgspec.Struct, frozen=True, rename={"origin": "from"}):
    """The conversation has gone from a scene to another, or from a persona to another in the same one."""

    origin: str
    to: str
    by: str
    """Who proposed it: "live", "reflective" or "client"."""
    why: str


class ToolCalled(msgspec.Struct, frozen=True, kw_only=True):
    """A tool of the cast has begun, or has ended."""

    turn: int
    name: str
    arguments: dict[str, Any]
    result: str | None
    """What it gave back, or why it failed; None while it runs."""
    status: Literal["running", "done", "failed", "dropped"]
    ms: float | None
    """How long it took; None while it runs."""


class StateChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Where a conversation with a cast is by now."""

    turn: int
    version: int
    scene: str
    persona: str
    voice: str
    checklist: tuple[CheckMark, ...]
    slots: tuple[SlotFilled, ...]
    moved: Moved | None


class PromptSection(msgspec.Struct, frozen=True):
    """A part of a prompt."""

    name: str
    tokens: int
    cached: bool


class PromptCompiled(msgspec.Struct, frozen=True, kw_only=True):
    """What the prompt of an answer was made of. The sections' tokens add up to `tokens`."""

    turn: int
    sections: tuple[PromptSection, ...]
    tokens: int
    evaluated_tokens: int | None
    """Those the model had not read before; None when the answer was broken off."""
    text: str | None


class SessionFailed(msgspec.Struct, frozen=True):
    """Something went wrong that belongs to no item; the session goes on unless `fatal`."""

    code: str
    message: str
    fatal: bool = False


class IdleTimedOut(msgspec.Struct, frozen=True):
    """Nobody spoke for `idle_timeout_ms` after the agent's last words."""

    item_id: str
    audio_start_ms: int
    audio_end_ms: int


class RecalledFact(msgspec.Struct, frozen=True):
    """A line of memory, as it was considered for a turn."""

    id: str
    text: str
    score: float
    tokens: int
    """What it cost this turn; 0 when it stood in the prompt already."""
    why: str
    """Why it is in the prompt, or why it is not."""
    when: str | None
    """ISO 8601."""


class Node(msgspec.Struct, frozen=True):
    """Something in the graph around what was recalled."""

    id: str
    label: str
    kind: str


class Relation(msgspec.Struct, frozen=True):
    """An edge between two nodes."""

    source: str
    target: str
    kind: str


class MemoryRecalled(msgspec.Struct, frozen=True, kw_only=True):
    """What memory did for the turn that is being answered: the account of every line."""

    turn: int
    query: str
    """The words that were looked up last; empty when none were."""
    tokens: int
    """What was recalled cost this turn."""
    budget_tokens: int
    ms: float
    """How long the last recall took; nobody waited for it."""
    answerable: float
    facts: tuple[RecalledFact, ...]
    """What the turn was answered with."""
    left_out: int
    unused: tuple[RecalledFact, ...] = ()
    """The best of what was left out."""
    nodes: tuple[Node, ...] = ()
    edges: tuple[Relation, ...] = ()


SessionEvent: TypeAlias = (
    SpeechStarted
    | SpeechStopped
    | AudioCommitted
    | AudioCleared
    | ItemAdded
    | TranscriptPartial
    | TranscriptDelta
    | TranscriptSettled
    | TranscriptFailed
    | ReplyStarted
    | ReplyItemStarted
    | ReplyText
    | ReplyAudio
    | ReplyItemEnded
    | ReplyEnded
    | TurnMeasured
    | StateChanged
    | ToolCalled
    | PromptCompiled
    | SessionFailed
    | IdleTimedOut
    | MemoryRecalled
)
