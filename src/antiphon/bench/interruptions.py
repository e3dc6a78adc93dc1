"""`antiphon bench interruptions`: callers who cut in at any word of simulated conversations with a cast.

No move may be wrong, lost or made twice, no opening said again, no order placed twice or left out, and every
journal must replay: see `interrupted`. Time is virtual, so a minute of talk takes some tenths of a second.
With `--keep` what came of each conversation is kept, and the next run goes on.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import monotonic

import msgspec

from antiphon.bench.interrupted import Talked, improvised, judged, talk
from antiphon.bench.virtual import in_virtual_time
from antiphon.bench.writing import progress, write
from antiphon.evals.intervals import Estimate, wilson

TOOL_MS = (0.0, 400.0, 1500.0)
"""How long a tool takes, in turn."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `interruptions.json` holds."""

    talks: int
    turns: int
    cut_off: int
    """Answers that the caller cut off."""
    moves: int
    orders: int
    """Calls of a tool that changes something."""
    verdicts: dict[str, int]
    """What became of the proposals."""
    states: int
    """States that were replayed and compared."""
    prompts: int
    wrong: Estimate
    """Share of conversations with anything wrong; Wilson's interval."""
    problems: tuple[str, ...]
    seed: int


def arguments(parser: argparse.ArgumentParser) -> None:
    """What can be chosen about it."""
    parser.add_argument("--talks", type=int, default=1000, metavar="N", help="conversations; 1000")
    parser.add_argument("--seed", type=int, default=1, help="of what is said, and when; 1")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE.jsonl", help="keep what came of each, and go on from it"
    )
    parser.add_argument("--minutes", type=float, default=1e6, metavar="M", help="stop after so long")


def run(args: argparse.Namespace) -> int:
    result = measured(args.talks, args.seed, keep=args.keep, minutes=args.minutes)
    write("interruptions", result, _table(result), as_json=args.json, out=args.out, picture=_no_picture)
    return 1 if result.problems else 0


def measured(talks: int, seed: int, *, keep: Path | None = None, minutes: float = 1e6) -> Result:
    """Have the conversations; of those in `keep` it is known what came of them."""
    lines = keep.read_bytes().splitlines() if keep is not None and keep.exists() else []
    had = [msgspec.json.decode(line, type=Talked) for line in lines]
    until = monotonic() + minutes * 60
    for number in range(len(had), talks):
        if monotonic() > until:
            break
        progress(f"conversation {number + 1} of {talks}")
        had.append(one(seed, number))
        if keep is not None:
            with keep.open("ab") as file:
                file.write(msgspec.json.encode(had[-1]) + b"\n")
    return _summed(had, seed)


def one(seed: int, number: int) -> Talked:
    """The conversation of this number."""
    said = improvised(Random(f"{seed} {number}"))  # noqa: S311 - what is said, no secret
    return judged(in_virtual_time(talk)(said, tool_ms=TOOL_MS[number % len(TOOL_MS)]))


def _summed(had: Sequence[Talked], seed: int) -> Result:
    verdicts = sum((Counter(each.verdicts) for each in had), Counter[str]())
    return Result(
        talks=len(had),
        turns=sum(each.turns for each in had),
        cut_off=sum(each.cut_off for each in had),
        moves=sum(each.moves for each in had),
        orders=sum(each.orders for each in had),
        verdicts=dict(verdicts),
        states=sum(each.states for each in had),
        prompts=sum(each.prompts for each in had),
        wrong=wilson(sum(bool(each.wrong) for each in had), len(had)),
        problems=tuple(f"{number}: {what}" for number, each in enumerate(had) for what in each.wrong),
        seed=seed,
    )


def _table(result: Result) -> list[str]:
    wrong = result.wrong
    return [
        f"{result.talks} conversations, {result.turns} turns, {result.cut_off} answers cut off",
        f"{result.moves} moves, {result.orders} orders, proposals: "
        + ", ".join(f"{count} {outcome}" for outcome, count in sorted(result.verdicts.items())),
        f"{result.states} states and {result.prompts} prompts replayed",
        f"wrong: {wrong.value:.3f} ({wrong.low:.3f}–{wrong.high:.3f})",
        *result.problems[:20],
    ]


def _no_picture(result: Result, path: Path) -> None:
    del result, path
