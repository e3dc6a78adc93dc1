"""Counts and times for Prometheus, in a registry of this server's own.

Labels come from small fixed sets (terms, outcomes, codes of ours), so that nothing a client sends makes a new
series.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from antiphon.contracts import TERMS, TermName, TurnReport
from antiphon.runtime import Session
from antiphon.runtime.events import ReplyEnded, SessionEvent, SessionFailed, TranscriptFailed, TurnMeasured

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""Of what `Metrics.text` gives."""

LONG_S = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Bounds for whole answers: fine where people begin to notice."""
SHORT_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)
LAG_EVERY_S = 0.25


class Metrics:
    """Looks at every fact of every session and keeps the sums."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()

        def seconds(name: str, text: str, bounds: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"antiphon_{name}_seconds", text, labels, buckets=bounds, registry=registry)

        def count(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"antiphon_{name}", text, labels, registry=registry)

        self._mouth_to_ear = seconds(
            "mouth_to_ear", "From the caller's last sound to the first of the answer.", LONG_S, "at"
        )
        self._terms = seconds("term", "A term of the response-time equation.", SHORT_S, "term")
        self._overlap = seconds("overlap", "What speculation won.", SHORT_S)
        self._residual = seconds("residual", "What no term explains, without its sign.", SHORT_S)
        self._lag = seconds("event_loop_lag", "How late the event loop woke.", SHORT_S)
        self._open = Gauge("antiphon_sessions_open", "Sessions open now.", registry=registry)
        self._opened = count("sessions_opened", "Sessions opened.")
        self._turns = count("turns", "Turns by how they ended.", "outcome")
        self._barge_ins = count("barge_ins", "Answers that the caller broke off.")
        self._failures = count("failures", "What went wrong.", "code")
        self._prompt = count("prompt_tokens", "Tokens of prompts, read or found in the cache.", "source")
        self._answer = count("answer_tokens", "Tokens of answers.")
        self._wasted = count("wasted_tokens", "Tokens generated for words that were not all.")
        for at in ("sent", "heard"):
            self._mouth_to_ear.labels(at)
        for term in TERMS:
            self._terms.labels(term)
        for source in ("read", "cached"):
            self._prompt.labels(source)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def opened(self, session: Session) -> None:
        """A session has begun."""
        self._opened.inc()
        self._open.inc()

    def closed(self, session_id: str) -> None:
        """A session has ended."""
        self._open.dec()

    def told(self, session_id: str, event: SessionEvent) -> None:
        """A session has told something."""
        match event:
            case TurnMeasured():
                self._measured(event.report)
            case ReplyEnded(status="cancelled", reason="turn_detected"):
                self._barge_ins.inc()
            case ReplyEnded(status="failed"):
                self._failures.labels(event.reason or "reply_failed").inc()
            case SessionFailed():
                self._failures.labels(event.code).inc()
            case TranscriptFailed():
                self._failures.labels("transcription_failed").inc()
            case _:
                pass

    def _measured(self, report: TurnReport) -> None:
        self._turns.labels(report.outcome).inc()
        self._prompt.labels("cached").inc(report.cached_tokens)
        self._prompt.labels("read").inc(max(0, report.prompt_tokens - report.cached_tokens))
        self._answer.inc(report.answer_tokens)
        self._wasted.inc(report.wasted_tokens)
        if report.heard_ms is not None:
            self._mouth_to_ear.labels("heard").observe(report.heard_ms / 1000)
        if report.sent_ms is None:
            return
        self._mouth_to_ear.labels("sent").observe(report.sent_ms / 1000)
        self._overlap.observe(report.overlap_ms / 1000)
        self._residual.observe(abs(report.residual_ms) / 1000)
        for term, took_ms in _by_term(report).items():
            self._terms.labels(term).observe(took_ms / 1000)

    async def watch_loop(self, _: object) -> AsyncGenerator[None]:
        """Measure how late the event loop wakes, for as long as the application runs."""
        watching = asyncio.create_task(self._watch())
        yield
        watching.cancel()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lag.observe(max(0.0, loop.time() - due))


def _by_term(report: TurnReport) -> Mapping[TermName, float]:
    """The terms in ms; one name may have several owners."""
    took: dict[TermName, float] = {}
    for term in report.terms:
        took[term.name] = took.get(term.name, 0.0) + term.ms
    return took
