"""The session as the protocol shows it: what a patch makes of it, and what of it the runtime needs to know.

A `WireSession` is the whole truth of the object a client sees, including fields that change nothing here and
are only echoed. It is replaced, never edited, so a refused update leaves no trace.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from antiphon.contracts import BadRequest, Tool
from antiphon.runtime import SemanticVad, ServerVad, SessionSettings
from antiphon.runtime.voices import resolve
from antiphon.server.formats import FormatName
from antiphon.server.wire.session_patch import (
    AudioFormat,
    ForcedTool,
    FunctionTool,
    InputPatch,
    McpTool,
    NoiseReduction,
    OutputPatch,
    Pcm,
    Pcma,
    Pcmu,
    SemanticVadPatch,
    ServerVadPatch,
    SessionPatch,
    Transcription,
    Truncation,
    VoiceId,
)

Wire: TypeAlias = dict[str, Any]
TurnDetection: TypeAlias = ServerVad | SemanticVad | None


class WireSession(msgspec.Struct, frozen=True, kw_only=True):
    """Every field a client can see or set."""

    model: str
    instructions: str
    speak: bool
    input_format: AudioFormat = Pcm()
    output_format: AudioFormat = Pcm()
    noise_reduction: NoiseReduction | None = None
    transcription: Transcription | None = None
    turn_detection: TurnDetection = None
    voice: str
    speed: float = 1.0
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: str | ForcedTool = "auto"
    parallel_tool_calls: bool = True
    max_output_tokens: int | Literal["inf"] = "inf"
    temperature: float
    reasoning: Mapping[str, Any] | None = None
    tracing: Literal["auto"] | Mapping[str, Any] | None = None
    truncation: Truncation = "auto"
    include: tuple[str, ...] | None = None

    @property
    def input_format_name(self) -> FormatName:
        """How the caller's audio comes."""
        return format_name(self.input_format)

    @property
    def output_format_name(self) -> FormatName:
        """How the agent's audio goes."""
        return format_name(self.output_format)


def first_session(settings: SessionSettings, *, model: str, voices: Sequence[str]) -> WireSession:
    """How a session looks before its client has said anything."""
    return WireSession(
        model=model,
        instructions=settings.instructions,
        speak=settings.speak,
        turn_detection=settings.turn_detection,
        voice=settings.voice or (voices[0] if voices else ""),
        speed=settings.speed,
        tools=tuple(
            FunctionTool(name=tool.name, description=tool.description, parameters=dict(tool.parameters))
            for tool in settings.tools
        ),
        tool_choice=_choice_shown(settings.tool_choice),
        max_output_tokens=settings.max_output_tokens or "inf",
        temperature=settings.temperature,
        truncation="auto" if settings.truncate_history else "disabled",
    )


def settings_of(session: WireSession, base: SessionSettings, voices: Sequence[str]) -> SessionSettings:
    """What the runtime is to do; `base` supplies whatever the protocol has no word for.

    Raises:
        BadRequest: there is no such voice.
    """
    return replace(
        base,
        instructions=session.instructions,
        voice=resolve(session.voice, voices, "session.audio.output.voice"),
        speed=session.speed,
        speak=session.speak,
        turn_detection=session.turn_detection,
        transcription_hint=_hint(session.transcription, base.transcription_hint),
        tools=tools_of(session.tools),
        tool_choice=choice_of(session.tool_choice),
        max_output_tokens=None if session.max_output_tokens == "inf" else session.max_output_tokens,
        temperature=session.temperature,
        truncate_history=session.truncation != "disabled",
    )


def patched(session: WireSession, patch: SessionPatch, defaults: WireSession) -> WireSession:
    """`session` with the fields that `patch` holds; what is null becomes empty, or as in `defaults`.

    Raises:
        BadRequest: the patch asks for what cannot be had.
    """
    if patch.prompt:
        raise BadRequest(
            "Stored prompts are not available here; send the text as session.instructions.",
            code="unsupported_parameter",
            param="session.prompt",
        )
    changes: dict[str, Any] = {}
    _change(changes, "model", patch.model, session.model)
    _change(changes, "instructions", patch.instructions, "")
    _change(changes, "parallel_tool_calls", patch.parallel_tool_calls, True)
    _change(changes, "max_output_tokens", patch.max_output_tokens, "inf")
    _change(changes, "temperature", patch.temperature, defaults.temperature)
    _change(changes, "reasoning", patch.reasoning, None)
    _change(changes, "tracing", patch.tracing, None)
    _change(changes, "truncation", patch.truncation, "auto")
    _change(changes, "tool_choice", patch.tool_choice, "auto")
    if patch.tools is not UNSET:
        changes["tools"] = functions(patch.tools, "session.tools")
    if patch.include is not UNSET:
        changes["include"] = tuple(patch.include) if patch.include else None
    if patch.output_modalities is not UNSET:
        changes["speak"] = speaks(patch.output_modalities, "session.output_modalities", default=True)
    if patch.audio:
        if patch.audio.input:
            _change_input(changes, patch.audio.input, session)
        if patch.audio.output:
            _change_output(changes, patch.audio.output, defaults)
    return replace(session, **changes)


