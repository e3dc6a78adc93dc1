"""`antiphon eval run`: hold every conversation of a suite, as often as told, and write them down."""

import argparse
import os
import signal
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from threading import Event
from types import FrameType
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from antiphon.bench.figures import machine
from antiphon.cli.cast import read_text
from antiphon.cli.commands import Commands, count_from
from antiphon.cli.eval_suite import cast_file, jobs_of, open_suite, suite_problems
from antiphon.cli.eval_summary import summary_lines
from antiphon.cli.eval_work import Assignment, Made, SpeechHand, TextHand
from antiphon.contracts import ConfigInvalid
from antiphon.evals.crew import Job, shared_out
from antiphon.evals.draws import about, read_draws, read_labels
from antiphon.evals.making import conversation_id
from antiphon.evals.planted import PLANTS, planted
from antiphon.evals.records import (
    RUN_FILE,
    Conversation,
    Machine,
    Run,
    broke_off,
    conversations,
    done,
    read_run,
    write_all_of,
    write_conversation,
    write_run,
)
from antiphon.evals.scenario import Suite
from antiphon.evals.schema import suite_schema
from antiphon.evals.summary import BROKE_OFF, summarized
from antiphon.runtime import Config, load_config

_VERSIONS = ("antiphon", "numpy", "onnxruntime", "ctranslate2", "hibari-tts", "xllamacpp")

_TALE = """\
The run is a folder: run.json, one JSON file for each conversation, and its sound. What is there already is
not held again, so a run that was ended goes on with the same command. Conversations that broke off,
because an engine or the line did, are held again by it, unless they have been judged or labelled.

The exit code: 0 all were held, whether they succeeded or not; 1 an error kept the run from going on; 2 the
command is wrong; 3 all were held and some broke off, which count as no success."""


def register(commands: Commands) -> None:
    """Add `run`, `check` and `schema`."""
    run = commands.add_parser(
        "run",
        help="let the callers of a suite talk to the agent",
        description="Let the simulated callers of a suite talk to the agent, by speech or in writing.",
        epilog=_TALE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("suite", type=Path, metavar="SUITE", help="such as examples/suites/restaurant.yaml")
    run.add_argument("--mode", choices=("text", "speech"), default="speech", help="speech otherwise")
    run.add_argument(
        "--seeds", type=count_from(1), default=1, metavar="N", help="conversations with each caller; 1"
    )
    run.add_argument("--first-seed", type=count_from(0), default=1, metavar="N", help="1 otherwise")
    run.add_argument("--only", nargs="+", default=[], metavar="SCENARIO", help="these callers only")
    run.add_argument("--out", type=Path, metavar="RUN", help="the run's folder; runs/SUITE-MODE otherwise")
    run.add_argument("--url", default="", help="a server that runs; otherwise one is started")
    run.add_argument("--phrase", action="store_true", help="let the small model phrase what callers say")
    run.add_argument("--plant", nargs="+", default=[], choices=PLANTS, help="plant a regression in the agent")
    run.add_argument(
        "--dice", type=int, default=0, metavar="N", help="other dice of the agent's; callers keep theirs"
    )
    run.add_argument("--on", choices=("processes", "ray"), default="processes", help="here otherwise")
    run.add_argument("--workers", type=count_from(1), default=1, metavar="N", help="how many at once; 1")
    run.add_argument("--json", action="store_true", help="print the summary as one JSON document")
    run.set_defaults(run=_run)

    check = commands.add_parser("check", help="every problem of a suite file, with its line and what to do")
    check.add_argument("suite", type=Path, metavar="SUITE")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=_check)

    schema = commands.add_parser("schema", help="the JSON Schema of suite files, for editors")
    schema.set_defaults(run=_schema)


