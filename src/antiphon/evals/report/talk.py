"""One conversation to look into: its timeline, its sound, its words as captions, its equation."""

import base64
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from antiphon.contracts import TERMS, TurnReport
from antiphon.evals.records import Conversation, Line
from antiphon.evals.report import svg
from antiphon.evals.report.words import NAMES, check_in_words, ended_in_words, name_of, written
from antiphon.evals.wording import normalize

_AUDIO_BYTES_MAX = 6 * 2**20
_LANES = {"caller": 16.0, "agent": 56.0}
_ACTS = {"interruption": "cuts in", "backchannel": "murmurs", "noise": "noise", "opening": "opens"}


def badness(conversation: Conversation) -> tuple[float, float, float, float]:
    """What makes one worse than another: failure, checks, missed turns, then time."""
    found = conversation.measures
    held = found.get("checks_held")
    return (
        1.0 - float(conversation.outcome.success is not False),
        0.0 if held is None else 1.0 - held,
        found.get("missed") or 0.0,
        found.get("latency_p95_ms") or 0.0,
    )


def section(conversation: Conversation, folder: Path) -> str:
    """The part of the page that is about it."""
    inside = "".join(_parts(conversation, folder))
    return f'<article class="talk" id="{escape(conversation.id)}">{inside}</article>'


def _parts(conversation: Conversation, folder: Path) -> Iterator[str]:
    who = conversation.caller
    yield f"<h3>{escape(conversation.id.replace('_', ' '))}</h3>"
    yield f"<p class='who'>{escape(str(who.get('caller', '')))} <i>{escape(str(who.get('aim', '')))}</i></p>"
    yield f"<p class='tags'>{''.join(_tags(conversation))}</p>"
    yield _timeline(conversation)
    audio = sound(conversation, folder)
    if audio:
        yield f'<audio controls preload="metadata" src="{audio}"></audio>'
    yield f'<ol class="captions">{"".join(_caption(line) for line in conversation.transcript)}</ol>'
    yield from _equation(conversation.reports)


def _tags(conversation: Conversation) -> Iterator[str]:
    yield f'<span class="tag">{escape(ended_in_words(conversation.outcome))}</span>'
    for name in ("latency_ms", "missed", "cut_into"):
        value = conversation.measures.get(name)
        if value is not None and (value or name == "latency_ms"):
            unit = "ms" if name.endswith("_ms") else "share"
            yield f'<span class="tag">{name_of(name, conversation.mode)} {written(value, unit)}</span>'
    for check in conversation.outcome.checks:
        if check.held:
            continue
        yield f'<span class="tag wrong">{escape(check_in_words(check))}</span>'
    for reason in conversation.gate.reasons:
        yield f'<span class="tag wrong">set aside: {escape(reason)}</span>'


def _timeline(conversation: Conversation) -> str:
    """Who spoke when, and dashed before each answer how long it was waited for."""
    height = 96.0
    last = max((line.end_ms for line in conversation.transcript), default=1.0)
    whole = max(conversation.duration_ms, last)

    def x(ms: float) -> float:
        return svg.WIDTH * max(ms, 0.0) / whole

    def parts() -> Iterator[str]:
        for who, y in _LANES.items():
            yield svg.rect(0, y, svg.WIDTH, 24, "lane")
            yield svg.text(0, y - 4, who)
        for line in conversation.transcript:
            y, begins = _LANES[line.who], x(line.start_ms)
            at = f'data-at="{line.start_ms / 1000:.2f}"'
            wide = max(x(line.end_ms) - begins, 2.0)
            yield svg.rect(begins, y, wide, 24, f"said {line.who} {line.act}", line.text, at)
            if line.who == "agent" and line.first_ms is not None and line.first_ms > 0:
                yield svg.line(x(line.start_ms - line.first_ms), y + 12, begins, y + 12, "wait")
        for second in range(0, int(whole / 1000) + 1, 10 if whole <= 120_000 else 30):
            yield svg.text(x(second * 1000), height - 2, f"{second} s")
        yield svg.line(0, 8, 0, height - 16, "now")

    return svg.svg(height, parts(), "Who spoke when", f'class="timeline" data-seconds="{whole / 1000:.2f}"')


def sound(conversation: Conversation, folder: Path) -> str:
    """Its recording as a part of the page; empty where there is none that may be taken in."""
    if conversation.audio is None:
        return ""
    path = (folder / conversation.audio).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        return ""
    if path.stat().st_size > _AUDIO_BYTES_MAX:
        return ""
    kind = "audio/wav" if path.suffix == ".wav" else "audio/ogg"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _caption(line: Line) -> str:
    who = f"{line.persona or 'agent'}" if line.who == "agent" else "caller"
    notes = [_ACTS[line.act]] if line.act in _ACTS else []
    if line.first_ms is not None:
        notes.append(f"after {written(max(line.first_ms, 0.0), 'ms')}")
    if line.cut_at_ms is not None:
        notes.append("cut off")
    span = f'data-at="{line.start_ms / 1000:.2f}" data-until="{line.end_ms / 1000:.2f}"'
    return (
        f'<li class="{line.who} {line.act}" {span}>'
        f'<span class="at">{line.start_ms / 1000:.1f}</span><span class="by">{escape(who)}</span>'
        f'<span class="text">{_text(line)}</span><span class="note">{escape(", ".join(notes))}</span></li>'
    )


def _text(line: Line) -> str:
    """What was said; what of it was not heard is crossed out, and what was misheard is told."""
    if line.cut_at_ms is not None and line.heard is not None and line.text.startswith(line.heard):
        rest = line.text[len(line.heard) :]
        return f"{escape(line.heard)}<s>{escape(rest)}</s>"
    if line.who == "caller" and line.heard is not None and not _alike(line.heard, line.text):
        return f'{escape(line.text)} <span class="misheard">heard as “{escape(line.heard)}”</span>'
    return escape(line.text)


def _alike(one: str, other: str) -> bool:
    return normalize(one) == normalize(other)


def _equation(reports: Sequence[TurnReport]) -> Iterator[str]:
    rows = [report for report in reports if report.sent_ms is not None]
    if not rows:
        return
    known = {term.name for report in rows for term in report.terms}
    names = [name for name in TERMS if name in known]
    heads = "".join(f"<th>{NAMES[f'{name}_ms']}</th>" for name in names)
    yield "<details><summary>the equation of every turn, in ms</summary><div class='wide'><table>"
    last = "<th>overlap</th><th>residual</th><th>sent</th><th>heard</th>"
    yield f"<tr><th class='l'>the caller said</th>{heads}{last}</tr>"
    for report in rows:
        terms = {term.name: term.ms for term in report.terms}
        cells = "".join(f"<td>{terms[name]:.0f}</td>" if name in terms else "<td></td>" for name in names)
        heard = "" if report.heard_ms is None else f"{report.heard_ms:.0f}"
        yield (
            f"<tr><td class='l'>{escape(report.said)}</td>{cells}<td>−{report.overlap_ms:.0f}</td>"
            f"<td>{report.residual_ms:.0f}</td><td><b>{report.sent_ms:.0f}</b></td><td>{heard}</td></tr>"
        )
    yield "</table></div></details>"
