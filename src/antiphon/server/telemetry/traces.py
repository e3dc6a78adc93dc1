"""Each turn as one trace: the equation's spans below it, linked to what caused them, at their true times.

Spans are made when the turn is over, from its report, and sent by a thread of their own: a collector that is
slow or gone costs a bounded queue, whose overflow is dropped, and no conversation ever waits for it.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from threading import Thread
from typing import TYPE_CHECKING, Any

from antiphon.contracts import PrerequisiteMissing, TurnReport
from antiphon.runtime import Session, TelemetryConfig
from antiphon.runtime.events import SessionEvent, TurnMeasured

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

QUEUE_SPANS = 4096
BATCH_SPANS = 256
SEND_EVERY_MS = 2000
SEND_S = 5.0
"""How long one request may take."""
GOODBYE_S = 2.0
"""How long the last spans may take to leave when the server ends."""


class Traces:
    """Makes spans of every turn."""

    def __init__(self, provider: "TracerProvider", *, words: bool) -> None:
        self._provider, self._words = provider, words
        self._tracer = provider.get_tracer("antiphon", version("antiphon"))
        self._began_ns: dict[str, int] = {}
        """When each session's clock stood at 0, in Unix nanoseconds."""

    def opened(self, session: Session) -> None:
        """A session has begun."""
        now_ns = round(datetime.now(UTC).timestamp() * 1_000_000) * 1000
        self._began_ns[session.id] = now_ns - _ns(session.now_ms)

    def closed(self, session_id: str) -> None:
        """A session has ended."""
        self._began_ns.pop(session_id, None)

    def told(self, session_id: str, event: SessionEvent) -> None:
        """A session has told something."""
        began_ns = self._began_ns.get(session_id)
        if isinstance(event, TurnMeasured) and began_ns is not None:
            self._trace(session_id, event.report, began_ns)

    async def close(self) -> None:
        """Send what is left, if somebody takes it soon."""
        gone, loop = asyncio.Event(), asyncio.get_running_loop()

        def leave() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # the loop was not to be kept waiting
                loop.call_soon_threadsafe(gone.set)

        # The loop waits for its own threads when it ends; a daemon it lets go.
        Thread(target=leave, name="antiphon-traces-goodbye", daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await gone.wait()

    def _trace(self, session_id: str, report: TurnReport, began_ns: int) -> None:
        from opentelemetry.context import Context  # noqa: PLC0415 - an option
        from opentelemetry.trace import Link, Span, set_span_in_context  # noqa: PLC0415 - as above

        zero_ms = report.started_at_ms if report.voiced_at_ms is None else report.voiced_at_ms
        origin_ns = began_ns + _ns(zero_ms)
        ends_ms = (report.sent_ms, report.heard_ms, *(span.end_ms for span in report.spans))
        turn = self._tracer.start_span(
            "turn",
            context=Context(),
            start_time=origin_ns + _ns(min(0.0, *(span.start_ms for span in report.spans), 0.0)),
            attributes=self._described(session_id, report),
        )
        below = set_span_in_context(turn, Context())
        made: list[Span] = []
        for span in report.spans:
            child = self._tracer.start_span(
                span.term,
                context=below,
                start_time=origin_ns + _ns(span.start_ms),
                attributes={"antiphon.owner": span.owner, "antiphon.causes": span.causes},
                links=[Link(made[cause].get_span_context()) for cause in span.causes],
            )
            child.end(origin_ns + _ns(span.end_ms))
            made.append(child)
        turn.end(origin_ns + _ns(max(0.0, *(end for end in ends_ms if end is not None), 0.0)))

    def _described(self, session_id: str, report: TurnReport) -> dict[str, str | int | float | bool]:
        told: dict[str, Any] = {
            "session.id": session_id,
            "antiphon.turn": report.turn,
            "antiphon.outcome": report.outcome,
            "antiphon.revisions": report.revisions,
            "antiphon.sent_ms": report.sent_ms,
            "antiphon.heard_ms": report.heard_ms,
            "antiphon.overlap_ms": report.overlap_ms,
            "antiphon.residual_ms": report.residual_ms,
            "antiphon.guess_held": report.guess_held,
            "gen_ai.usage.input_tokens": report.prompt_tokens,
            "antiphon.cached_tokens": report.cached_tokens,
            "gen_ai.usage.output_tokens": report.answer_tokens,
            "antiphon.wasted_tokens": report.wasted_tokens,
        }
        if self._words:
            told |= {"personal.said": report.said, "personal.heard": report.heard}
        return {name: value for name, value in told.items() if value is not None}


def open_traces(config: TelemetryConfig) -> Traces | None:
    """What sends traces to `config.otlp`; None when nobody wants any.

    Raises:
        PrerequisiteMissing: OpenTelemetry is not installed.
    """
    if not config.otlp:
        return None
    trace, export, resources, otlp = libraries()
    resource = resources.Resource.create({"service.name": "antiphon", "service.version": version("antiphon")})
    provider = trace.TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = otlp.OTLPSpanExporter(endpoint=f"{config.otlp.rstrip('/')}/v1/traces", timeout=SEND_S)
    provider.add_span_processor(
        export.BatchSpanProcessor(
            exporter,
            max_queue_size=QUEUE_SPANS,
            max_export_batch_size=BATCH_SPANS,
            schedule_delay_millis=SEND_EVERY_MS,
        )
    )
    return Traces(provider, words=config.log_words)


def libraries() -> tuple[Any, Any, Any, Any]:
    """What of OpenTelemetry is used: its traces, their export, resources, and the sender.

    Raises:
        PrerequisiteMissing: it is not installed.
    """
    try:
        return (
            import_module("opentelemetry.sdk.trace"),
            import_module("opentelemetry.sdk.trace.export"),
            import_module("opentelemetry.sdk.resources"),
            import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter"),
        )
    except ImportError:
        raise PrerequisiteMissing(
            "telemetry.otlp is set, and OpenTelemetry is not installed", remedy="pip install 'antiphon[otel]'"
        ) from None


def _ns(duration_ms: float) -> int:
    return round(duration_ms * 1_000_000)
