"""What `antiphon bench scheduler` reports: figures, a table, a picture."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from antiphon.bench.figures import Figure, Machine, figure
from antiphon.engines.native import load


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Live answers under one condition, a value for each round."""

    name: str
    first_token_ms: tuple[float, ...]
    eight_tokens_ms: tuple[float, ...]
    first_token: Figure
    eight_tokens: Figure
    first_token_ratio: Figure
    """To the answers made alone, rounds drawn in pairs."""
    eight_tokens_ratio: Figure
    background_tokens: Figure | None
    """Made or read by the background in one round, before, beside and after the answer."""


class OtherCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call of another engine under one condition."""

    part: str
    name: str
    times_ms: tuple[float, ...]
    time: Figure
    ratio: Figure


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `scheduler.json` holds."""

    machine: Machine
    model: str
    rounds: int
    answers: tuple[Condition, ...]
    calls: tuple[OtherCall, ...]


def ratio(values: Sequence[float], to: Sequence[float]) -> Figure:
    """By what factor the median of `values` exceeds that of `to`, rounds drawn in pairs."""
    ours, theirs = np.array(values), np.array(to)
    draws = np.random.default_rng(0).integers(0, len(ours), (2000, len(ours)))
    again = np.median(ours[draws], axis=1) / np.median(theirs[draws], axis=1)
    low, high = (float(edge) for edge in np.percentile(again, (2.5, 97.5)))
    return Figure(float(np.median(ours) / np.median(theirs)), low, high, len(ours))


def condition(
    name: str, values: Sequence[tuple[float, float, int]], alone: Sequence[tuple[float, float, int]]
) -> Condition:
    """The answers under one condition, each with its first token, its eighth, and the background's tokens."""
    first, eight, tokens = (tuple(column) for column in zip(*values, strict=True))
    first_alone, eight_alone, _ = (tuple(column) for column in zip(*alone, strict=True))
    return Condition(
        name=name,
        first_token_ms=first,
        eight_tokens_ms=eight,
        first_token=figure(first),
        eight_tokens=figure(eight),
        first_token_ratio=ratio(first, first_alone),
        eight_tokens_ratio=ratio(eight, eight_alone),
        background_tokens=figure(tokens) if any(tokens) else None,
    )


def table(result: Result) -> list[str]:
    """For people."""
    lines = [f"{result.model} on {result.machine.processor}, {result.machine.cores} cores", ""]
    lines.append(f"{'an answer':<60}{'first token, ms':>20}{'times alone':>20}")
    lines += [
        f"{one.name:<60}{_span(one.first_token):>20}{_span(one.first_token_ratio, 2):>20}"
        for one in result.answers
    ]
    lines += ["", f"{'':<60}{'eight tokens, ms':>20}{'times alone':>20}{'background tokens':>19}"]
    for one in result.answers:
        made = "" if one.background_tokens is None else f"{one.background_tokens.value:.0f}"
        times = f"{_span(one.eight_tokens):>20}{_span(one.eight_tokens_ratio, 2):>20}"
        lines.append(f"{one.name:<60}{times}{made:>19}")
    lines += ["", f"{'other engines':<60}{'ms':>20}{'times alone':>20}"]
    for call in result.calls:
        name = f"{call.part}, {call.name}"
        lines.append(f"{name:<60}{_span(call.time):>20}{_span(call.ratio, 2):>20}")
    return lines


def _span(one: Figure, digits: int = 0) -> str:
    return f"{one.value:.{digits}f} ({one.low:.{digits}f} to {one.high:.{digits}f})"


def picture(result: Result, path: Path) -> None:
    """Draw the answers' times. PrerequisiteMissing: without matplotlib."""
    pyplot = load("matplotlib.pyplot", "antiphon[bench]")
    figure_, axes = pyplot.subplots(figsize=(8, 3.6))
    rows = range(len(result.answers))
    for shift, label, values in (
        (-0.18, "first token", [one.first_token for one in result.answers]),
        (0.18, "eight tokens", [one.eight_tokens for one in result.answers]),
    ):
        edges = [[v.value - v.low for v in values], [v.high - v.value for v in values]]
        places = [row + shift for row in rows]
        axes.barh(places, [v.value for v in values], 0.34, xerr=edges, label=label)
    axes.set_yticks(list(rows), [one.name for one in result.answers])
    axes.invert_yaxis()
    axes.set(xlabel="ms after the answer was asked for, median and 95 % interval")
    axes.legend(frameon=False)
    figure_.tight_layout()
    figure_.savefig(path)
