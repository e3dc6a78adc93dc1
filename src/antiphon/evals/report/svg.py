"""Pictures of a run, as SVG inside the page: the page's colours are theirs, so they follow light and dark."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

import numpy as np

from antiphon.evals.report.words import NAMES, between, written
from antiphon.evals.summary import Figure

WIDTH = 760.0
_ROW = 30.0
_LABEL = 230.0
_VALUE = 170.0


def svg(height: float, parts: Iterable[str], title: str, attributes: str = "") -> str:
    """A picture with a name for who cannot see it."""
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{escape(title)}" '
        f'style="max-width:{WIDTH:g}px" {attributes}>{"".join(parts)}</svg>'
    )


def text(x: float, y: float, words: str, kind: str = "tick", anchor: str = "start") -> str:
    """Words that begin, lie around, or end at x."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def rect(  # noqa: PLR0917 - a place, a size and what it is
    x: float, y: float, wide: float, tall: float, kind: str, told: str = "", more: str = ""
) -> str:
    """A box; `told` is shown when it is pointed at."""
    inside = f"<title>{escape(told)}</title>" if told else ""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{max(wide, 0.5):.1f}" height="{tall:.1f}" rx="3"'
    return f'<rect class="{escape(kind)}" {place} {more}>{inside}</rect>'


def intervals(figures: Sequence[Figure]) -> str:
    """Shares between 0 and 1, each a dot with its interval."""
    height = _ROW * len(figures) + 26
    left, right = _LABEL, WIDTH - _VALUE

    def x(value: float) -> float:
        return left + (right - left) * min(max(value, 0.0), 1.0)

    def parts() -> Iterator[str]:
        for mark in (0.0, 0.25, 0.5, 0.75, 1.0):
            yield line(x(mark), 4, x(mark), height - 22, "grid")
            yield text(x(mark), height - 6, f"{mark:.0%}", anchor="middle")
        for row, figure in enumerate(figures):
            y = _ROW * row + _ROW / 2 + 2
            kind = {1: "good", -1: "bad", 0: "plain"}[figure.better]
            yield text(left - 14, y + 4, NAMES[figure.name], "name", "end")
            if figure.low is not None and figure.high is not None:
                yield line(x(figure.low), y, x(figure.high), y, f"span {kind}")
            yield f'<circle class="dot {kind}" cx="{x(figure.value):.1f}" cy="{y:.1f}" r="5.5"/>'
            yield text(right + 16, y + 4, written(figure.value, figure.unit), "value")
            yield text(WIDTH, y + 4, between(figure), anchor="end")

    return svg(height, parts(), "Shares with their intervals")


def latencies(times_ms: Sequence[float]) -> str:
    """How many answers began how late, with median and 95th percentile."""
    height, base, top, bins = 150.0, 112.0, 24.0, 44
    most = max(3000.0, float(np.percentile(times_ms, 99)) * 1.05)
    counts, _ = np.histogram(np.clip(times_ms, 0, most - 1), bins=bins, range=(0, most))
    wide = WIDTH / bins

    def x(ms: float) -> float:
        return WIDTH * min(ms, most) / most

    def parts() -> Iterator[str]:
        for place, count in enumerate(counts):
            tall = (base - top) * float(count) / max(int(counts.max()), 1)
            if count:
                yield rect(place * wide + 1, base - tall, wide - 2, tall, "bar", f"{count} answers")
        yield line(0, base, WIDTH, base, "axis")
        step = 500 if most <= 5000 else 1000 if most <= 10_000 else 2500
        for ms in range(0, int(most) + 1, step):
            yield text(x(ms), base + 18, f"{ms / 1000:g} s")
        for q, name, y in ((50, "median", 14.0), (95, "95 %", 14.0)):
            value = float(np.percentile(times_ms, q))
            late = x(value) > WIDTH * 0.8
            yield line(x(value), 4, x(value), base, "mark")
            words = f"{name} {written(value, 'ms')}"
            yield text(x(value) + (-6 if late else 6), y, words, "value", "end" if late else "start")

    return svg(height, parts(), "How soon answers began")


def equation(terms: Mapping[str, float], overlap_ms: float, total_ms: float) -> str:
    """The terms of the response time, side by side, and how long it all took together."""
    shown = {name: value for name, value in terms.items() if value >= 1}
    whole = max(sum(shown.values()), total_ms, 1.0)
    height = 66.0 + 22.0 * ((len(shown) + 2) // 3)

    def parts() -> Iterator[str]:
        at = 0.0
        for place, (name, value) in enumerate(shown.items()):
            wide = WIDTH * value / whole
            yield rect(at, 6, wide - 1.5, 26, f"t{place % 8}", f"{name} {value:.0f} ms")
            if wide > 46:
                yield text(at + 8, 24, f"{value:.0f}", "in")
            column, y = place % 3, 78.0 + 22 * (place // 3)
            yield rect(column * 250, y - 10, 11, 11, f"t{place % 8}")
            yield text(column * 250 + 18, y, f"{name} {value:.0f} ms", "name")
            at += wide
        reach = WIDTH * total_ms / whole
        yield line(0, 40, reach, 40, "mark")
        together = f", for {overlap_ms:.0f} ms of it ran at the same time" if overlap_ms >= 1 else ""
        yield text(0, 56, f"{total_ms:.0f} ms from mouth to ear{together}", "value")

    return svg(height, parts(), "The response-time equation")


def results(by_scenario: Mapping[str, Sequence[tuple[str, str, str]]]) -> str:
    """A square for each conversation, a row for each scenario: its id, its kind, what came of it."""
    most = max(map(len, by_scenario.values()), default=1)
    side = min(24.0, (WIDTH - _LABEL) / most - 4)

    def parts() -> Iterator[str]:
        for row, (scenario, cells) in enumerate(by_scenario.items()):
            y = (side + 8) * row + 4
            yield text(_LABEL - 14, y + side / 2 + 5, scenario.replace("_", " "), "name", "end")
            for place, (ident, kind, told) in enumerate(cells):
                yield rect(_LABEL + place * (side + 4), y, side, side, f"cell {kind}", f"{ident}: {told}")
            if len(cells) == 1:
                yield text(_LABEL + side + 12, y + side / 2 + 5, cells[0][2], "tick")

    return svg((side + 8) * len(by_scenario) + 6, parts(), "What came of each conversation")


def tower(levels: Sequence[tuple[int, float, float]]) -> str:
    """The verdict by depth of judges: (depth, value, standard error)."""
    height, base, left = 170.0, 138.0, 46.0
    step = (WIDTH - left) / (len(levels) + 1)

    def y(value: float) -> float:
        return base - (base - 16) * min(max(value, 0.0), 1.0)

    def parts() -> Iterator[str]:
        for mark in (0.0, 0.5, 1.0):
            yield line(left, y(mark), WIDTH, y(mark), "grid")
            yield text(left - 8, y(mark) + 4, f"{mark:.0%}", anchor="end")
        for place, (depth, value, se) in enumerate(levels, start=1):
            x = left + step * place
            yield line(x, y(value - 1.96 * se), x, y(value + 1.96 * se), "span plain")
            yield f'<circle class="dot plain" cx="{x:.1f}" cy="{y(value):.1f}" r="6"/>'
            yield text(x + 12, y(value) + 4, f"{value:.0%}", "value")
            yield text(x, base + 22, f"depth {depth}", anchor="middle")

    return svg(height, parts(), "The verdict by depth of judges")
