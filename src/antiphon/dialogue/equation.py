"""The response-time equation of one turn, from the marks its work left.

Two chains run from the caller's last voiced sample to the agent's first audible one: the *wait* until the
turn was confirmed, and the *work* (transcription, context, first token, first clause, synthesis), which
begins at the first silent frames. Sound starts when both have ended. Each term is the duration of its own
work; the overlap is the part of the work that was done during the wait; the residual is what remains between
the sum and the measured time. Waiting for a lane or for the event loop is neither: it is the term `queue`.
"""

from antiphon.contracts import TERMS, Outcome, Span, Term, TermName, Ticks, TurnReport, Usage, ms
from antiphon.dialogue.events import Timing
from antiphon.dialogue.replying import usage
from antiphon.dialogue.turn import Marks, Turn


def report(turn: Turn, outcome: Outcome, heard: str) -> TurnReport:
    """Account for a turn that has ended."""
    reply, marks = turn.reply, turn.marks
    used = usage(reply) if reply is not None else Usage()
    spans = _spans(marks)
    terms = _terms(spans)
    overlap = _overlap(spans)
    sent, residual = None, 0.0
    if marks.sent_at is not None and marks.last_voiced_at is not None:
        sent = ms(marks.sent_at - marks.last_voiced_at)
        residual = sent - (sum(term.ms for term in terms) - overlap)
    heard_ms = None
    if marks.heard_at is not None and marks.last_voiced_at is not None:
        heard_ms = ms(marks.heard_at - marks.last_voiced_at)
    return TurnReport(
        turn=turn.number,
        revisions=turn.revision,
        outcome=outcome,
        said=turn.words or "",
        answer=" ".join(reply.text.split()) if reply else "",
        heard=heard,
        started_at_ms=ms(turn.started_at),
        voiced_at_ms=None if marks.last_voiced_at is None else ms(marks.last_voiced_at),
        terms=terms if sent is not None else (),
        overlap_ms=overlap if sent is not None else 0.0,
        residual_ms=residual,
        sent_ms=sent,
        heard_ms=heard_ms,
        spans=spans if sent is not None else (),
        prompt_tokens=used.prompt_tokens,
        cached_tokens=used.cached_tokens,
        answer_tokens=used.completion_tokens,
        wasted_tokens=turn.wasted_tokens + (reply.tokens if reply is not None and not reply.open else 0),
        guesses=turn.guesses,
        guess_held=reply is not None and reply.guess and marks.released_at is not None,
    )


def _spans(marks: Marks) -> tuple[Span, ...]:
    """The graph of causes: the wait and the work start apart and meet at the output."""
    origin = marks.last_voiced_at
    if origin is None:
        return ()
    spans: list[Span] = []

    def add(term: TermName, owner: str, start: Ticks, end: Ticks, *causes: int) -> int:
        spans.append(
            Span(term=term, owner=owner, start_ms=ms(start - origin), end_ms=ms(end - origin), causes=causes)
        )
        return len(spans) - 1

    wait = (
        add("end_of_turn", "policy", origin, marks.confirmed_at) if marks.confirmed_at is not None else None
    )
    work: tuple[int, ...] = ()
    for term, timing, told_at in _work(marks):
        if timing.began > timing.queued:
            work = (add("queue", timing.owner, timing.queued, timing.began, *work),)
        work = (add(term, timing.owner, timing.began, timing.ended, *work),)
        if told_at > timing.ended:
            work = (add("queue", "event loop", timing.ended, told_at, *work),)
    if marks.released_at is not None and marks.sent_at is not None:
        causes = (*work, wait) if wait is not None else work
        add("output", "transport", marks.released_at, marks.sent_at, *causes)
    return tuple(spans)


def _work(marks: Marks) -> list[tuple[TermName, Timing, Ticks]]:
    """Each step that was taken, and when the core was told that it was done."""
    steps: list[tuple[TermName, Timing | None, Ticks | None]] = [
        ("transcription", marks.transcription, marks.transcribed_at),
        ("context", marks.context, None),
        ("first_token", marks.first_token, None),
        ("first_clause", _first_clause(marks), None),
        ("synthesis", marks.synthesis, marks.synthesized_at),
    ]
    return [(term, timing, told_at or timing.ended) for term, timing, told_at in steps if timing is not None]


def _first_clause(marks: Marks) -> Timing | None:
    if marks.first_token is None or marks.first_clause_at is None:
        return None
    began = marks.first_token.ended
    return Timing(began, began, marks.first_clause_at, marks.first_token.owner)


def _terms(spans: tuple[Span, ...]) -> tuple[Term, ...]:
    """One term per name and owner, in the order of `TERMS`."""
    totals: dict[tuple[TermName, str], float] = {}
    for span in spans:
        key = (span.term, span.owner)
        totals[key] = totals.get(key, 0.0) + span.end_ms - span.start_ms
    terms = (Term(name, owner, total) for (name, owner), total in totals.items())
    return tuple(sorted(terms, key=lambda term: TERMS.index(term.name)))


def _overlap(spans: tuple[Span, ...]) -> float:
    """How much of the work ran while the turn was not yet confirmed."""
    wait_end = next((span.end_ms for span in spans if span.term == "end_of_turn"), None)
    if wait_end is None:
        return 0.0
    work = (span for span in spans if span.term not in ("end_of_turn", "output"))
    return sum(max(0.0, min(span.end_ms, wait_end) - min(span.start_ms, wait_end)) for span in work)
