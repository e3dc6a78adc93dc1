"""A turn's response-time equation in letters: a bar for each piece of work, and the sum."""

from antiphon.contracts import TERMS, Span, TermName, TurnReport

_WIDTH = 40
_SHOWN_MS = 0.5
"""What is shorter would only be shown as a zero."""
_NAMES: dict[TermName, str] = {
    "end_of_turn": "end-of-turn wait",
    "transcription": "transcription",
    "context": "context",
    "first_token": "first token",
    "first_clause": "first clause",
    "synthesis": "synthesis",
    "output": "output",
    "queue": "queue",
}


def waterfall(report: TurnReport, width: int = _WIDTH) -> list[str]:
    """One line per span in the order of the equation, on a common scale from the caller's last sound on."""
    if report.sent_ms is None:
        return []
    longest = max([report.sent_ms, *(span.end_ms for span in report.spans)], default=0.0)
    scale = width / max(longest, 1.0)
    shown = (span for span in report.spans if span.end_ms - span.start_ms >= _SHOWN_MS)
    spans = sorted(shown, key=lambda span: TERMS.index(span.term))
    return [*(_bar(span, scale, width) for span in spans), equation(report)]


def equation(report: TurnReport) -> str:
    """The sum, such as `210 wait + 40 transcription − 30 overlap + 2 residual = 222 ms`."""
    terms = [f"{term.ms:.0f} {_NAMES[term.name]}" for term in report.terms if term.ms >= _SHOWN_MS]
    overlap = f" − {report.overlap_ms:.0f} overlap" if round(report.overlap_ms) else ""
    sign = "−" if report.residual_ms < 0 else "+"
    residual = f" {sign} {abs(report.residual_ms):.0f} residual" if round(report.residual_ms) else ""
    return f"{' + '.join(terms)}{overlap}{residual} = {report.sent_ms or 0:.0f} ms sent"


def _bar(span: Span, scale: float, width: int) -> str:
    start = min(max(round(span.start_ms * scale), 0), width - 1)
    end = min(max(round(span.end_ms * scale), start + 1), width)
    bar = " " * start + "█" * (end - start)
    took = f"{span.end_ms - span.start_ms:5.0f} ms"
    return f"{_NAMES[span.term]:<17}{bar:<{width}} {took}  {span.owner}".rstrip()
