"""`antiphon bench endpointing`: false cut-offs against delay, for our policy and for what others do.

Every rule is asked at every moment of every pause of every turn, knowing what it could have known then, the
time its engines took included. A turn is *cut off* when the rule says "over" before the caller's last voiced
sample; its *delay* is when the rule says so after it. The share of turns cut off is over turns that hold a
pause of at least 200 ms, because the others cannot tell rules apart; the delay is over all turns not cut off.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias, cast

import msgspec
import numpy as np

from antiphon.bench.endpointing_cases import cases
from antiphon.bench.endpointing_traces import Judges, Moment, PauseTrace, Trace, known, trace
from antiphon.bench.figures import Figure, Machine, machine
from antiphon.bench.recordings import add_recordings, read_recordings
from antiphon.bench.response import DEFAULT_MODEL
from antiphon.bench.writing import progress, write
from antiphon.contracts import EngineSetup, LanguageModel
from antiphon.contracts.discovery import find
from antiphon.dialogue.policy import Policy, turn_is_over
from antiphon.engines.native import load
from antiphon.engines.silero import Silero
from antiphon.engines.smart_turn import SmartTurn
from antiphon.engines.whisper import Whisper
from antiphon.runtime.config import Config
from antiphon.store import Store

Rule: TypeAlias = Callable[[PauseTrace, Moment], bool]

PATIENCE = (0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)
SILENCES_MS = (200, 300, 400, 500, 600, 800, 1000, 1300, 1600, 2000, 2500)
STOCK_TIMEOUTS_MS = (500, 800, 1000, 1500, 2000, 3000)
_NEVER_MS = 4000.0
_PAUSE_MS = 200.0
_RESAMPLINGS = 1000


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One rule at one setting."""

    setting: float
    cut_off: Figure
    """Share of turns."""
    mean_delay_ms: Figure
    median_delay_ms: float
    p95_delay_ms: float


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of rule over its settings."""

    rule: str
    points: tuple[Point, ...]
    cut_off_at_ms: dict[str, float | None]
    """At a mean delay of 300 and 600 ms, between the nearest points; None: beyond the curve."""
    ms_at_cut_off: dict[str, float | None]
    """The mean delay at 5 and 10 percent of turns cut off."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `endpointing.json` holds."""

    machine: Machine
    half: str
    turns: dict[str, int]
    """How many natural and made turns, and how many of them hold a pause."""
    natural: tuple[Curve, ...]
    made: tuple[Curve, ...]


def ours(patience: float) -> Rule:
    """The policy of the live loop, with this patience."""
    policy = Policy(patience=patience)
    return lambda pause, moment: not moment.stirring and turn_is_over(policy, known(pause, moment))


def silence_only(wait_ms: float) -> Rule:
    """A fixed silence, on our own clock, which finds the end of a voice sooner than a probability does."""
    return lambda _, moment: not moment.stirring and moment.silence_ms >= wait_ms


def stock_smart_turn(timeout_ms: float, threshold: float = 0.5) -> Rule:
    """Asked once, after 200 ms of silence by probability; what sounds unfinished waits for the timeout."""

    def over(pause: PauseTrace, moment: Moment) -> bool:
        finished = pause.stock_score is not None and pause.stock_score > threshold
        wait_ms = 200.0 + pause.stock_took_ms if finished else timeout_ms
        return moment.vad_silence_ms >= wait_ms

    return over


def decided_at_ms(rule: Rule, turn: Trace) -> float:
    """When `rule` takes the turn for over, from its last voiced sample on."""
    moments = ((pause, moment) for pause in turn.pauses for moment in pause.moments)
    return next((moment.at_ms for pause, moment in moments if rule(pause, moment)), _NEVER_MS)


def holds_a_pause(turn: Trace) -> bool:
    """Whether the caller falls silent in it before its end, long enough to be mistaken."""
    return any(
        pause.moments[-1].silence_ms >= _PAUSE_MS and pause.moments[-1].at_ms < 0 for pause in turn.pauses
    )


def point(setting: float, rule: Rule, turns: Sequence[Trace]) -> Point:
    """`rule` over `turns`, with intervals that draw whole turns."""
    at = np.array([decided_at_ms(rule, turn) for turn in turns])
    paused = np.array([holds_a_pause(turn) for turn in turns])
    cut = at < 0
    share, mean = _share(cut, paused), float(at[~cut].mean()) if (~cut).any() else _NEVER_MS
    draws = np.random.default_rng(0).integers(0, len(turns), (_RESAMPLINGS, len(turns)))
    shares = [_share(cut[draw], paused[draw]) for draw in draws]
    means = [float(at[draw][~cut[draw]].mean()) for draw in draws if (~cut[draw]).any()]
    return Point(
        setting=setting,
        cut_off=_figure(share, shares, int(paused.sum())),
        mean_delay_ms=_figure(mean, means, int((~cut).sum())),
        median_delay_ms=float(np.median(at[~cut])) if (~cut).any() else _NEVER_MS,
        p95_delay_ms=float(np.percentile(at[~cut], 95)) if (~cut).any() else _NEVER_MS,
    )