def _run(args: argparse.Namespace) -> int:
    config = load_config(args.config)
    suite, cast = open_suite(args.suite, config)
    unknown = [name for name in args.only if name not in suite.scenarios]
    if unknown:
        known = ", ".join(suite.scenarios)
        raise ConfigInvalid(tuple(f"there is no scenario {name}; known are {known}" for name in unknown))
    if (args.plant or args.dice) and args.url:
        raise ConfigInvalid(
            ("--plant and --dice are for an agent that the run starts: leave one of them or --url out",)
        )
    folder: Path = args.out or Path("runs") / f"{args.suite.stem}-{args.mode}"
    assignment = Assignment(
        suite=suite,
        cast=cast,
        cast_file=str(cast_file(suite, args.suite) or ""),
        mode=args.mode,
        config=planted(config, args.plant, args.dice) if args.plant or args.dice else config,
        url=args.url,
        phrase=args.phrase,
        ending=tuple(name for name, scene in cast.scenes.items() if scene.ends) if cast else (),
        tools=bool(cast and cast.tools),
    )
    run = _agreed(folder, _described(args, suite, config))
    jobs = jobs_of(suite, seeds=args.seeds, first_seed=args.first_seed, only=args.only)
    again = _held_again(folder)
    there = done(folder) - again.keys()
    left = [job for job in jobs if conversation_id(*job) not in there]
    console = Console(stderr=True)
    for line in _left_lines(jobs, left, again):
        console.print(line, highlight=False)
    with _ended_in_order() as told_to_end:
        _hold(folder, run, assignment, left, again, args, console, told_to_end)
    return _print(folder, as_json=args.json)


def _held_again(folder: Path) -> dict[str, Conversation]:
    """By id those that broke off and may be replaced: no label or draw is of one that is no more."""
    spoken_of = {about(draw) for draw in read_draws(folder)} | {each.subject for each in read_labels(folder)}
    judged = {subject.partition("#")[0] for subject in spoken_of}
    return {each.id: each for each in conversations(folder) if broke_off(each) and each.id not in judged}


def _left_lines(jobs: list[Job], left: list[Job], again: Mapping[str, Conversation]) -> Iterator[str]:
    if len(left) < len(jobs):
        yield f"{len(jobs) - len(left)} of {len(jobs)} conversations are there already"
    if broken := sum(conversation_id(*job) in again for job in left):
        yield f"{broken} of {len(jobs)} broke off and {'is' if broken == 1 else 'are'} held again"


@contextmanager
def _ended_in_order() -> Generator[Event]:
    """Being told to end unwinds as Ctrl-C does, so that no server is left behind.

    The event says that it was told: what is raised while a library calls back goes no further than there.
    """
    told = Event()

    def end(number: int, frame: FrameType | None) -> None:
        told.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield told
    finally:
        signal.signal(signal.SIGTERM, before)


def _hold(  # noqa: PLR0917 - what is held, where, how, and until when
    folder: Path,
    run: Run,
    assignment: Assignment,
    jobs: list[Job],
    again: Mapping[str, Conversation],
    args: argparse.Namespace,
    console: Console,
    told_to_end: Event,
) -> None:
    """Hold what is left; the folder is made with the first conversation, so that without one it is not."""
    hire = partial(TextHand if assignment.mode == "text" else SpeechHand, assignment)
    made = shared_out(hire, jobs, where=args.on, workers=args.workers) if jobs else iter(())
    if not jobs:
        write_run(folder, run)
    for number, each in enumerate(_shown(made, len(jobs), console)):
        if number == 0:
            write_run(folder, run)
        if each.sound is not None and each.conversation.audio is not None:
            write_all_of(folder / each.conversation.audio, each.sound)
        write_conversation(folder, _with_its_past(each.conversation, again))
        if told_to_end.is_set():
            raise KeyboardInterrupt


def _with_its_past(conversation: Conversation, again: Mapping[str, Conversation]) -> Conversation:
    """With what broke the one whose place it takes."""
    if (old := again.get(conversation.id)) is None:
        return conversation
    broken_before = (*old.broken_before, old.outcome.problem)
    return msgspec.structs.replace(conversation, broken_before=broken_before)


