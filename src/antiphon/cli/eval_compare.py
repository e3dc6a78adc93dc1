"""`antiphon eval compare A B`: is the new version worse? The exit code is the answer."""

import argparse
import sys
import traceback
from math import inf
from pathlib import Path

import msgspec

from antiphon.cli.commands import Commands
from antiphon.cli.program import as_started
from antiphon.contracts import AntiphonError, ContractBroken, Draw
from antiphon.evals.comparing import ALPHA, EXIT, Compared, Comparison, compare
from antiphon.evals.criteria import criterion_named
from antiphon.evals.draws import criterion_of, read_draws
from antiphon.evals.measured import MEASURES, Measure, as_often, judged, measure_named, with_opinions
from antiphon.evals.records import conversations, read_run

_NOT_COMPARED = 3
"""The exit code when there is no answer: 0, 1 and 2 are answers."""
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
        help="two runs of one suite: exit 0 better or the same, 1 worse, 2 cannot tell, 3 not compared",
        description="Compare two runs pair by pair (same scenario, same seed). May be asked again after every"
        " conversation: the answer stays as sure as it says.",
        epilog="The exit code is the answer: 0 better or the same, 1 worse, 2 cannot tell; 3 is none, because"
        " a run is not there, one is of another suite or mode, or the command is wrong.",
        wrong_usage=_NOT_COMPARED,
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
    parser.add_argument(
        "--criterion",
        action="append",
        default=[],
        metavar="NAME",
        help="also what `eval judge` drew of this in both runs; it can say worse, and never the same",
    )
    parser.add_argument("--alpha", type=float, default=ALPHA, help="of false alarms (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    """What went wrong is no evidence against the new version, and no answer either."""
    try:
        return _compared(args)
    except AntiphonError as error:
        print(as_started(f"antiphon: {error}"), file=sys.stderr)
    except Exception:
        # Python would end with 1, which says that the new version is worse.
        traceback.print_exc()
    return _NOT_COMPARED


def _compared(args: argparse.Namespace) -> int:
    if not 0 < args.alpha < 0.5:
        raise ContractBroken(f"--alpha {args.alpha} is no share of false alarms; take one like 0.05")
    modes = [read_run(folder).mode for folder in (args.before, args.after)]
    if modes[0] != modes[1]:
        raise ContractBroken(
            f"{args.before} is by {modes[0]} and {args.after} by {modes[1]}, where times mean something else:"
            " hold both with the same --mode"
        )
    before, after = list(conversations(args.before)), list(conversations(args.after))
    if before and after and not {each.scenario for each in before} & {each.scenario for each in after}:
        raise ContractBroken(
            f"{args.before} and {args.after} have no scenario in common: hold both with the same suite"
        )
    for name in args.criterion:
        old, new = as_often(*_opinions(args.before, args.after, name), name)
        before, after = with_opinions(before, name, old), with_opinions(after, name, new)
    measures = (*_measures(args.measure, args.margin), *map(judged, args.criterion))
    found = compare(before, after, measures, alpha=args.alpha)
    if args.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    else:
        print("\n".join(_lines(found)))
    return EXIT[found.decision]


def _opinions(before: Path, after: Path, criterion: str) -> tuple[list[Draw], list[Draw]]:
    """The draws of the evaluator that drew last in `after`, of those that judged both."""
    criterion_named(criterion)
    old, new = _draws(before, criterion), _draws(after, criterion)
    known = {draw.evaluator for draw in old}
    for draw in reversed(new):
        if draw.evaluator in known:
            return _of(draw.evaluator, old), _of(draw.evaluator, new)
    raise ContractBroken(
        f"{criterion} was judged by {old[-1].evaluator} and {new[-1].evaluator}: judge {before} again"
    )


def _draws(folder: Path, criterion: str) -> list[Draw]:
    found = [draw for draw in read_draws(folder) if criterion_of(draw) == criterion]
    if not found:
        raise ContractBroken(
            f"nobody has judged {criterion} in {folder}: antiphon eval judge {folder} --criterion {criterion}"
        )
    return found


def _of(evaluator: str, draws: list[Draw]) -> list[Draw]:
    return [draw for draw in draws if draw.evaluator == evaluator]


def _measures(names: list[str] | None, margins: list[str]) -> tuple[Measure, ...]:
    chosen = [measure_named(name) for name in names] if names else list(MEASURES)
    for each in margins:
        name, given, text = each.partition("=")
        if not given:
            raise ContractBroken(f"--margin {each}: write NAME=VALUE, such as latency_ms=500")
        wanted = measure_named(name)
        try:
            margin = float(text)
        except ValueError:
            raise ContractBroken(f"--margin {each}: {text!r} is no number") from None
        if not 0 < margin < inf:
            raise ContractBroken(f"--margin {each}: a margin is a number above 0")
        if all(measure.name != name for measure in chosen):
            raise ContractBroken(f"--margin {each}: --measure leaves {name} out; add --measure {name}")
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
        lines.append(f"{found.unpaired} conversations have none with that caller in the other run.")
    return lines


def _measure_lines(each: Compared) -> list[str]:
    scale, unit = (100.0, "%") if each.unit == "share" else (1.0, f" {each.unit}")
    change = each.difference
    numbers = [
        value * scale
        for value in (each.before, each.after, change.value, change.low, change.high, each.margin)
    ]
    if each.unit == "share":  # no share changes by more than all of it
        numbers = [min(max(number, -scale), scale) for number in numbers]
    before, after, value, low, high, margin = (_rounded(number) for number in numbers)
    lines = [
        f"{each.measure}: {_WORDS[each.decision]}",
        f"  {before} to {after}{unit}, change {value} ({low} to {high}) over {each.pairs} pairs;"
        f" {margin}{unit} would not matter",
    ]
    return [*lines, f"  would settle it: {each.settle}"] if each.settle else lines


def _rounded(number: float) -> str:
    text = f"{number:.1f}"
    return "0.0" if text == "-0.0" else text
