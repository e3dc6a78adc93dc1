"""`antiphon bench regressions`: are faults planted in a real agent found, and nothing where there is none?

The callers of a suite talk to the cast, once as it is, once as it is with other dice (A/A), and once with
each regression planted (`antiphon eval run --plant`). Then the runs are compared as anybody would compare
them: an experiment looks after every round of the suite's callers, and stops when it has an answer. *Found*:
the share of experiments that call the version worse, at the latest after the stated number of pairs. Every
experiment has conversations of its own; intervals are Wilson's.

Who answers is the cast with a language model of rules that reads its prompt (`reading_model`), so that
thousands of conversations take minutes; `--model configured` takes the model of the configuration, and
`--mode speech` lets everybody speak. The conversations stay in DIR as runs, and what is there is not held
again.
"""

import argparse
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import sleep
from types import FrameType

import msgspec

from antiphon.bench.figures import Machine, machine
from antiphon.bench.writing import progress, write
from antiphon.contracts import EngineBroken
from antiphon.evals.comparing import EXIT, compare
from antiphon.evals.intervals import Estimate, wilson
from antiphon.evals.measured import MEASURES
from antiphon.evals.planted import PLANTS
from antiphon.evals.records import Conversation, conversations
from antiphon.evals.summary import BROKE_OFF

SAME = "same"
_BASE = "before"
_ROUND_SEEDS = 1000
"""Experiment e holds its round r with seed 1000 r + e."""
_OTHER_DICE = 1
_LOOKS_S = 0.1
_HELD = (None, 0, BROKE_OFF)
"""What a run that is well, or was held, ends with: what broke off counts, as it does for anybody."""
_MODELS: Mapping[str, str] = {
    "reading": '[engines]\nlanguage_model = { use = "antiphon.bench.reading_model:ReadingModel" }\n',
    "small": '[engines.language_model]\nuse = "ik"\n'
    'settings = { model = "qwen2.5-coder-0.5b-instruct-q4_k_m" }\n',
    "configured": "",
}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """How often a version was called what."""

    version: str
    experiments: int
    pairs_at_most: int
    """Of conversations, in one experiment; those that were set aside count as held."""
    worse: Estimate
    passed: Estimate
    """Called better or the same."""
    pairs: float | None
    """Until it was called worse, the median."""
    by: dict[str, int]
    """In how many experiments a measure was among those that called it worse."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `regressions.json` holds."""

    machine: Machine
    suite: str
    mode: str
    model: str
    scenarios: int
    set_aside: int
    """Conversations that the gate did not keep."""
    held: int
    found: tuple[Found, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=Path, required=True, metavar="DIR", help="where the runs are kept")
    parser.add_argument(
        "--suite", type=Path, default=Path("examples/suites/restaurant.yaml"), metavar="SUITE"
    )
    parser.add_argument("--mode", choices=("text", "speech"), default="text", help="text otherwise")
    parser.add_argument("--model", choices=tuple(_MODELS), default="reading", help="who answers; reading")
    parser.add_argument("--experiments", type=int, default=20, metavar="N", help="with each fault; 20")
    parser.add_argument("--same", type=int, default=80, metavar="N", help="without a fault; 80")
    parser.add_argument("--rounds", type=int, default=6, metavar="N", help="in an experiment, at most; 6")
    parser.add_argument(
        "--plants", nargs="+", default=list(PLANTS), choices=(*PLANTS, SAME), help="these only; all"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="runs at once; 2")
    parser.add_argument("--only-read", action="store_true", help="hold none; read what is there")


def run(args: argparse.Namespace) -> int:
    versions = list(dict.fromkeys((SAME, *args.plants))) if args.same else list(args.plants)
    if not args.only_read:
        _hold_all(args, versions)
    before = _by_seed(args.runs / _BASE)
    after = {version: _by_seed(args.runs / version) for version in versions}
    every = [each for runs in (before, *after.values()) for them in runs.values() for each in them]
    result = Result(
        machine=machine(),
        suite=args.suite.stem,
        mode=args.mode,
        model=args.model,
        scenarios=len({each.scenario for each in every}),
        set_aside=sum(not each.gate.kept for each in every),
        held=len(every),
        found=tuple(found(version, before, after[version], args.rounds) for version in versions),
    )
    write("regressions", result, list(_table(result)), as_json=args.json, out=args.out, picture=_no_picture)
    return 0


def found(
    version: str,
    before: Mapping[int, Sequence[Conversation]],
    after: Mapping[int, Sequence[Conversation]],
    rounds: int,
) -> Found:
    """Let every experiment that both versions have begun come to its answer."""
    experiments = sorted({seed % _ROUND_SEEDS for seed in before.keys() & after.keys()})
    answers = [_until_decided(each, before, after, rounds) for each in experiments]
    worse = [(pairs, by) for code, pairs, by in answers if code == EXIT["worse"]]
    return Found(
        version=version,
        experiments=len(answers),
        pairs_at_most=max((len(after[seed]) for seed in after), default=0) * _rounds_of(after, rounds),
        worse=wilson(len(worse), len(answers)),
        passed=wilson(sum(code == EXIT["same"] for code, _, _ in answers), len(answers)),
        pairs=median(pairs for pairs, _ in worse) if worse else None,
        by={
            measure.name: count
            for measure in MEASURES
            if (count := sum(measure.name in by for _, by in worse))
        },
    )