def _shown(made: Iterator[Made], total: int, console: Console) -> Iterator[Made]:
    """`made`, with a bar on a terminal; elsewhere a line at the beginning and one for each."""
    if not console.is_terminal:
        if total:
            print(f"{total} to hold; opening what answers", file=sys.stderr, flush=True)
        for number, each in enumerate(made, start=1):
            print(f"{number} of {total}: {_told(each)}", file=sys.stderr, flush=True)
            yield each
        return
    columns = (
        TextColumn("conversations"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", style="dim"),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("", total=total)
        for each in made:
            bars.update(task, advance=1, description=_told(each))
            yield each


def _told(made: Made) -> str:
    found = made.conversation
    if not found.gate.kept:
        return f"{found.id}: set aside ({found.gate.reasons[0]})"
    if broke_off(found):
        return f"{found.id}: broke off after {len(found.transcript)} lines ({found.outcome.problem})"
    came = {True: "success", False: "no success", None: "held"}[found.outcome.success]
    return f"{found.id}: {came}, {len(found.transcript)} lines, ended by {found.outcome.ended}"


def _agreed(folder: Path, run: Run) -> Run:
    """`run` as it is to be written into `folder`: what is there already goes on, if it is the same.

    Raises:
        ConfigInvalid: another run is there, or no run can be.
    """
    _can_be_written(folder)
    if not done(folder) or not (folder / RUN_FILE).exists():
        return run
    before = read_run(folder)
    same = ("suite_sha256", "mode", "agent")
    other = [name for name in same if getattr(before, name) != getattr(run, name)]
    if other:
        raise ConfigInvalid(
            (f"{folder} holds another run ({', '.join(other)} differ): name another folder with --out",)
        )
    return msgspec.structs.replace(before, seeds=tuple(sorted({*before.seeds, *run.seeds})))


def _can_be_written(folder: Path) -> None:
    """What is found out before the first conversation is not lost after it."""
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if not nearest.is_dir():
        raise ConfigInvalid((f"{nearest} is a file, and a run is a folder: name another one with --out",))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigInvalid((f"{nearest} cannot be written to: name another folder with --out",))


def _described(args: argparse.Namespace, suite: Suite, config: Config) -> Run:
    played = cast_file(suite, args.suite)
    model = config.engines["language_model"]
    agent: dict[str, Any] = {
        "cast": suite.cast,
        "cast_sha256": "" if played is None else sha256(played.read_bytes()).hexdigest(),
        "language_model": {"use": model.use, **model.settings},
        "plant": list(args.plant),
        "dice": args.dice,
        "phrase": args.phrase,
        "url": args.url,
    }
    here = machine()
    return Run(
        suite=suite.suite,
        suite_file=str(args.suite),
        suite_sha256=sha256(read_text(args.suite).encode()).hexdigest(),
        mode=args.mode,
        agent=agent,
        versions={"python": python_version(), **_versions()},
        scenarios=tuple(name for name in suite.scenarios if not args.only or name in args.only),
        seeds=tuple(range(args.first_seed, args.first_seed + args.seeds)),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=Machine(
            processor=here.processor, cores=here.cores, memory_mib=here.memory_mib, system=here.system
        ),
    )


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _print(folder: Path, *, as_json: bool) -> int:
    """Print the summary of the whole run; returns the exit code that goes with it."""
    found = summarized(read_run(folder), list(conversations(folder)))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    else:
        print("\n".join(summary_lines(found)))
        print(f"\nthe run is in {folder}; antiphon eval report {folder} draws it")
    if not found.problems:
        return 0
    print("\n".join(_broken_lines(sum(found.problems.values()), len(_held_again(folder)))), file=sys.stderr)
    return BROKE_OFF


def _broken_lines(broken: int, again: int) -> Iterator[str]:
    if again:
        yield f"{again} broke off: the same command holds {'it' if again == 1 else 'them'} again"
    if stay := broken - again:
        one = stay == 1
        yield (
            f"{stay} broke off and {'stays as it is' if one else 'stay as they are'}, because"
            f" {'it has' if one else 'they have'} been judged or labelled:"
            f" --out NEW holds {'it' if one else 'them'} again"
        )


def _check(args: argparse.Namespace) -> int:
    found = suite_problems(args.suite, load_config(args.config))
    if args.json:
        document = {"ok": not found, "file": str(args.suite), "problems": found}
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    for problem in found if not args.json else ():
        print(problem)
    if not found and not args.json:
        print(f"{args.suite}: nothing is wrong with it")
    return 1 if found else 0


def _schema(args: argparse.Namespace) -> int:
    sys.stdout.buffer.write(suite_schema())
    return 0
