"""What came of each line of a call: the words, the sound, and the time between mouth and ear."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import numpy as np

from antiphon.cli.exchange import Exchange, Reply
from antiphon.cli.recording import write_wav
from antiphon.cli.score import Director, Spoken
from antiphon.contracts import CLOCK_HZ, TurnReport

_BEFORE_S = 0.5
"""A turn may begin this long before the line it belongs to: a listener keeps some of the sound before."""
_HANDED_OVER_S = 1.0
"""So long behind its line a turn may begin that we end ourselves: it begins with our word for it."""


class LineOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One line and what answered it. Times are milliseconds on the caller's clock."""

    file: str
    overlapping: bool
    """It was spoken into the answer before."""
    understood: str
    answer: str
    status: str
    """Of the reply, as the server gave it; "unanswered" without one."""
    problem: str
    """Why it was not completed, in the server's words; or empty."""
    mouth_to_ear_ms: float | None
    """From sending the last voiced sample to receiving the first audible one."""
    heard_ms: float | None
    """To that sample leaving the loudspeaker."""
    cut_in: bool
    """The agent began to speak before the line was over."""
    cut_by: str
    """The file of the line that was spoken into the answer and ended it, as the score wanted; or empty."""
    answer_seconds: float
    gaps_ms: float
    """Silence in the middle of the answer, because its sound came late."""
    answer_file: str = ""

    @property
    def as_wanted(self) -> bool:
        """Whether it was answered to the end, or as far as the score let it be."""
        return self.status == "completed" or self.overlapping or bool(self.cut_by)


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent said before the caller's first words."""

    words: str
    status: str
    problem: str
    cut_by: str
    """These three as of a line."""
    seconds: float
    gaps_ms: float
    turns: tuple[TurnReport, ...]
    """The server's accounts of it; their times count from when it was for the agent to speak."""


def opening_of(director: Director, exchange: Exchange, reports: Sequence[TurnReport]) -> Opening | None:
    """How the agent opened; None when the caller spoke first."""
    openings = director.openings
    if not openings:
        return None
    return Opening(
        words=" ".join(word for reply in openings for word in reply.words.split()),
        status=openings[-1].status,
        problem=openings[-1].problem,
        cut_by=_cut_by(openings[-1], director.spoken[0], exchange),
        seconds=sum(len(audio) for reply in openings for audio in reply.audio) / CLOCK_HZ,
        gaps_ms=sum(_gaps_ms(reply, exchange) for reply in openings),
        turns=tuple(report for report in reports if _opens(report, director, exchange)),
    )


def outcome_of(spoken: Spoken, director: Director, exchange: Exchange) -> LineOutcome:
    """Measure a line that has been spoken."""
    replies = director.answers(spoken)
    silent = [] if replies else _silent_replies(spoken, director, exchange)
    reply = replies[0] if replies else (silent[0] if silent else None)
    voiced_at = None if spoken.last_voiced is None else exchange.sent_at(spoken.last_voiced)
    turns = [turn for turn in exchange.heard if _within(turn.start_sample, spoken)]
    return LineOutcome(
        file=spoken.line.name,
        overlapping=spoken.line.after_heard_s is not None,
        understood=" ".join(turn.words.strip() for turn in turns if turn.words),
        answer=" ".join(reply.words.split()) if reply else "",
        status=reply.status if reply else "unanswered",
        problem=reply.problem if reply else "",
        mouth_to_ear_ms=_since(voiced_at, reply.received_at if reply else None),
        heard_ms=_since(voiced_at, reply.heard_at if reply else None),
        cut_in=_cut_in(spoken, exchange),
        cut_by=_cut_by(reply, next((s for s in director.spoken if s.start > spoken.start), None), exchange),
        answer_seconds=sum(len(audio) for audio in reply.audio) / CLOCK_HZ if reply else 0.0,
        gaps_ms=_gaps_ms(reply, exchange) if reply else 0.0,
    )


def reports_of(
    spoken: Spoken, director: Director, exchange: Exchange, reports: Sequence[TurnReport]
) -> tuple[TurnReport, ...]:
    """The server's accounts of the turns that began in a line."""
    begun = exchange.sent_at(spoken.start) - _BEFORE_S
    ended = exchange.sent_at(min(spoken.end, exchange.sent_samples - 1))
    ended += _HANDED_OVER_S if spoken.handed_over else 0.0
    return tuple(
        report
        for report in reports
        if begun <= _began_at(report, exchange) <= ended and not _opens(report, director, exchange)
    )


