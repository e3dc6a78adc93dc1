"""`antiphon eval compare A B`: is the new version worse? The exit code is the answer."""

import argparse
import sys
from pathlib import Path

import msgspec

from antiphon.cli.commands import Commands
from antiphon.contracts import ContractBroken
from antiphon.evals.comparing import ALPHA, EXIT, Compared, Comparison, compare
from antiphon.evals.measured import MEASURES, Measure, measure_named
from antiphon.evals.records import conversations, read_run

_WORDS = {
    "worse": "worse",
    "better": "better",
    "same": "the same, as far as it matters",
    "cannot tell": "cannot tell",
}


def register(actions: Commands) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "compare",
        help="two runs of one suite: exit 0 better or the same, 1 worse, 2 cannot tell",
        description="Compare two runs pair by pair (same scenario, same seed). May be asked again after every"
        " conversation: the answer stays as sure as it says.",
    )
    parser.add_argument("before", type=Path, metavar="A", help="the run to compare with")
    parser.add_argument("after", type=Path, metavar="B", help="the run of the new version")
    parser.add_argument(
        "--measure",
        action="append",
        metavar="NAME",
        help=f"decide on this only; may be repeated: {', '.join(m.name for m in MEASURES)}",
    )
    parser.add_argument(
        "--margin",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a loss smaller than this does not count, in the measure's own units",
    )
    parser.add_argument("--alpha", type=float, default=ALPHA, help="of false alarms (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    if not 0 < args.alpha < 0.5:
        raise ContractBroken(f"--alpha {args.alpha} is no share of false alarms; take one like 0.05")
    for folder in (args.before, args.after):
        read_run(folder)
    found = compare(
        list(conversations(args.before)),
        list(conversations(args.after)),
        _measures(args.measure, args.margin),
        alpha=args.alpha,
    )
    if args.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    else:
        print("\n".join(_lines(found)))
    return EXIT[found.decision]


def _measures(names: list[str] | None, margins: list[str]) -> tuple[Measure, ...]:
    chosen = [measure_named(name) for name in names] if names else list(MEASURES)
    for each in margins:
        name, _, text = each.partition("=")
        wanted = measure_named(name)
        try:
            margin = float(text)
        except ValueError:
            raise ContractBroken(f"--margin {each}: {text!r} is no number") from None
        if not margin > 0:
            raise ContractBroken(f"--margin {each}: a margin is above 0")
        chosen = [
            msgspec.structs.replace(measure, margin=margin) if measure.name == wanted.name else measure
            for measure in chosen
        ]
    return tuple(chosen)


def _lines(found: Comparison) -> list[str]:
    lines = [f"{_WORDS[found.decision].upper()}  ({found.pairs} pairs of conversations)", ""]
    if not found.compared:
        lines.append("No pair has a measure in common: run both versions over the same scenarios and seeds.")
    lines += [line for each in found.compared for line in _measure_lines(each)]
    if found.set_aside:
        lines.append(f"{found.set_aside} pairs set aside: the simulated caller did not do its part.")
    if found.unpaired:
        lines.append(f"{found.unpaired} conversations have no counterpart in the other run.")
    return lines


def _measure_lines(each: Compared) -> list[str]:
    scale, unit = (100.0, "%") if each.unit == "share" else (1.0, f" {each.unit}")
    change = each.difference
    numbers = [
        value * scale
        for value in (each.before, each.after, change.value, change.low, change.high, each.margin)
    ]
    before, after, value, low, high, margin = (f"{number:.1f}" for number in numbers)
    lines = [
        f"{each.measure}: {_WORDS[each.decision]}",
        f"  {before} to {after}{unit}, change {value} ({low} to {high}) over {each.pairs} pairs;"
        f" {margin}{unit} would not matter",
    ]
    return [*lines, f"  would settle it: {each.settle}"] if each.settle else lines