def session_object(session: WireSession, *, session_id: str, expires_at: int) -> Wire:
    """The full object of `session.created` and `session.updated`."""
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "expires_at": expires_at,
        "model": session.model,
        "instructions": session.instructions,
        "output_modalities": modalities(session.speak),
        "audio": {
            "input": {
                "format": msgspec.to_builtins(session.input_format),
                "noise_reduction": msgspec.to_builtins(session.noise_reduction),
                "transcription": msgspec.to_builtins(session.transcription),
                "turn_detection": msgspec.to_builtins(session.turn_detection),
            },
            "output": {
                "format": msgspec.to_builtins(session.output_format),
                "voice": session.voice,
                "speed": session.speed,
            },
        },
        "tools": msgspec.to_builtins(session.tools),
        "tool_choice": msgspec.to_builtins(session.tool_choice),
        "parallel_tool_calls": session.parallel_tool_calls,
        "max_output_tokens": session.max_output_tokens,
        "reasoning": session.reasoning,
        "tracing": session.tracing,
        "truncation": msgspec.to_builtins(session.truncation),
        "include": session.include,
        "prompt": None,
    }


def modalities(speak: bool) -> list[str]:
    """The one modality of a reply."""
    return ["audio"] if speak else ["text"]


def speaks(asked: Sequence[str] | None, param: str, *, default: bool) -> bool:
    """Whether these modalities mean sound. BadRequest: both at once."""
    if not asked:
        return default
    if len(set(asked)) > 1:
        raise BadRequest(
            f"Invalid modalities: {sorted(asked)}. Supported combinations are: ['text'] and ['audio'].",
            code="invalid_value",
            param=param,
        )
    return asked[0] == "audio"


def functions(tools: Sequence[FunctionTool | McpTool] | None, param: str) -> tuple[FunctionTool, ...]:
    """The functions among `tools`. BadRequest: there is another kind among them."""
    kept: list[FunctionTool] = []
    for place, tool in enumerate(tools or ()):
        if isinstance(tool, McpTool):
            raise BadRequest(
                "Only function tools are available here; run MCP servers beside your client and offer their "
                "tools as functions.",
                code="unsupported_parameter",
                param=f"{param}[{place}].type",
            )
        kept.append(tool)
    return tuple(kept)


def tools_of(tools: Sequence[FunctionTool]) -> tuple[Tool, ...]:
    """The same functions, as the language model is told of them."""
    return tuple(Tool(tool.name, tool.description or "", tool.parameters or {}) for tool in tools)


def choice_of(choice: str | ForcedTool) -> str:
    """A tool choice in one word."""
    return choice.name if isinstance(choice, ForcedTool) else choice


def _choice_shown(choice: str) -> str | ForcedTool:
    return choice if choice in ("auto", "none", "required") else ForcedTool(name=choice)


def format_name(chosen: AudioFormat) -> FormatName:
    """The wire's name of a format."""
    match chosen:
        case Pcm():
            return "audio/pcm"
        case Pcmu():
            return "audio/pcmu"
        case Pcma():
            return "audio/pcma"


def _hint(transcription: Transcription | None, base: str) -> str:
    if transcription is None:
        return base
    words = ", ".join(transcription.keywords or ())
    return " ".join(part for part in (transcription.prompt, words) if part) or base


def _change(changes: dict[str, Any], field: str, value: object, cleared: object) -> None:
    if value is not UNSET:
        changes[field] = cleared if value is None else value


def _change_input(changes: dict[str, Any], patch: InputPatch, session: WireSession) -> None:
    _change(changes, "input_format", patch.format, Pcm())
    _change(changes, "noise_reduction", patch.noise_reduction, None)
    _change(changes, "transcription", patch.transcription, None)
    if patch.turn_detection is not UNSET:
        changes["turn_detection"] = _detection(patch.turn_detection, session.turn_detection)


def _change_output(changes: dict[str, Any], patch: OutputPatch, defaults: WireSession) -> None:
    _change(changes, "output_format", patch.format, Pcm())
    _change(changes, "speed", patch.speed, 1.0)
    voice = patch.voice
    if voice is not UNSET:
        changes["voice"] = (voice.id if isinstance(voice, VoiceId) else voice) or defaults.voice


def _detection(patch: ServerVadPatch | SemanticVadPatch | None, now: TurnDetection) -> TurnDetection:
    """The patch over what is set now, or over the defaults when the kind of detection changes."""
    match patch:
        case None:
            return None
        case ServerVadPatch():
            return _over(now if isinstance(now, ServerVad) else ServerVad(), ServerVad(), patch)
        case SemanticVadPatch():
            return _over(now if isinstance(now, SemanticVad) else SemanticVad(), SemanticVad(), patch)


def _over(now: Any, default: Any, patch: ServerVadPatch | SemanticVadPatch) -> Any:
    changes: dict[str, Any] = {}
    for field in patch.__struct_fields__:
        _change(changes, field, getattr(patch, field), getattr(default, field))
    return replace(now, **changes)
