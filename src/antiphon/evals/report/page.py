"""The page, put together. Whatever was said in a conversation is escaped: it is text, never markup."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from statistics import median
from typing import Any

from antiphon.contracts import TERMS
from antiphon.evals.measures import first_sounds_ms
from antiphon.evals.records import Conversation, Mode, conversations, read_run
from antiphon.evals.report import rows, svg, talk
from antiphon.evals.report.judged import Judged, read_cards, read_judged, section, sentence
from antiphon.evals.report.words import (
    NAMES,
    aside_line,
    between,
    broken_lines,
    check_in_words,
    ended_in_words,
    name_of,
    top_line,
    written,
)
from antiphon.evals.summary import Figure, Summary, summarized

_SHARES = (
    "success",
    "checks_held",
    "checklist",
    "tools",
    "takeover",
    "yielded",
    "recovered",
    "murmurs_let_pass",
    "noises_let_pass",
    "on_time",
)
_TROUBLES = ("missed", "cut_into", "repeats", "overlap_share", "hearing_errors", "speech_errors")


def page(folder: Path, *, worst: int = 3) -> str:
    """The run in `folder` as one HTML document, with its `worst` conversations.

    Raises:
        RunUnreadable: there is no run, or a part of it is damaged.
    """
    run, everything = read_run(folder), list(conversations(folder))
    found = summarized(run, everything)
    kept = [each for each in everything if each.gate.kept]
    title = escape(f"{run.suite}: {run.mode}")
    style, script = (_part(name) for name in ("page.css", "page.js"))
    body = "".join(_body(folder, found, everything, kept, worst))
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{title}</title><style>{style}</style></head>"
        f"<body><main>{body}</main><script>{script}</script></body></html>\n"
    )


def _body(
    folder: Path,
    found: Summary,
    everything: Sequence[Conversation],
    kept: Sequence[Conversation],
    worst: int,
) -> Iterator[str]:
    judged = read_judged(folder)
    yield from _header(found, judged)
    yield from _results(everything)
    yield from _shares(found)
    yield from _times(kept, found.run.mode)
    yield from section(judged, read_cards(folder))
    if kept:
        yield "<section><h2>The worst conversations</h2>"
        chosen = sorted(kept, key=talk.badness, reverse=True)[:worst]
        hear = " Click a line to hear it." if any(talk.sound(each, folder) for each in chosen) else ""
        yield f"<p class='about'>By failure, then checks, missed turns and time.{hear}</p>"
        yield from (talk.section(each, folder) for each in chosen)
        yield "</section>"
    yield from _aside(everything)
    yield from _table(found)
    yield from _footer(found)


def _header(found: Summary, judged: Sequence[Judged]) -> Iterator[str]:
    run = found.run
    yield f"<header><p class='kicker'>Antiphon evaluation · {escape(run.mode)}</p>"
    yield f"<h1>{escape(run.suite)}</h1>"
    yield f"<p class='top'>{escape(top_line(found))}</p>"
    for one in judged:
        yield f"<p class='verdict'>{escape(sentence(one))}</p>"
    for told in (*broken_lines(found), aside_line(found)):
        if told:
            yield f"<p class='about'>{escape(told)}</p>"
    plants: list[str] = run.agent.get("plant", [])
    if plants:
        yield f"<p class='planted'>Regressions are planted: {escape(', '.join(plants))}.</p>"
    yield "<div class='tiles'>"
    by_name = {figure.name: figure for figure in found.figures}
    for name in ("success", "latency_ms", "latency_p95_ms", "missed", "yield_ms", "words_per_answer"):
        if name in by_name:
            yield _tile(by_name[name], run.mode)
    for each in found.reliability[1:]:
        yield (
            f"<div class='tile'><b>{each.value:.0%}</b><span>all of {each.k} tries</span>"
            f"<i>{each.low:.0%} to {each.high:.0%}</i></div>"
        )
    yield "</div></header>"


def _tile(figure: Figure, mode: Mode) -> str:
    value, name = written(figure.value, figure.unit), name_of(figure.name, mode)
    return f"<div class='tile'><b>{value}</b><span>{name}</span><i>{between(figure)}</i></div>"


def _results(everything: Sequence[Conversation]) -> Iterator[str]:
    came: dict[str, list[tuple[str, str, str]]] = {}
    for each in everything:
        came.setdefault(each.scenario, []).append((each.id, *_came(each)))
    if came:
        yield "<section><h2>What came of it</h2>"
        yield "<p class='about'><span class='key good'></span>all as it should be "
        yield "<span class='key bad'></span>something is not <span class='key plain'></span>nothing to check "
        yield "<span class='key aside'></span>set aside</p>"
        yield f"{rows.results(came)}</section>"


def _came(each: Conversation) -> tuple[str, str]:
    if not each.gate.kept:
        return "aside", each.gate.reasons[0]
    if each.outcome.success is None:
        return "plain", "nothing to check"
    if each.outcome.success:
        return "good", "all as it should be"
    wrong = [check_in_words(check) for check in each.outcome.checks if not check.held]
    if each.outcome.ended not in ("agent", "caller"):
        wrong.insert(0, ended_in_words(each.outcome))
    return "bad", "; ".join(wrong)


def _shares(found: Summary) -> Iterator[str]:
    for title, names in (("As it should be", _SHARES), ("Trouble", _TROUBLES)):
        chosen = [figure for name in names for figure in found.figures if figure.name == name]
        if chosen:
            yield f"<section><h2>{title}</h2>"
            yield "<p class='about'>Shares, with 95 % intervals where there are three scenarios or more.</p>"
            yield f"{rows.intervals(chosen)}</section>"


def _times(kept: Sequence[Conversation], mode: Mode) -> Iterator[str]:
    times = [each for one in kept for each in first_sounds_ms(one)]
    if not times:
        return
    if mode == "text":
        yield "<section><h2>Time to the first token</h2><p class='about'>In writing: nothing is heard or "
        yield f"spoken, so this is no response time of a call; {len(times)} answers.</p>"
    else:
        yield "<section><h2>Response time</h2><p class='about'>From the caller's last voiced sample to the "
        yield f"first audible one of the answer, on the caller's watch; {len(times)} answers.</p>"
    yield svg.latencies(times)
    reports = [r for each in kept for r in each.reports if r.sent_ms is not None]
    if reports:
        known = {term.name for report in reports for term in report.terms}
        names = [name for name in TERMS if name in known]
        terms = {
            NAMES[f"{name}_ms"]: sum(t.ms for r in reports for t in r.terms if t.name == name) / len(reports)
            for name in names
        }
        overlap = sum(report.overlap_ms for report in reports) / len(reports)
        total = sum(report.sent_ms or 0.0 for report in reports) / len(reports)
        middle = median(report.sent_ms or 0.0 for report in reports)
        yield "<h3>The equation</h3><p class='about'>Means over all turns, by the server's account "
        yield f"(its median is {middle:.0f} ms).</p>{rows.equation(terms, overlap, total)}"
    yield "</section>"


def _aside(everything: Sequence[Conversation]) -> Iterator[str]:
    told = [(each.id, reason) for each in everything for reason in each.gate.reasons]
    if told:
        yield "<section><h2>Set aside</h2><p class='about'>The simulated caller did not do its part; these "
        yield "say nothing about the agent.</p><ul class='aside'>"
        yield from (f"<li><b>{escape(ident)}</b> {escape(reason)}</li>" for ident, reason in told)
        yield "</ul></section>"


def _table(found: Summary) -> Iterator[str]:
    yield "<section><details><summary>All measures</summary><div class='wide'><table>"
    yield "<tr><th class='l'>measure</th><th>value</th><th>95 % interval</th><th>conversations</th>"
    yield "<th class='l'>what it is</th></tr>"
    for figure in found.figures:
        yield (
            f"<tr><td class='l'>{figure.name}</td><td>{written(figure.value, figure.unit)}</td>"
            f"<td>{between(figure)}</td><td>{figure.n}</td><td class='l'>{escape(figure.about)}</td></tr>"
        )
    yield "</table></div></details></section>"


def _footer(found: Summary) -> Iterator[str]:
    run = found.run
    model: dict[str, Any] = run.agent.get("language_model", {})
    facts = {
        "cast": run.agent.get("cast"),
        "language model": " ".join(str(model[key]) for key in ("use", "model") if key in model),
        "seeds": ", ".join(map(str, run.seeds)),
        "machine": f"{run.machine.processor}, {run.machine.cores} cores",
        "begun": run.started_at,
        "versions": ", ".join(f"{name} {number}" for name, number in run.versions.items()),
    }
    yield "<footer>"
    yield " · ".join(f"{escape(name)} {escape(str(value))}" for name, value in facts.items() if value)
    yield "</footer>"


def _part(name: str) -> str:
    return (resources.files("antiphon.evals.report") / name).read_text(encoding="utf-8")
