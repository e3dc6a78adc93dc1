"""What one session may be told to do differently: a protocol-neutral value, changed only by replacement."""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from antiphon.contracts import Sampling, Tool, ticks
from antiphon.dialogue import Policy
from antiphon.runtime.conversation import Item

DEFAULT_INSTRUCTIONS = (
    "You are a warm, curious friend chatting on the phone. If you are asked something, answer it directly. "
    "If you are told something, say what you think of it, or ask about it. Any topic is fine. Use one or two "
    "short sentences of plain spoken English, and never repeat the caller's words."
)
"""Chosen on the embedded 1.5B model, which echoes, refuses or lectures unless it is told not to."""

# Whatever is read is held to these bounds, the configuration file as well as a client's words.
Probability: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=60_000)]
IdleMilliseconds: TypeAlias = Annotated[int, Meta(ge=1)]
Speed: TypeAlias = Annotated[float, Meta(ge=0.25, le=1.5)]
Temperature: TypeAlias = Annotated[float, Meta(ge=0, le=2)]
Tokens: TypeAlias = Annotated[int, Meta(ge=1)]


class ServerVad(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="server_vad"):
    """The turn ends after a fixed silence."""

    threshold: Probability = 0.5
    prefix_padding_ms: Milliseconds = 300
    silence_duration_ms: Milliseconds = 500
    create_response: bool = True
    interrupt_response: bool = True
    idle_timeout_ms: IdleMilliseconds | None = None


class SemanticVad(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="semantic_vad"):
    """The turn ends when it sounds finished, or after the longest wait of this eagerness."""

    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection: TypeAlias = ServerVad | SemanticVad | None
"""None: the client commits the audio and asks for answers itself."""


class SessionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a session listens, thinks and speaks."""

    instructions: str = DEFAULT_INSTRUCTIONS
    user: str = ""
    """Who is speaking, for the memory; empty: nothing is remembered. Fixed when the session begins."""
    voice: str = ""
    """A name the synthesizer knows; empty means its default."""
    speed: Speed = 1.0
    speak: bool = True
    """False: replies are text, and nothing is synthesized."""
    turn_detection: TurnDetection = SemanticVad()
    echo_rejection: Literal["auto", "off"] = "auto"
    """Auto: where the caller's microphone hears our own sound, that is taken out of the caller's."""
    transcription_hint: str = ""
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    max_output_tokens: Tokens | None = None
    """None: as many as the configuration allows."""
    temperature: Temperature = 0.5
    truncate_history: bool = True
    """Drop the oldest items when the prompt no longer fits; otherwise the reply fails."""


class ReplyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks of one reply; None means "as the session has it"."""

    in_conversation: bool = True
    """False: out of band. It sees `input` (or the conversation), and the record does not see it."""
    input: tuple[Item, ...] | None = None
    """Items to answer instead of the conversation; only out of band."""
    instructions: str | None = None
    speak: bool | None = None
    voice: str | None = None
    tools: tuple[Tool, ...] | None = None
    tool_choice: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    metadata: dict[str, str] | None = None
    """Echoed with the reply, unread."""


EAGERNESS = {"high": 0.6, "medium": 1.0, "auto": 1.0, "low": 2.0}
"""How far each eagerness stretches the waits of the end-of-turn policy."""


def policy_of(settings: SessionSettings) -> Policy:
    """The turn-taking rules that these settings ask for."""
    match settings.turn_detection:
        case None:
            return Policy(mode="manual", speaks=settings.speak)
        case ServerVad() as vad:
            return Policy(
                mode="silence",
                speech_threshold=vad.threshold,
                prefix_ticks=ticks(vad.prefix_padding_ms),
                silence_ticks=ticks(vad.silence_duration_ms),
                answers=vad.create_response,
                yields=vad.interrupt_response,
                speaks=settings.speak,
                idle_ticks=None if vad.idle_timeout_ms is None else ticks(vad.idle_timeout_ms),
            )
        case SemanticVad() as vad:
            return Policy(
                mode="sounding",
                patience=EAGERNESS[vad.eagerness],
                answers=vad.create_response,
                yields=vad.interrupt_response,
                speaks=settings.speak,
            )


def sampling_of(settings: SessionSettings, request: ReplyRequest, tokens_max: int) -> Sampling:
    """How the reply to `request` is drawn; `tokens_max`: where neither says how long it may be."""
    limit = request.max_output_tokens or settings.max_output_tokens or tokens_max
    temperature = settings.temperature if request.temperature is None else request.temperature
    return Sampling(max_tokens=limit, temperature=temperature)
