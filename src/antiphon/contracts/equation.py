"""The response-time equation: every millisecond from the caller's last sound to the agent's first has a name.

    mouth-to-ear = end-of-turn wait + transcription + context + time to first token + first clause
                 + synthesis + output  −  overlap  +  residual

The terms are durations of work, the overlap is what of it ran at the same time, and the residual is what no
span explains. The clock starts when the caller's last voiced sample arrived; *sent* stops it when the first
audible sample was handed to the transport, *heard* when the client acknowledged having played it.
"""

from typing import Literal, TypeAlias

import msgspec

TermName: TypeAlias = Literal[
    "end_of_turn",
    "transcription",
    "context",
    "first_token",
    "first_clause",
    "synthesis",
    "output",
    "queue",
]

TERMS: tuple[TermName, ...] = (
    "end_of_turn",
    "transcription",
    "context",
    "first_token",
    "first_clause",
    "synthesis",
    "output",
    "queue",
)

Outcome: TypeAlias = Literal[
    "answered",
    "interrupted",
    "unanswered",
    "backchannel",
    "nothing_said",
    "cancelled",
    "failed",
]
"""How a turn ended. Unanswered: it was recorded, and nobody asked for a reply yet."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work on the way to the answer. Times are in ms from the caller's last voiced sample."""

    term: TermName
    owner: str
    """The engine or the setting whose time this is."""
    start_ms: float
    end_ms: float
    causes: tuple[int, ...] = ()
    """Indices of the spans whose end let this one begin."""


class Term(msgspec.Struct, frozen=True):
    """A named share of the mouth-to-ear time."""

    name: TermName
    owner: str
    ms: float


class TurnReport(msgspec.Struct, frozen=True, kw_only=True):
    """One turn, accounted for."""

    turn: int
    revisions: int
    """How often its work was begun; above 1 the caller went on after a pause."""
    outcome: Outcome
    said: str
    """The caller's words as they were understood."""
    answer: str
    """All the words of the answer that were made."""
    heard: str
    """The words of it that were heard."""
    started_at_ms: float
    """When the turn began, on the session's clock."""
    voiced_at_ms: float | None = None
    """The caller's last voiced sample on that clock, from which the spans count; None: there was none."""
    terms: tuple[Term, ...] = ()
    """In the order of `TERMS`; empty when no sound answered a sound."""
    overlap_ms: float = 0.0
    residual_ms: float = 0.0
    sent_ms: float | None = None
    heard_ms: float | None = None
    """None until the client acknowledges playout."""
    spans: tuple[Span, ...] = ()
    prompt_tokens: int = 0
    cached_tokens: int = 0
    answer_tokens: int = 0
    wasted_tokens: int = 0
    """Generated for revisions that died."""
    guesses: int = 0
    """How many answers were begun before the turn was over."""
    guess_held: bool = False
    """Whether the answer that was given had been begun before the turn was over: it won `overlap_ms`."""
