"""What the shell is to do now. Names are imperative; every value is frozen; order matters."""

from typing import Literal, TypeAlias

import msgspec

from antiphon.contracts import Ticks, TimedWord, ToolCall, TurnReport, Usage

CancelReason: TypeAlias = Literal["caller_went_on", "turn_detected", "client_cancelled", "dropped", "failed"]

Status: TypeAlias = Literal["completed", "cancelled", "incomplete", "failed"]
Reason: TypeAlias = Literal["", "turn_detected", "client_cancelled", "max_output_tokens", "engine_broken"]


class Transcribe(msgspec.Struct, frozen=True):
    """Write down the caller's audio from `start` to `end`."""

    turn: int
    revision: int
    start: Ticks
    end: Ticks
    clean_to: Ticks = 0
    """Up to here without our own sound, as well as that can be had; from here on as it came."""


class ListenAhead(msgspec.Struct, frozen=True):
    """Write down a turn that is still being spoken, up to `end`. Only the newest of a turn matters."""

    turn: int
    start: Ticks
    end: Ticks
    clean_to: Ticks = 0
    """As in `Transcribe`."""


class ScoreEndOfTurn(msgspec.Struct, frozen=True):
    """Ask how finished the caller's audio from `start` to `end` sounds."""

    turn: int
    revision: int
    start: Ticks
    end: Ticks


class Prefill(msgspec.Struct, frozen=True):
    """Read everything that is already certain of the next prompt into the model's cache."""

    turn: int
    revision: int
    text: str
    """Words the caller has settled on so far."""


class Generate(msgspec.Struct, frozen=True):
    """Answer the record with `text` as the caller's newest words; None: the record ends with them already."""

    turn: int
    revision: int
    text: str | None
    weigh: str = ""
    """The same words without a mark behind them, where it is still asked whether a sentence can end there."""


class Synthesize(msgspec.Struct, frozen=True):
    """Turn a clause into sound."""

    turn: int
    revision: int
    clause: int
    text: str
    before: str = ""
    """The clause before it; empty for the first."""
    goes_on: bool = False
    """Whether another is sure to follow."""


class CancelWork(msgspec.Struct, frozen=True):
    """Nothing asked for under this revision is wanted any more."""

    turn: int
    revision: int
    reason: CancelReason


class Play(msgspec.Struct, frozen=True):
    """Queue a chunk for playout, behind all that is queued."""

    turn: int
    clause: int
    chunk: int


class PausePlayout(msgspec.Struct, frozen=True):
    """Fall silent at once, keeping the place."""

    turn: int


class ResumePlayout(msgspec.Struct, frozen=True):
    """Go on from where playout was paused."""

    turn: int


class FlushPlayout(msgspec.Struct, frozen=True):
    """Fall silent for good and answer with `PlayoutStopped`."""

    turn: int


class EmitText(msgspec.Struct, frozen=True):
    """Show this much more of a reply that is text only."""

    turn: int
    text: str


class AnnounceSpeech(msgspec.Struct, frozen=True):
    """The caller has taken the floor."""

    turn: int
    at: Ticks


class AnnounceSilence(msgspec.Struct, frozen=True):
    """The caller has given the floor."""

    turn: int
    at: Ticks


class CommitCallerAudio(msgspec.Struct, frozen=True):
    """The caller's audio from `start` to `end` is a turn of the record; its words follow."""

    turn: int
    start: Ticks
    end: Ticks


class SettleCallerWords(msgspec.Struct, frozen=True):
    """These are the words of that turn, for good; None when they could not be made out."""

    turn: int
    text: str | None
    message: str = ""
    """Why there are none."""


class StartReply(msgspec.Struct, frozen=True):
    """The gate is open: the agent takes the floor with the reply to this turn."""

    turn: int


class EndReply(msgspec.Struct, frozen=True, kw_only=True):
    """The reply is over; `heard` is what of it belongs in the record."""

    turn: int
    status: Status
    reason: Reason
    message: str
    heard: str
    words: tuple[TimedWord, ...]
    """The heard words, positions at 24 kHz from the reply's first sample."""
    heard_samples: int
    tool_calls: tuple[ToolCall, ...]
    usage: Usage


class EndTurn(msgspec.Struct, frozen=True):
    """The turn is over, accounted for."""

    report: TurnReport


class AnnounceIdle(msgspec.Struct, frozen=True):
    """Nobody has spoken for the time the policy allows; a reply follows."""

    turn: int


Command: TypeAlias = (
    Transcribe
    | ListenAhead
    | ScoreEndOfTurn
    | Prefill
    | Generate
    | Synthesize
    | CancelWork
    | Play
    | PausePlayout
    | ResumePlayout
    | FlushPlayout
    | EmitText
    | AnnounceSpeech
    | AnnounceSilence
    | CommitCallerAudio
    | SettleCallerWords
    | StartReply
    | EndReply
    | EndTurn
    | AnnounceIdle
)
