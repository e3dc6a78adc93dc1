"""From each engine's latency to the time between mouth and ear, by the response-time equation."""

from collections.abc import Mapping

import msgspec

from antiphon.contracts import Part, Span, Term, TermName, TurnReport, ms
from antiphon.dialogue import Policy
from antiphon.dialogue.policy import ASK_AT, Pause, silence_needed_ms
from antiphon.runtime import Config
from antiphon.runtime.settings import policy_of

_CLAUSE_STEPS = 3.7
"""Evaluations from the first token to the end of the first clause, a token each but for those that were
guessed (median of twelve calls)."""
_CLEAR_SCORE = 0.96
"""How finished a finished turn sounds, most often."""
_LEVEL_LAG_MS = 28.0
"""From the last voiced sample to where the silence is counted from (median)."""
_NOTICED_MS = 72.0
"""From the last voiced sample to when those words are asked for that turn out to be all (median of twelve
calls): 60 where the voice falls quiet at once, more where it flickers before it does."""

_ADVICE: Mapping[TermName, str] = {
    "end_of_turn": 'an eager listener: [session.turn_detection] type = "semantic_vad", eagerness = "high"',
    "transcription": 'Moonshine, for English: [engines.transcriber] use = "moonshine"',
    "first_token": "a smaller or faster language model, or one on a GPU server: [engines.language_model]",
    "first_clause": "a smaller or faster language model, or one on a GPU server: [engines.language_model]",
    "synthesis": "another voice: [engines.synthesizer]",
}


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller will wait."""

    report: TurnReport
    slowest: Term
    advice: str
    """What would shorten the slowest term."""


def predict(config: Config, measured: Mapping[Part, Mapping[str, float]]) -> Prediction | None:
    """The equation of a plain turn of four seconds; None when an engine that matters was not measured."""
    try:
        score, tail = measured["end_of_turn"]["score"], measured["transcriber"]["turn"]
        model, speech = measured["language_model"], measured["synthesizer"]["first_clause"]
        clause = model["clause_token"] * _CLAUSE_STEPS
    except KeyError:
        return None
    name = {part: choice.use for part, choice in config.engines.items()}
    work: tuple[tuple[TermName, str, float], ...] = (
        ("transcription", name["transcriber"], tail),
        ("first_token", name["language_model"], model["first_token"]),
        ("first_clause", name["language_model"], clause),
        ("synthesis", name["synthesizer"], speech),
    )
    return _composed(end_of_turn_wait_ms(policy_of(config.session), score), work)


def end_of_turn_wait_ms(policy: Policy, score_ms: float) -> float:
    """How long a turn that sounds finished has to wait for that to be believed."""
    if policy.mode == "manual":
        return 0.0
    if policy.mode == "silence":
        return ms(policy.silence_ticks)
    answered = _LEVEL_LAG_MS + ms(ASK_AT[0]) + score_ms
    return max(_LEVEL_LAG_MS + silence_needed_ms(policy, Pause(0, (_CLEAR_SCORE,))), answered)


def _composed(wait: float, work: tuple[tuple[TermName, str, float], ...]) -> Prediction:
    spans = [Span(term="end_of_turn", owner="policy", start_ms=0.0, end_ms=wait)]
    at = min(wait, _NOTICED_MS)
    for term, owner, took in work:
        spans.append(Span(term=term, owner=owner, start_ms=at, end_ms=at + took))
        at += took
    overlap = sum(max(0.0, min(span.end_ms, wait) - span.start_ms) for span in spans[1:])
    terms = tuple(Term(span.term, span.owner, span.end_ms - span.start_ms) for span in spans)
    report = TurnReport(
        turn=1,
        revisions=1,
        outcome="answered",
        said="",
        answer="",
        heard="",
        started_at_ms=0.0,
        terms=terms,
        overlap_ms=overlap,
        residual_ms=max(wait, at) - sum(term.ms for term in terms) + overlap,
        sent_ms=max(wait, at),
        spans=tuple(spans),
    )
    # Only what the answer really waits for is worth shortening: the pause, or the work that outlasts it.
    slowest = terms[0] if wait >= at else max(terms[1:], key=lambda term: term.ms)
    return Prediction(report=report, slowest=slowest, advice=_ADVICE[slowest.name])
