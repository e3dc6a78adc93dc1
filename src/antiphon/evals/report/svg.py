"""Pictures of a run, as SVG inside the page: the page's colours are theirs, so they follow light and dark."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

import numpy as np

from antiphon.evals.report.words import written

WIDTH = 760.0


def svg(height: float, parts: Iterable[str], title: str, attributes: str = "") -> str:
    """A picture with a name for who cannot see it."""
    return (
        f'<div class="wide"><svg viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{escape(title)}" '
        f'style="max-width:{WIDTH:g}px" {attributes}>{"".join(parts)}</svg></div>'
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
