"""`antiphon bench judges`: does the evaluation keep what it promises?

*Covered* is the share of runs whose nominal 95 % interval holds what people say; *off* the mean of estimate
less truth. Parts: `labels` (the embedded judges on human labels, beside the usual recipes and repeats),
`simulated` (judges of known error), `towers`, `cost`, `again` (fresh seeds, replay), `versions` (planted
regressions and A/A).
"""

import argparse
from pathlib import Path

import msgspec

from antiphon.bench.figures import Machine, machine
from antiphon.bench.judges_again import Again, again
from antiphon.bench.judges_cost import RATE, Asked, Cost, asked, cost, kept, simulated_dice
from antiphon.bench.judges_cover import Covered, coverage, simulated
from antiphon.bench.judges_labels import Dice, dice_of, opinions, populations
from antiphon.bench.judges_rivals import Rival, rivals
from antiphon.bench.judges_versions import FAULTS, Power, power
from antiphon.bench.judgments import CORPORA, MODELS, draw_more, read_items
from antiphon.bench.synthetic_towers import KINDS, Towers, measure
from antiphon.bench.writing import progress, write
from antiphon.evals.card import JudgeCard, card
from antiphon.evals.intervals import Estimate

PARTS = ("labels", "simulated", "towers", "cost", "again", "versions")
_SIMULATED = {"good": (0.9, 0.15), "weak": (0.6, 0.45), "flatterer": (0.95, 0.7), "coin": (0.5, 0.5)}
_SIZES = ((300, 80), (1000, 100))
_RELIABILITIES = (0.3, 0.5, 0.7, 0.9)
_LEANINGS = (0.0, 0.5)
_DRAWN_LEAST = 6
"""Draws of each turn, to compare with five of everything."""


