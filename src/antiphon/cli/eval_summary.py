"""A run's summary for a terminal."""

from collections.abc import Iterator, Mapping

from antiphon.evals.report.words import broken_lines
from antiphon.evals.summary import Figure, Summary

_TIMES = "response time"
_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("what came of it", ("success", "checks_held", "checklist", "tools", "repeats")),
    (
        _TIMES,
        (
            "latency_ms",
            "latency_p95_ms",
            "on_time",
            "sent_ms",
            "end_of_turn_ms",
            "transcription_ms",
            "context_ms",
            "first_token_ms",
            "first_clause_ms",
            "synthesis_ms",
        ),
    ),
    (
        "taking turns",
        (
            "takeover",
            "missed",
            "cut_into",
            "yielded",
            "yield_ms",
            "recovered",
            "murmurs_let_pass",
            "noises_let_pass",
            "overlap_share",
            "talk_ratio",
        ),
    ),
    ("words", ("words_per_answer", "speech_errors", "hearing_errors")),
)
_IN_WRITING = {
    _TIMES: "time to the first token (in writing: nothing is heard or spoken)",
    "latency_ms": "first token ms",
    "latency_p95_ms": "first token p95 ms",
}


def summary_lines(found: Summary) -> Iterator[str]:
    """What is printed at the end of a run."""
    aside = found.conversations - found.kept
    yield f"{found.run.suite}, {found.run.mode}: {_conversations(found.kept)}" + (
        f", {aside} set aside ({', '.join(f'{kind} {n}' for kind, n in found.set_aside.items())})"
        if aside
        else ""
    )
    yield from broken_lines(found)
    if found.held_again:
        yield f"{found.held_again} broke off at an earlier try and {_was(found.held_again)} held again"
    by_name = {figure.name: figure for figure in found.figures}
    said = _IN_WRITING if found.run.mode == "text" else {}
    for title, names in _GROUPS:
        shown = [by_name[name] for name in names if name in by_name]
        if shown:
            yield f"\n{said.get(title, title)}"
            yield from (f"  {_told(figure, said)}" for figure in shown)
    if found.reliability:
        yield "\nevery time"
    for each in found.reliability:
        yield f"  pass^{each.k:<18} {each.value:7.0%}   {each.low:.0%} to {each.high:.0%}"
    if found.kept:
        few = (
            "; it takes three scenarios for those of measures"
            if all(figure.low is None for figure in found.figures)
            else ""
        )
        yield f"\nintervals of 95 %, over scenarios{few}"


def _conversations(times: int) -> str:
    return "1 conversation counts" if times == 1 else f"{times} conversations count"


def _was(times: int) -> str:
    return "was" if times == 1 else "were"


def _told(figure: Figure, said: Mapping[str, str]) -> str:
    span = "" if figure.low is None else f"   {shown(figure.low, figure)} to {shown(figure.high, figure)}"
    name = said.get(figure.name, figure.name.replace("_", " "))
    return f"{name:<24} {shown(figure.value, figure):>8}{span}"


def shown(value: float | None, figure: Figure) -> str:
    """A value with its unit."""
    if value is None:
        return "?"
    if figure.unit == "share":
        return f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"
    if figure.unit == "ms":
        return f"{value:.0f} ms"
    return f"{value:.1f}" + (" s" if figure.unit == "s" else "")
