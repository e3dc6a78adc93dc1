"""What `session.update` may hold. A field that is absent changes nothing; null, "" and [] clear."""

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from antiphon.runtime.settings import IdleMilliseconds, Milliseconds, Probability, Speed, Temperature, Tokens

Eagerness: TypeAlias = Literal["low", "medium", "high", "auto"]
MaxTokens: TypeAlias = Tokens | Literal["inf"] | None
Modalities: TypeAlias = list[Literal["text", "audio"]] | None


class Pcm(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="audio/pcm", forbid_unknown_fields=True
):
    """16-bit samples, little-endian, mono."""

    rate: Literal[24000] = 24000


class Pcmu(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="audio/pcmu", forbid_unknown_fields=True
):
    """G.711 μ-law at 8 kHz."""

    rate: Literal[8000] | UnsetType = UNSET


class Pcma(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="audio/pcma", forbid_unknown_fields=True
):
    """G.711 A-law at 8 kHz."""

    rate: Literal[8000] | UnsetType = UNSET


AudioFormat: TypeAlias = Pcm | Pcmu | Pcma


class ServerVadPatch(
    msgspec.Struct, kw_only=True, tag_field="type", tag="server_vad", forbid_unknown_fields=True
):
    """Turns end after a fixed silence."""

    threshold: Probability | UnsetType | None = UNSET
    prefix_padding_ms: Milliseconds | UnsetType | None = UNSET
    silence_duration_ms: Milliseconds | UnsetType | None = UNSET
    create_response: bool | UnsetType | None = UNSET
    interrupt_response: bool | UnsetType | None = UNSET
    idle_timeout_ms: IdleMilliseconds | UnsetType | None = UNSET


class SemanticVadPatch(
    msgspec.Struct, kw_only=True, tag_field="type", tag="semantic_vad", forbid_unknown_fields=True
):
    """Turns end when they sound finished."""

    eagerness: Eagerness | UnsetType | None = UNSET
    create_response: bool | UnsetType | None = UNSET
    interrupt_response: bool | UnsetType | None = UNSET


class NoiseReduction(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Echoed; what the microphone hears is used as it comes."""

    type: Literal["near_field", "far_field"] | None = None
    strength: float | None = None


class Transcription(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Asks for the caller's words. The server's own transcriber makes them, whatever model is named."""

    model: str | None = None
    language: str | None = None
    prompt: str | None = None
    delay: str | None = None
    keywords: list[str] | None = None
    languages: list[str] | None = None


class VoiceId(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A voice, named the long way."""

    id: str


class FunctionTool(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="function",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """A function the client runs."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class McpTool(msgspec.Struct, frozen=True, tag_field="type", tag="mcp"):
    """A tool server; recognised so that it can be refused by name."""


class ForcedTool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one function that must be called."""

    name: str
    type: Literal["function"] = "function"


Tools: TypeAlias = list[FunctionTool | McpTool] | None
ToolChoice: TypeAlias = Literal["auto", "none", "required"] | ForcedTool | None


class InputPatch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How the caller's audio comes and is listened to."""

    format: AudioFormat | UnsetType | None = UNSET
    noise_reduction: NoiseReduction | UnsetType | None = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    turn_detection: ServerVadPatch | SemanticVadPatch | UnsetType | None = UNSET


class OutputPatch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How the agent sounds."""

    format: AudioFormat | UnsetType | None = UNSET
    voice: str | VoiceId | UnsetType | None = UNSET
    speed: Speed | UnsetType | None = UNSET


class AudioPatch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Both directions."""

    input: InputPatch | UnsetType | None = UNSET
    output: OutputPatch | UnsetType | None = UNSET


class TokenLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How many tokens may stay in the prompt."""

    post_instructions: int | None = None


class RetentionRatio(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Echoed; history that no longer fits is dropped oldest first."""

    retention_ratio: Probability
    token_limits: TokenLimits | None = None
    type: Literal["retention_ratio"] = "retention_ratio"


Truncation: TypeAlias = Literal["auto", "disabled"] | RetentionRatio


class SessionPatch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The changes a client asks for. `id`, `object` and `expires_at` are the server's: read over."""

    type: Literal["realtime"] | UnsetType = UNSET
    id: Any = UNSET
    object: Any = UNSET
    expires_at: Any = UNSET
    model: str | UnsetType | None = UNSET
    instructions: str | UnsetType | None = UNSET
    output_modalities: Modalities | UnsetType = UNSET
    audio: AudioPatch | UnsetType | None = UNSET
    tools: Tools | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType | None = UNSET
    max_output_tokens: MaxTokens | UnsetType = UNSET
    temperature: Temperature | UnsetType | None = UNSET
    reasoning: dict[str, Any] | UnsetType | None = UNSET
    tracing: Literal["auto"] | dict[str, Any] | UnsetType | None = UNSET
    truncation: Truncation | UnsetType | None = UNSET
    include: list[str] | UnsetType | None = UNSET
    prompt: dict[str, Any] | UnsetType | None = UNSET