def _share(
    cut: np.ndarray[tuple[int], np.dtype[np.bool_]], paused: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> float:
    return float(cut[paused].mean()) if paused.any() else 0.0


def _figure(value: float, again: Sequence[float], n: int) -> Figure:
    low, high = (float(edge) for edge in np.percentile(again, (2.5, 97.5))) if again else (value, value)
    return Figure(value, low, high, n)


def curves(turns: Sequence[Trace]) -> tuple[Curve, ...]:
    """Every kind of rule over its settings."""
    kinds: tuple[tuple[str, Callable[[float], Rule], tuple[float, ...]], ...] = (
        ("antiphon", ours, PATIENCE),
        ("silence only", silence_only, SILENCES_MS),
        ("stock Smart Turn", stock_smart_turn, STOCK_TIMEOUTS_MS),
    )
    return tuple(_curve(name, [point(s, kind(s), turns) for s in settings]) for name, kind, settings in kinds)


def _curve(name: str, points: Sequence[Point]) -> Curve:
    delays = [p.mean_delay_ms.value for p in points]
    shares = [p.cut_off.value for p in points]
    return Curve(
        rule=name,
        points=tuple(points),
        cut_off_at_ms={str(ms): _between(ms, delays, shares) for ms in (300, 600)},
        ms_at_cut_off={f"{share:.0%}": _between(share, shares, delays) for share in (0.05, 0.1)},
    )


def _between(at: float, xs: Sequence[float], ys: Sequence[float]) -> float | None:
    order = np.argsort(xs, kind="stable")
    x, y = np.array(xs)[order], np.array(ys)[order]
    return float(np.interp(at, x, y)) if x[0] <= at <= x[-1] else None


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="which language model weighs the words")
    add_recordings(parser, half=True)


def run(args: argparse.Namespace) -> int:
    turns = _listen(args.recordings, args.half, args.model)
    result = summarise(turns, args.half)
    write("endpointing", result, _table(result), as_json=args.json, out=args.out, picture=_picture)
    return 0


def _reader(model: str) -> LanguageModel:
    use = Config().engines["language_model"].use
    setup = EngineSetup(settings={"model": model, "slots": 1}, weights=Store().folder, threads=2)
    return cast(type[LanguageModel], find("language_model", use)).open(setup)


def _listen(folder: Path | None, half: str, model: str) -> list[Trace]:
    setup = EngineSetup(settings={}, weights=Store().folder, threads=2)
    judges = Judges(Silero.open(setup), SmartTurn.open(setup), Whisper.open(setup), _reader(model))
    wanted = list(cases([one for one in read_recordings(folder) if one.half == half]))
    turns: list[Trace] = []
    for place, case in enumerate(wanted):
        progress(f"turn {place + 1} of {len(wanted)}")
        turns.append(trace(case, judges))
    return [turn for turn in turns if turn.pauses]


def summarise(turns: Sequence[Trace], half: str) -> Result:
    """The curves of natural and made turns apart."""
    natural, made = [t for t in turns if not t.made], [t for t in turns if t.made]
    return Result(
        machine=machine(),
        half=half,
        turns={
            "natural": len(natural),
            "natural with a pause": sum(map(holds_a_pause, natural)),
            "made": len(made),
            "made with a pause": sum(map(holds_a_pause, made)),
        },
        natural=curves(natural),
        made=curves(made),
    )


def _table(result: Result) -> list[str]:
    lines = [f"half {result.half}: " + ", ".join(f"{n} {name}" for name, n in result.turns.items())]
    for kind, them in (("natural", result.natural), ("made", result.made)):
        lines += ["", f"{kind:<18}{'cut off at 300':>15}{'at 600 ms':>11}{'ms at 5 %':>11}{'at 10 %':>9}"]
        for curve in them:
            told = partial(_told, curve)
            lines.append(
                f"{curve.rule:<18}{told('300'):>15}{told('600'):>11}{told('5%'):>11}{told('10%'):>9}"
            )
    default = next(p for p in result.natural[0].points if p.setting == 1.0)
    cut, delay = default.cut_off, default.mean_delay_ms
    lines += [
        "",
        f"antiphon by default, natural turns: {cut.value:.0%} of turns with a pause cut off "
        f"({cut.low:.0%} to {cut.high:.0%}); delay median {default.median_delay_ms:.0f}, "
        f"mean {delay.value:.0f}, 95th percentile {default.p95_delay_ms:.0f} ms",
    ]
    return lines


def _told(curve: Curve, column: str) -> str:
    share = curve.cut_off_at_ms.get(column)
    if share is not None:
        return f"{share:.0%}"
    delay = curve.ms_at_cut_off.get(column)
    return "-" if delay is None else f"{delay:.0f}"


def _picture(result: Result, path: Path) -> None:
    pyplot = load("matplotlib.pyplot", "antiphon[bench]")
    figure, rows = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True)
    for axes, title, them in zip(rows, ("natural", "made"), (result.natural, result.made), strict=True):
        for curve in them:
            x = [p.mean_delay_ms.value for p in curve.points]
            y = [p.cut_off.value for p in curve.points]
            spread = [
                [p.cut_off.value - p.cut_off.low for p in curve.points],
                [p.cut_off.high - p.cut_off.value for p in curve.points],
            ]
            axes.errorbar(x, y, yerr=spread, marker="o", markersize=3, capsize=2, label=curve.rule)
        axes.set(title=f"{title} turns", xlabel="mean delay, ms", xlim=(0, 2200), ylim=(0, 1))
    rows[0].set(ylabel="turns with a pause cut off")
    rows[0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path)
