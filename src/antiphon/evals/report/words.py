"""What a run comes to, in a sentence or two, and how a figure is written."""

from collections.abc import Iterator, Mapping, Sequence

from antiphon.evals.records import Check, ConversationOutcome, Mode
from antiphon.evals.summary import Figure, Summary

NAMES: dict[str, str] = {
    "success": "all as it should be",
    "checks_held": "checks held",
    "checklist": "slots right",
    "tools": "tools run",
    "repeats": "said again",
    "latency_ms": "mouth to ear, median",
    "latency_p95_ms": "mouth to ear, 95th percentile",
    "on_time": "on time (0.2 to 2.75 s)",
    "sent_ms": "sent, by the server",
    "end_of_turn_ms": "end of turn",
    "transcription_ms": "transcription",
    "context_ms": "context",
    "first_token_ms": "first token",
    "first_clause_ms": "first clause",
    "synthesis_ms": "synthesis",
    "output_ms": "output",
    "queue_ms": "queue",
    "takeover": "turns taken up",
    "missed": "turns missed",
    "cut_into": "turns cut into",
    "yielded": "interruptions yielded to",
    "yield_ms": "time to yield",
    "recovered": "interruptions answered",
    "murmurs_let_pass": "murmurs let pass",
    "noises_let_pass": "noises let pass",
    "overlap_share": "both talking",
    "talk_ratio": "agent's part of the talk",
    "words_per_answer": "words per answer",
    "speech_errors": "word errors, agent's speech",
    "hearing_errors": "word errors, agent's hearing",
    "turns": "caller's turns",
    "seconds": "length",
}
"""What people read, for each measure."""
_IN_WRITING = {"latency_ms": "first token, median", "latency_p95_ms": "first token, 95th percentile"}


def name_of(measure: str, mode: Mode) -> str:
    """What people read for `measure`: in writing there is neither mouth nor ear."""
    return _IN_WRITING.get(measure, NAMES[measure]) if mode == "text" else NAMES[measure]


def written(value: float, unit: str) -> str:
    """A value with its unit."""
    if unit == "share":
        digits = 0 if value in (0, 1) or 0.1 <= value <= 0.9 else 1
        return f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"
    if unit == "ms":
        return f"{value / 1000:.2f} s" if value >= 1000 else f"{value:.0f} ms"
    return f"{value:.0f} s" if unit == "s" else f"{value:.1f}".removesuffix(".0")


def ended_in_words(outcome: ConversationOutcome) -> str:
    """How a conversation ended."""
    return {
        "agent": "ended by the agent",
        "caller": "ended by the caller",
        "gave_up": "the caller gave up",
        "too_long": "it did not end",
        "failed": f"it broke: {outcome.problem}",
    }[outcome.ended]


def check_in_words(check: Check) -> str:
    """A check that does not hold: what was found, and what should have been."""
    kind, _, what = check.name.partition(" ")
    if kind == "tool":
        return f"tool {what} was not run"
    if kind == "said":
        return f"never said {_either(what)}"
    if check.name.startswith("never said "):
        return f"said {_either(check.name.removeprefix('never said '))}"
    if kind == "answered":
        return f"asked “{what}”, it did not say {_either(str(check.expected))}"
    found = "nothing" if check.found is None else check.found
    return f"{check.name}: {found}, not {check.expected}"


def _either(phrases: str) -> str:
    return " or ".join(f"“{one}”" for one in phrases.split("|"))


def between(figure: Figure) -> str:
    """Its interval; empty when it has none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{written(figure.low, figure.unit)} to {written(figure.high, figure.unit)}"


def top_line(found: Summary) -> str:
    """The run in words."""
    if not found.kept:
        return "No conversation counts: there is nothing to say about the agent."
    by_name = {figure.name: figure for figure in found.figures}
    said = [_success(by_name, found), _timing(by_name, found.run.mode), _turns(by_name)]
    return " ".join(sentence for sentence in said if sentence)


def aside_line(found: Summary) -> str:
    """What was set aside, and why."""
    aside = found.conversations - found.kept
    if not aside:
        return ""
    kinds = ", ".join(f"{kind} {count}" for kind, count in found.set_aside.items())
    were = "conversation is" if aside == 1 else "conversations are"
    return f"{aside} {were} set aside, because the simulated caller did not do its part ({kinds})."


def broken_lines(found: Summary) -> Iterator[str]:
    """What broke conversations, which count as no success whoever is to blame."""
    for problem, times in found.problems.items():
        yield f"{times} broke off, which is no success: {problem}"


def _success(by_name: Mapping[str, Figure], found: Summary) -> str:
    figure = by_name.get("success")
    if figure is None:
        return f"{found.kept} conversations were held."
    span = between(figure)
    return (
        f"All was as it should be in {round(figure.value * figure.n)} of {figure.n} conversations"
        f"{f' ({written(figure.value, figure.unit)}; {span})' if span else ''}."
    )


def _timing(by_name: Mapping[str, Figure], mode: Mode) -> str:
    middle, late = by_name.get("latency_ms"), by_name.get("latency_p95_ms")
    if middle is None or late is None:
        return ""
    if mode == "text":
        return (
            f"In writing, the first token came after {written(middle.value, 'ms')} (median), "
            f"and in 95 % of the answers within {written(late.value, 'ms')}."
        )
    return (
        f"Answers began {written(middle.value, 'ms')} after the caller stopped (median), "
        f"and 95 % of them within {written(late.value, 'ms')}."
    )


def _turns(by_name: Mapping[str, Figure]) -> str:
    parts: Sequence[tuple[str, str]] = (
        ("missed", "{} of the turns were missed"),
        ("cut_into", "{} were cut into"),
        ("yielded", "{} of the interruptions were yielded to"),
        ("murmurs_let_pass", "{} of the murmurs were spoken through"),
    )
    said = [
        text.format(_how_many(by_name[name].value))
        for name, text in parts
        if name in by_name and (by_name[name].value or name in ("missed", "yielded"))
    ]
    if not said:
        return ""
    told = f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0]
    return f"{told[0].upper()}{told[1:]}."


def _how_many(share: float) -> str:
    return {0.0: "none", 1.0: "all"}.get(share, written(share, "share"))
