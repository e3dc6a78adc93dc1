"""Pictures that are made of rows: plain HTML, so that they fold on a telephone instead of shrinking."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from antiphon.evals.report.words import NAMES, between, written
from antiphon.evals.summary import Figure


def intervals(figures: Sequence[Figure]) -> str:
    """Shares between 0 and 1, each a dot with its interval."""

    def parts() -> Iterator[str]:
        for figure in figures:
            kind = {1: "good", -1: "bad", 0: "plain"}[figure.better]
            span = ""
            if figure.low is not None and figure.high is not None:
                low, high = max(figure.low, 0.0), min(figure.high, 1.0)
                span = f'<s class="{kind}" style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"></s>'
            at = 100 * min(max(figure.value, 0.0), 1.0)
            yield (
                f'<li><span class="name">{escape(NAMES[figure.name])}</span>'
                f'<span class="rail">{span}<b class="{kind}" style="left:{at:.1f}%"></b></span>'
                f'<span class="value">{written(figure.value, figure.unit)}</span>'
                f'<span class="between">{between(figure)}</span></li>'
            )
        marks = "".join(f"<i>{mark} %</i>" for mark in (0, 25, 50, 75, 100))
        yield f'<li class="marks" aria-hidden="true"><span class="rail">{marks}</span></li>'

    return f'<ul class="rows">{"".join(parts())}</ul>'


def results(by_scenario: Mapping[str, Sequence[tuple[str, str, str]]]) -> str:
    """A square for each conversation, a row for each scenario: its id, its kind, what came of it."""

    def parts() -> Iterator[str]:
        for scenario, cells in by_scenario.items():
            squares = "".join(
                f'<i class="cell {kind}" title="{escape(f"{ident}: {told}")}"></i>'
                for ident, kind, told in cells
            )
            told = f'<span class="told">{escape(cells[0][2])}</span>' if len(cells) == 1 else ""
            yield (
                f'<li><span class="name">{escape(scenario.replace("_", " "))}</span>'
                f'<span class="cells">{squares}{told}</span></li>'
            )

    return f'<ul class="rows came">{"".join(parts())}</ul>'


def equation(terms: Mapping[str, float], overlap_ms: float, total_ms: float) -> str:
    """The terms of the response time, side by side, and how long it all took together."""
    shown = {name: value for name, value in terms.items() if value >= 1}
    whole = max(sum(shown.values()), total_ms, 1.0)

    def bars() -> Iterator[str]:
        for place, (name, value) in enumerate(shown.items()):
            inside = f"{value:.0f}" if value > 0.08 * whole else ""
            wide, told = 100 * value / whole, escape(f"{name} {value:.0f} ms")
            yield f'<i class="t{place % 8}" style="width:{wide:.2f}%" title="{told}">{inside}</i>'

    def legend() -> Iterator[str]:
        for place, (name, value) in enumerate(shown.items()):
            yield f'<li><i class="t{place % 8}"></i>{escape(name)} <b>{value:.0f} ms</b></li>'

    together = f", for {overlap_ms:.0f} ms of it ran at the same time" if overlap_ms >= 1 else ""
    return (
        f'<div class="sum">{"".join(bars())}</div>'
        f'<div class="all" style="width:{100 * min(total_ms / whole, 1):.2f}%"></div>'
        f"<p class='whole'>{total_ms:.0f} ms until the answer was sent{together}</p>"
        f'<ul class="legend">{"".join(legend())}</ul>'
    )