def summary(outcomes: Sequence[LineOutcome]) -> dict[str, Any]:
    """The call in numbers."""
    times = sorted(o.mouth_to_ear_ms for o in outcomes if o.mouth_to_ear_ms is not None)
    return {
        "lines": len(outcomes),
        "answered": sum(o.status not in ("unanswered", "failed") for o in outcomes),
        "cut_in": sum(o.cut_in for o in outcomes),
        "mouth_to_ear_median_ms": median(times) if times else None,
        "mouth_to_ear_worst_ms": times[-1] if times else None,
    }


class Speculation(msgspec.Struct, frozen=True, kw_only=True):
    """What working ahead of the turn's end was worth."""

    guesses: int
    """Answers begun before a turn was over."""
    held: int
    """Of these, how many were the answer that was given."""
    won_ms_median: float
    """By how much the work done before the turn was over shortened its answer."""
    wasted_tokens: int
    """Generated for nothing."""
    read_after_end_median: float
    """Tokens of the prompt that the model had not read when it was asked."""


def speculation(reports: Sequence[TurnReport]) -> Speculation | None:
    """Over all the turns that were answered in sound; None when there is none."""
    sounded = [report for report in reports if report.sent_ms is not None]
    if not sounded:
        return None
    return Speculation(
        guesses=sum(report.guesses for report in reports),
        held=sum(report.guess_held for report in reports),
        won_ms_median=median(report.overlap_ms for report in sounded),
        wasted_tokens=sum(report.wasted_tokens for report in reports),
        read_after_end_median=median(report.prompt_tokens - report.cached_tokens for report in sounded),
    )


def write_call(folder: Path, director: Director, exchange: Exchange) -> dict[int, str]:
    """Write each answer, and the whole call with the caller left and the agent right, into `folder`.

    Returns:
        The answer's file for each line that has one.
    """
    written: dict[int, str] = {}
    for index, spoken in enumerate(director.spoken):
        audio = [piece for reply in director.answers(spoken)[:1] for piece in reply.audio]
        if audio:
            path = folder / f"{index + 1:02d}-{Path(spoken.line.name).stem}-answer.wav"
            write_wav(path, np.concatenate(audio))
            written[index] = str(path)
    caller = exchange.sent_audio()
    agent = exchange.loudspeaker.track(exchange.origin, len(caller))
    write_wav(folder / "conversation.wav", caller, agent)
    return written


def _began_at(report: TurnReport, exchange: Exchange) -> float:
    return exchange.session_at + report.started_at_ms / 1000


def _opens(report: TurnReport, director: Director, exchange: Exchange) -> bool:
    """Whether it is the account of an opening, which answers nothing that was said."""
    if not director.openings or report.said:
        return False
    return _began_at(report, exchange) < exchange.sent_at(director.spoken[0].start)


def _gaps_ms(reply: Reply, exchange: Exchange) -> float:
    return sum(exchange.loudspeaker.gaps_s(item) for item in reply.items) * 1000


def _within(sample: int, spoken: Spoken) -> bool:
    return spoken.start - _BEFORE_S * CLOCK_HZ <= sample <= spoken.end + _BEFORE_S * CLOCK_HZ


def _since(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else (end - start) * 1000


def _cut_in(spoken: Spoken, exchange: Exchange) -> bool:
    if spoken.last_voiced is None:
        return False
    begun, over = exchange.sent_at(spoken.start), exchange.sent_at(spoken.last_voiced)
    return any(r.received_at is not None and begun < r.received_at < over for r in exchange.replies)


def _cut_by(reply: Reply | None, after: Spoken | None, exchange: Exchange) -> str:
    if reply is None or reply.status != "cancelled" or reply.ended_at is None or after is None:
        return ""
    if after.line.after_heard_s is None or exchange.sent_samples <= after.start:
        return ""
    # Who ends an answer themselves does so as they take breath.
    return after.line.name if exchange.sent_at(after.start - 1) < reply.ended_at else ""


def _silent_replies(spoken: Spoken, director: Director, exchange: Exchange) -> list[Reply]:
    """Replies without sound that came after the line and before the next."""
    starts = [s.start for s in director.spoken if s.start > spoken.start]
    after = exchange.sent_at(min(spoken.end, exchange.sent_samples - 1))
    until = exchange.sent_at(starts[0]) if starts else float("inf")
    return [r for r in exchange.replies if r.received_at is None and after <= r.begun_at < until]