class Result(msgspec.Struct, kw_only=True):
    """What `judges.json` holds; a part that was not asked for is empty."""

    machine: Machine
    runs: int
    covered: list[Covered] = []
    rivals: list[Rival] = []
    cards: list[JudgeCard] = []
    towers: list[Towers] = []
    dice: list[Dice] = []
    cost: list[Cost] = []
    asked: list[Asked] = []
    again: list[Again] = []
    versions: list[Power] = []


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this bench."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="human judgments, for the part labels")
    parser.add_argument(
        "--draws", type=Path, default=Path("judge-draws"), metavar="DIR", help="where draws are kept"
    )
    parser.add_argument(
        "--draw-seconds",
        type=float,
        default=0,
        metavar="S",
        help="draw for so long, for each model",
    )
    parser.add_argument("--passes", type=int, default=7, metavar="N", help="draws of each item (default: 7)")
    parser.add_argument("--items", type=int, metavar="N", help="draw of so many items (default: of all)")
    parser.add_argument(
        "--models", nargs="+", choices=list(MODELS), default=list(MODELS), metavar="NAME", help="1.5b, 0.5b"
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument(
        "--runs", type=int, default=200, metavar="N", help="of each simulation (default: 200)"
    )
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace) -> int:
    """Measure, and write it down."""
    result = Result(machine=machine(), runs=args.runs)
    if "labels" in args.parts and args.data is not None:
        _labels(args, result)
    if "simulated" in args.parts:
        for name, (hit, false) in _SIMULATED.items():
            progress(f"simulated judge: {name}")
            result.covered += coverage(simulated(name, hit, false), runs=args.runs, seed=args.seed)
    if "towers" in args.parts:
        for name in KINDS:
            progress(f"towers: {name}")
            result.towers.append(measure(name, towers=max(20, args.runs // 5), subjects=1500, seed=args.seed))
    if "cost" in args.parts:
        _cost(args, result)
    if "again" in args.parts:
        progress("asked again")
        source = simulated_dice(0.5, 0.0, conversations=300, labels=80, draws=(50, 10))
        for draws in (2, 5, None):
            result.again.append(again("simulated", source, 80, draws=draws, runs=args.runs, seed=args.seed))
    if "versions" in args.parts:
        for name in FAULTS:
            progress(f"versions: {name}")
            result.versions.append(power(name, runs=args.runs, seed=args.seed))
    write("judges", result, _table(result), as_json=args.json, out=args.out, picture=_picture)
    return 0


def _labels(args: argparse.Namespace, result: Result) -> None:
    for corpus in CORPORA:
        items = read_items(args.data, corpus)
        for model in args.models:
            for count, _ in enumerate(
                draw_more(
                    args.draws,
                    corpus,
                    model,
                    items[: args.items],
                    passes=args.passes,
                    seconds=args.draw_seconds,
                ),
                1,
            ):
                progress(f"{corpus.name}, {model}: {count} drawn")
            found = opinions(args.draws, corpus, model, items)
            for population, judged in populations(found):
                progress(population.name)
                result.covered += coverage(population, runs=args.runs, seed=args.seed)
                result.cards.append(card(corpus.criterion, population.name, judged))
                if population.name.endswith("plain"):
                    result.rivals += rivals(population, runs=args.runs, seed=args.seed)
            if found.draws:
                result.dice.append(dice_of(found))
            if found.draws and len(found.draws[0].draws) >= _DRAWN_LEAST:
                truth = sum(each.good for each in found.draws) / len(found.draws)
                source = kept(found.draws, conversations=300)
                result.cost.append(cost(found.judge, source, truth, 80, runs=args.runs, seed=args.seed))
                result.asked.append(asked(found.judge, source, truth, 80, runs=args.runs, seed=args.seed))


def _cost(args: argparse.Namespace, result: Result) -> None:
    for conversations, labels in _SIZES:
        for reliability in _RELIABILITIES:
            for leaning in _LEANINGS:
                name = f"{conversations} conversations, reliability {reliability}, leaning {leaning}"
                progress(f"cost: {name}")
                source = simulated_dice(reliability, leaning, conversations=conversations, labels=labels)
                result.cost.append(cost(name, source, RATE, labels, runs=args.runs, seed=args.seed))
                if conversations == _SIZES[0][0]:
                    result.asked.append(asked(name, source, RATE, labels, runs=args.runs, seed=args.seed))


def _table(result: Result) -> list[str]:
    return [
        *(
            f"{each.population:32}{each.labels:5} labels  {each.way:14} covered {_share(each.covered):22}"
            f" off {each.bias:+.3f}  error {each.error:.3f}  width {each.width:.3f}  failed {each.failed}"
            for each in result.covered
        ),
        *(
            f"{each.population:32}{each.recipe:40} {each.calls:.1f} calls"
            f"  covered {_share(each.covered):22} off {each.bias:+.3f}  kappa {each.kappa:.2f}"
            for each in result.rivals
        ),
        *(
            f"{each.evaluator:32}{each.items:4} items, {each.missing} missing  J {_maybe(each.youden)}"
            f"  AUROC {each.auroc:.2f}  kappa {each.kappa:+.2f}"
            f"  worth {each.worth:.2f}  calibration error {each.calibration_error:.2f},"
            f" mended {each.calibration_error_after:.2f}"
            for each in result.cards
        ),
        *(
            f"{each.kind:42} stopped {_share(each.stopped)}, of these within tolerance {_share(each.within)},"
            f" error {_maybe(each.error_median)} (level 1 alone {each.raw_error_median:.3f})"
            for each in result.towers
        ),
        *(
            f"{each.judge:24}{each.items:4} items, {each.draws} draws: reliability of one"
            f" {each.reliability:.2f}, levelled {each.reliability_levelled:.2f}; AUROC {each.auroc:.2f},"
            f" levelled {each.auroc_levelled:.2f}"
            for each in result.dice
        ),
        *(
            f"{each.judge}, {each.labels} labels: {each.calls:.0f} calls for {each.calls_fixed:.0f}"
            f" ({100 * each.saved:.0f} % fewer), error {each.error:.4f} for {each.error_fixed:.4f}:"
            f" {_share(each.ratio)} of it (asked once {each.error_once:.4f})"
            for each in result.cost
        ),
        *(
            f"at least X? {each.judge}, {each.labels} labels: {each.calls:.0f} calls for"
            f" {each.calls_fixed:.0f} ({100 * each.saved:.0f} % fewer), wrong {_share(each.wrong)} for"
            f" {_share(each.wrong_fixed)}, untold {_share(each.untold)} for {_share(each.untold_fixed)},"
            f" same {_share(each.same)}"
            for each in result.asked
        ),
        *(
            f"asked again, {each.draws or 'auto'} draws of each, {each.calls:.0f} in all:"
            f" same {_share(each.same)}, contradicted {_share(each.contradicted)},"
            f" replayed to the bit {_share(each.replayed)}"
            for each in result.again
        ),
        *(
            f"{each.fault:32} called worse {_share(each.worse)}, passed {_share(each.passed)},"
            f" pairs {_maybe(each.pairs)}"
            for each in result.versions
        ),
    ]


def _share(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f}–{found.high:.3f})" if found.n else "none"


def _maybe(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}" if value < 1 else f"{value:.0f}"


def _picture(result: Result, path: Path) -> None:
    """There is none: a table says it all."""
    del result, path
