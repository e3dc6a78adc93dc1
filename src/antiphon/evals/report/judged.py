"""What judges concluded about a run, and what they are worth, for showing only.

A card is what `antiphon eval judge-card --json` prints, kept in the run's folder by whoever asked for it.

Only what is shown is read, and what is not there is not shown, so that a page can be made of any run.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

import msgspec

from antiphon.evals.report import svg

VERDICT_FILE = "verdict.json"
CARDS = "cards"


class Estimate(msgspec.Struct, frozen=True):
    """A share and its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.0%} ({max(0.0, self.low):.0%} to {min(1.0, self.high):.0%})"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One criterion."""

    criterion: str
    answer: str
    at_least: float | None = None
    estimate: Estimate | None = None
    at_any_time: Estimate | None = None
    raw: Estimate | None = None
    worth: float = 1.0
    labels: int = 0
    subjects: int = 0
    draws: int = 0
    missing: int = 0
    settle: str = ""


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict when asking stops at this level."""

    depth: int
    estimate: Estimate
    se: float = 0.0
    youden: float | None = None
    correlation: float | None = None
    failing: tuple[str, ...] = ()


class Tower(msgspec.Struct, frozen=True, kw_only=True):
    """All levels."""

    depths: tuple[Depth, ...] = ()
    stopped_at: int | None = None


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A criterion and its tower."""

    verdict: Verdict
    tower: Tower | None = None


class Lean(msgspec.Struct, frozen=True, kw_only=True):
    """How far something that should not matter moves a judge."""

    probe: str
    effect: Estimate
    should_be: str = "none"


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What a judge is worth at a criterion."""

    criterion: str
    evaluator: str
    items: int
    sensitivity: Estimate
    specificity: Estimate
    kappa: float
    worth: float
    off_by: Estimate
    leans: tuple[Lean, ...] = ()


class _CardDocument(msgspec.Struct, frozen=True):
    card: Card


class _Document(msgspec.Struct, frozen=True):
    criteria: tuple[Judged, ...] = ()


def read_judged(folder: Path) -> tuple[Judged, ...]:
    """What was concluded; nothing, where nobody judged or it is in a form we do not know."""
    try:
        return msgspec.json.decode((folder / VERDICT_FILE).read_bytes(), type=_Document).criteria
    except (OSError, msgspec.MsgspecError):
        return ()


def read_cards(folder: Path) -> tuple[Card, ...]:
    """The judge cards that lie in the run's folder; what is none is passed over."""
    found: list[Card] = []
    for path in sorted((folder / CARDS).glob("*.json")):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=_CardDocument).card)
        except (OSError, msgspec.MsgspecError):
            continue
    return tuple(found)


def sentence(one: Judged) -> str:
    """One criterion in words."""
    found = one.verdict
    asked = f" in at least {found.at_least:.0%}" if found.at_least is not None else ""
    said = f"Judged {found.criterion}{asked}: {found.answer}"
    return f"{said}, {found.estimate}." if found.estimate is not None else f"{said}."


def section(judged: tuple[Judged, ...], judges: tuple[Card, ...]) -> Iterator[str]:
    """A card for each criterion that was judged, and for each judge that was examined."""
    if not judged and not judges:
        return
    yield "<section><h2>Judges, and judges of judges</h2>"
    for one in judged:
        yield f"<div class='card'><h3>{escape(one.verdict.criterion)}</h3><dl>"
        for name, value in _facts(one.verdict):
            yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        yield "</dl>"
        if one.tower is not None and one.tower.depths:
            yield from _tower(one.tower)
        if one.verdict.settle:
            yield f"<p class='about'>What would settle it: {escape(one.verdict.settle)}</p>"
        yield "</div>"
    for card in judges:
        yield f"<div class='card'><h3>The judge of {escape(card.criterion)}</h3><dl>"
        for name, value in _worth(card):
            yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        yield "</dl></div>"
    yield "</section>"


def _worth(card: Card) -> Iterator[tuple[str, str]]:
    yield "examined on", f"{card.items} labelled subjects, as {card.evaluator}"
    yield "finds the good", str(card.sensitivity)
    yield "finds the bad", str(card.specificity)
    yield "agrees with people", f"kappa {card.kappa:.2f}; a label beside it is worth {card.worth:.2f}"
    yield "is off by", _points(card.off_by)
    for lean in card.leans:
        yield lean.probe, f"{_points(lean.effect)}; should be {lean.should_be}"


def _points(found: Estimate) -> str:
    return f"{100 * found.value:+.0f} points ({100 * found.low:+.0f} to {100 * found.high:+.0f})"


def _facts(found: Verdict) -> Iterator[tuple[str, str]]:
    yield "answer", found.answer
    shown = (("corrected", found.estimate), ("at any time", found.at_any_time), ("judge alone", found.raw))
    yield from ((name, str(each)) for name, each in shown if each is not None)
    yield "subjects", f"{found.subjects}, {found.draws} draws, {found.missing} of them missing"
    yield "labels", f"{found.labels}" + (f", each worth {found.worth:.2f} beside it" if found.labels else "")


def _tower(found: Tower) -> Iterator[str]:
    yield svg.tower([(each.depth, each.estimate.value, each.se) for each in found.depths])
    stopped = f"It may stop at depth {found.stopped_at}." if found.stopped_at else "It may not stop yet."
    last = found.depths[-1]
    why = "" if found.stopped_at else "; ".join(last.failing)
    yield f"<p class='about'>{escape(stopped)} {escape(why)}</p>"