def _rounds_of(after: Mapping[int, Sequence[Conversation]], rounds: int) -> int:
    return min(rounds, len({seed // _ROUND_SEEDS for seed in after}))


def _until_decided(
    experiment: int,
    before: Mapping[int, Sequence[Conversation]],
    after: Mapping[int, Sequence[Conversation]],
    rounds: int,
) -> tuple[int, int, tuple[str, ...]]:
    """The exit code, after how many pairs, and which measures called it worse."""
    old: list[Conversation] = []
    new: list[Conversation] = []
    pairs = 0
    for seed in (number * _ROUND_SEEDS + experiment for number in range(rounds)):
        old += before.get(seed, ())
        new += after.get(seed, ())
        compared = compare(old, new, MEASURES)
        pairs = compared.pairs
        if EXIT[compared.decision] != EXIT["cannot tell"]:
            by = tuple(each.measure for each in compared.compared if each.decision == "worse")
            return EXIT[compared.decision], pairs, by
    return EXIT["cannot tell"], pairs, ()


def _by_seed(folder: Path) -> dict[int, list[Conversation]]:
    runs: dict[int, list[Conversation]] = {}
    for each in conversations(folder):
        runs.setdefault(each.seed, []).append(each)
    return runs


def _hold_all(args: argparse.Namespace, versions: Sequence[str]) -> None:
    """Round by round, all versions beside each other: what the machine does meanwhile strikes them alike."""
    most = max(args.experiments, args.same if SAME in versions else 0)
    seeds: dict[str, int] = dict.fromkeys(versions, int(args.experiments))
    seeds |= {_BASE: most, SAME: int(args.same)}
    args.runs.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        config = Path(folder) / "antiphon.toml"
        config.write_text(_MODELS[args.model], encoding="utf-8")
        for number in range(args.rounds):
            first = number * _ROUND_SEEDS + 1
            progress(f"round {number + 1} of {args.rounds}")
            left = [_command(args, config, each, first, seeds[each]) for each in (_BASE, *versions)]
            _all_run(left, args.workers, args.runs / "log")


def _command(args: argparse.Namespace, config: Path, version: str, first: int, seeds: int) -> list[str]:
    command = [sys.executable, "-m", "antiphon", "--config", str(config), "eval", "run", str(args.suite)]
    command += ["--mode", args.mode, "--out", str(args.runs / version)]
    command += ["--first-seed", str(first), "--seeds", str(seeds)]
    if version != _BASE:
        command += ["--dice", str(_OTHER_DICE)]
    return [*command, "--plant", version] if version in PLANTS else command


def _all_run(commands: list[list[str]], at_once: int, log: Path) -> None:
    """Run them all, some at once; when this process is told to end, so are they."""
    running: list[subprocess.Popen[bytes]] = []
    before = signal.signal(signal.SIGTERM, _ended)
    try:
        with log.open("ab") as out:
            while commands or running:
                while commands and len(running) < at_once:
                    command = commands.pop(0)
                    running.append(subprocess.Popen(command, stdout=out, stderr=out))  # noqa: S603 - our own
                sleep(_LOOKS_S)
                if failed := [each for each in running if each.poll() not in _HELD]:
                    end = log.read_text(encoding="utf-8", errors="replace")[-600:].strip()
                    raise EngineBroken(
                        "eval run", f"{failed[0].args} ended with {failed[0].returncode}: {end}"
                    )
                running = [each for each in running if each.poll() is None]
    finally:
        for each in running:
            each.terminate()
            each.wait()
        signal.signal(signal.SIGTERM, before)


def _ended(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _table(result: Result) -> Iterator[str]:
    yield (
        f"{result.suite}, {result.mode}, model {result.model}: {result.held} conversations with"
        f" {result.scenarios} callers, {result.set_aside} of them set aside"
    )
    heads = f"{'version':<12} {'experiments':>11} {'pairs':>6}   {'called worse':<22} {'passed':<20}"
    yield f"{heads} pairs, median"
    for each in result.found:
        pairs = "" if each.pairs is None else f"{each.pairs:g}"
        by = ", ".join(f"{name} {count}" for name, count in each.by.items())
        yield (
            f"{each.version:<12} {each.experiments:>11} {each.pairs_at_most:>6}   {_share(each.worse):<22}"
            f" {_share(each.passed):<20} {pairs:<5} {by}"
        )


def _share(found: Estimate) -> str:
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%})"


def _no_picture(result: Result, path: Path) -> None:
    """A table says it all."""
