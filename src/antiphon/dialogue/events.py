"""What has happened, as the shell tells the core. Names are past tense; every value is frozen.

Answers of engines carry the `(turn, revision)` they were made for. `Timing` says when the work was asked
for, when it began and when it ended, so that waiting in a queue is never mistaken for work.
"""

from typing import Literal, TypeAlias

import msgspec

from antiphon.contracts import Ticks, TimedWord, ToolCall, Usage
from antiphon.dialogue.policy import Policy

Stage: TypeAlias = Literal["transcription", "end_of_turn", "generation", "synthesis"]


class Timing(msgspec.Struct, frozen=True):
    """When a piece of work was asked for, begun and finished, on the session's clock."""

    queued: Ticks
    began: Ticks
    ended: Ticks
    owner: str = ""
    """The engine that did it."""


class VoiceWindow(msgspec.Struct, frozen=True):
    """The voice activity of one more window of the caller's audio."""

    start: Ticks
    end: Ticks
    """Both in samples of the caller's audio."""
    probability: float
    level_db: float
    """Mean power in decibels of full scale; digital silence is any very low number."""
    ours: bool = False
    """Whether our own sound was taken out of it, so that its level tells little of the caller."""


class Transcribed(msgspec.Struct, frozen=True):
    """The words of the turn so far."""

    turn: int
    revision: int
    text: str
    timing: Timing
    thinned: bool = False
    """Whether our own sound was taken out of it, and with that perhaps something of the words."""


class HeardAhead(msgspec.Struct, frozen=True):
    """What was said up to `end`, whatever comes after it."""

    turn: int
    end: Ticks
    """In samples of the caller's audio."""
    text: str | None
    """None: it could not be made out."""
    timing: Timing


class CallerMeasured(msgspec.Struct, frozen=True):
    """The committed audio of a turn, with all of its closing pause, shows where the voice ended."""

    turn: int
    last_voiced_at: Ticks
    """When the last voiced sample arrived."""


class EndOfTurnScored(msgspec.Struct, frozen=True):
    """How finished the turn sounds."""

    turn: int
    revision: int
    probability: float
    timing: Timing


class WordsWeighed(msgspec.Struct, frozen=True):
    """How likely the turn's words end a sentence, as the language model reads them."""

    turn: int
    revision: int
    may_end: float
    """The natural logarithm of the probability that a full stop, question or exclamation mark follows."""


class PromptBuilt(msgspec.Struct, frozen=True):
    """Recall and prompt building are done; the language model has been asked."""

    turn: int
    revision: int
    timing: Timing


class TextGenerated(msgspec.Struct, frozen=True):
    """More of the answer."""

    turn: int
    revision: int
    text: str
    timing: Timing
    """Of the answer so far: `ended` is when this text came."""


class GenerationEnded(msgspec.Struct, frozen=True):
    """The answer is complete."""

    turn: int
    revision: int
    reason: Literal["stop", "length", "tool_calls", "cancelled"]
    usage: Usage = Usage()
    tool_calls: tuple[ToolCall, ...] = ()


class SpeechReady(msgspec.Struct, frozen=True):
    """A chunk of a clause has become sound; the shell holds the samples."""

    turn: int
    revision: int
    clause: int
    chunk: int
    samples: int
    words: tuple[TimedWord, ...]
    """Positions at 24 kHz within the chunk."""
    last: bool
    """True for the clause's last chunk, which may be empty."""
    timing: Timing


class WorkFailed(msgspec.Struct, frozen=True):
    """An engine could not do what it was asked."""

    turn: int
    revision: int
    stage: Stage
    message: str


class PlayoutStarted(msgspec.Struct, frozen=True):
    """The first audible sample of the reply was handed to the transport."""

    turn: int
    at: Ticks


class PlayoutProgress(msgspec.Struct, frozen=True):
    """So much of the reply has been played by now."""

    turn: int
    heard_samples: int


class PlayoutStopped(msgspec.Struct, frozen=True):
    """Playout was flushed; not a sample after these was or will be heard."""

    turn: int
    heard_samples: int


class PlayoutAcknowledged(msgspec.Struct, frozen=True):
    """The listener itself says that the first audible sample was played at this time."""

    turn: int
    at: Ticks


class CommitRequested(msgspec.Struct, frozen=True):
    """The client ends the caller's turn itself."""

    start: Ticks
    end: Ticks
    """The uncommitted audio."""


class ClearRequested(msgspec.Struct, frozen=True):
    """The client drops the uncommitted audio."""


class ReplyRequested(msgspec.Struct, frozen=True):
    """The client asks for an answer to the record as it stands."""

    speak: bool


class CancelRequested(msgspec.Struct, frozen=True):
    """The client stops the reply under way."""


class GroundShifted(msgspec.Struct, frozen=True):
    """What an answer is made from has changed: one begun on a guess would be another by now."""


class PolicyChanged(msgspec.Struct, frozen=True):
    """From now on turns are taken by these rules."""

    policy: Policy


class TimePassed(msgspec.Struct, frozen=True):
    """The deadline the core asked for has come, or any other moment."""


Event: TypeAlias = (
    VoiceWindow
    | Transcribed
    | HeardAhead
    | CallerMeasured
    | EndOfTurnScored
    | WordsWeighed
    | PromptBuilt
    | TextGenerated
    | GenerationEnded
    | SpeechReady
    | WorkFailed
    | PlayoutStarted
    | PlayoutProgress
    | PlayoutStopped
    | PlayoutAcknowledged
    | CommitRequested
    | ClearRequested
    | ReplyRequested
    | CancelRequested
    | GroundShifted
    | PolicyChanged
    | TimePassed
)
