"""`antiphon eval judge RUN` and `antiphon eval replay RUN`: draws, verdicts, and the same verdicts again."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track

from antiphon.cli.commands import Commands
from antiphon.cli.eval_words import lines
from antiphon.contracts import ContractBroken, EngineSetup
from antiphon.evals.criteria import CRITERIA, Criterion, criterion_named
from antiphon.evals.draws import (
    DRAWS_FILE,
    append,
    criterion_of,
    level_of,
    people_say,
    read_draws,
    read_labels,
)
from antiphon.evals.judge import ModelJudge, settings_for
from antiphon.evals.judging import DEPTH_MOST, Concluded, Conclusions, conclude, judge_all, subjects_of
from antiphon.evals.levelled import levelled
from antiphon.evals.records import Conversation, conversations, read_run, write_whole
from antiphon.evals.spending import PILOT, plan
from antiphon.evals.verdict import by_subject
from antiphon.store import Store

VERDICT_FILE = "verdict.json"
_DEFAULT = "successful"
_AS_GOOD_AS = 5
"""Draws of everything, with `--draws auto`."""


def register(actions: Commands) -> None:
    """Add the actions."""
    judge = actions.add_parser("judge", help="judge a run's conversations, and say how sure that is")
    judge.add_argument("folder", type=Path, metavar="RUN")
    judge.add_argument(
        "--criterion",
        action="append",
        metavar="NAME",
        help=f"may be repeated (default: {_DEFAULT}): {', '.join(c.name for c in CRITERIA)}",
    )
    judge.add_argument(
        "--draws",
        default="auto",
        metavar="N|auto",
        help="of each subject; auto (the default): as exact as 5 of each, for as few calls as that takes",
    )
    judge.add_argument(
        "--depth",
        default="1",
        metavar="N|auto",
        help="judges of judges of ...; auto: until the rule says stop",
    )
    judge.add_argument("--at-least", type=float, metavar="SHARE", help="is the true rate this high?")
    judge.add_argument("--tolerance", type=float, metavar="SHARE", help="how far the interval may reach")
    judge.add_argument("--models", nargs="+", metavar="NAME", help="draw from these only: 1.5b, 0.5b")
    judge.add_argument("--seed", type=int, default=0, help="another one asks other questions")
    judge.add_argument("--no-draws", action="store_true", help="conclude from the draws there are")
    judge.add_argument("--json", action="store_true", help="print JSON")
    judge.set_defaults(run=_judge)

    replay = actions.add_parser(
        "replay",
        help="make a run's verdict again from its log, and compare to the bit",
        epilog="The exit code: 0 the same, 1 another one, or none is there.",
    )
    replay.add_argument("folder", type=Path, metavar="RUN")
    replay.add_argument("--json", action="store_true", help="print JSON")
    replay.set_defaults(run=_replay)


def _judge(args: argparse.Namespace) -> int:
    if args.draws != "auto" and (not args.draws.isdecimal() or int(args.draws) < 1):
        raise ContractBroken(f"--draws {args.draws}: a number from 1 on, or auto")
    if args.at_least is not None and not 0 < args.at_least <= 1:
        raise ContractBroken(f"--at-least {args.at_least}: a share, such as 0.8 for 80 %")
    if args.tolerance is not None and not 0 < args.tolerance < 1:
        raise ContractBroken(f"--tolerance {args.tolerance}: a share, such as 0.05 for 5 points")
    depths = _depths(args.depth)
    kept = _kept(args.folder)
    if not kept:
        raise ContractBroken(f"no conversation of {args.folder} counts: there is nothing to judge")
    criteria = [criterion_named(name) for name in args.criterion or [_DEFAULT]]
    if args.no_draws:
        _drawn_before(args.folder, args.criterion or [])
    drawing = criteria if not args.no_draws else ()
    judges = {criterion.name: _draw(args, criterion, kept, depths) for criterion in drawing}
    document = _concluded(args.folder, kept, judges, args.at_least, args.tolerance)
    write_whole(args.folder / VERDICT_FILE, document)
    if args.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    else:
        print("\n".join(line for each in document.criteria for line in lines(each)) or "nothing was drawn")
    return 0


def _drawn_before(folder: Path, criteria: Sequence[str]) -> None:
    """ContractBroken: nothing was drawn of one of them, or nothing at all."""
    drawn = {criterion_of(draw) for draw in read_draws(folder)}
    missing = [name for name in criteria if name not in drawn] or ([] if drawn else [_DEFAULT])
    if missing:
        raise ContractBroken(f"nobody has judged {', '.join(missing)} in {folder}: leave --no-draws out")


def _replay(args: argparse.Namespace) -> int:
    path = args.folder / VERDICT_FILE
    kept = _kept(args.folder)
    if not path.is_file():
        raise ContractBroken(f"{path} is not there: make a verdict with `antiphon eval judge {args.folder}`")
    told = path.read_bytes()
    try:
        before = msgspec.json.decode(told, type=Conclusions)
    except msgspec.MsgspecError as error:
        mend = f"make it again with `antiphon eval judge {args.folder} --no-draws`"
        raise ContractBroken(f"{path} is damaged: {error}; {mend}") from error
    judges = {each.verdict.criterion: each.evaluator for each in before.criteria}
    again = _concluded(args.folder, kept, judges, before.at_least, before.tolerance)
    same = msgspec.json.encode(again) == msgspec.json.encode(before)
    if args.json:
        document = {"same": same, "before": before, "again": again}
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
        return 0 if same else 1
    if same:
        print(f"the same to the bit: {len(before.criteria)} criteria")
        return 0
    for old, new in zip(before.criteria, again.criteria, strict=False):
        if old != new:
            print(f"{old.verdict.criterion}: was {old.verdict.answer}, is {new.verdict.answer}")
    print("another verdict: draws, labels or conversations have changed since it was made")
    return 1


def _kept(folder: Path) -> list[Conversation]:
    read_run(folder)
    return list(conversations(folder, kept_only=True))


def _depths(text: str) -> range:
    """The depths to try, one after another until the tower may stop."""
    if text == "auto":
        return range(2, DEPTH_MOST + 1)
    if not text.isdecimal() or int(text) < 1:
        raise ContractBroken(f"--depth {text}: a number from 1 on, or auto")
    return range(int(text), int(text) + 1)


def _draw(args: argparse.Namespace, criterion: Criterion, kept: Sequence[Conversation], depths: range) -> str:
    """Draw what there is to draw; the name of the judge that did."""
    subjects = [subject for each in kept for subject in subjects_of(each, criterion)]
    clusters = {subject.id: each.scenario for each in kept for subject in subjects_of(each, criterion)}
    labels = read_labels(args.folder)
    judge = ModelJudge.open(
        EngineSetup(weights=Store().folder, settings=settings_for(criterion.name, args.models or ()))
    )
    try:
        for depth in depths:
            for draws in _phases(args, criterion, judge.name, clusters):
                drawn = judge_all(
                    judge,
                    subjects,
                    draws=draws,
                    depth=depth,
                    seed=args.seed,
                    known=read_draws(args.folder),
                    labelled=people_say(labels, criterion.name),
                    keep=lambda draw: append(args.folder / DRAWS_FILE, [draw]),
                )
                what = f"{criterion.name}: level {depth}"
                for _ in track(drawn, what, len(subjects), console=Console(stderr=True)):
                    pass
            known = read_draws(args.folder)
            found = conclude(
                criterion.name,
                known,
                labels,
                clusters,
                at_least=args.at_least,
                tolerance=args.tolerance,
                evaluator=judge.name,
            )
            if found is None or (found.tower is not None and found.tower.stopped_at is not None):
                break
    finally:
        judge.close()
    return judge.name


def _phases(
    args: argparse.Namespace, criterion: Criterion, judge: str, clusters: Mapping[str, str]
) -> Iterator[Callable[[str], int]]:
    """How often to draw of a subject, by its id; what is planned is planned once the pilot has been drawn."""
    if args.draws != "auto":
        yield lambda _: int(args.draws)
        return
    human = people_say(read_labels(args.folder), criterion.name)
    human = {subject: value for subject, value in human.items() if subject in clusters}
    twice = set(list(human or clusters)[:PILOT])
    yield lambda subject: 2 if subject in twice else 1
    own = [
        draw
        for draw in read_draws(args.folder)
        if level_of(draw) == 1 and draw.evaluator == judge and draw.subject in clusters
    ]
    told = by_subject(own, levelled(own))
    known = {subject: [value for value in values if value is not None] for subject, values in told.items()}
    known = {subject: values for subject, values in known.items() if values}
    if len(human.keys() & known.keys()) >= 2:
        found = plan(known, clusters, human, as_good_as=_AS_GOOD_AS, at_least=args.at_least)
        yield lambda subject: found.labelled if subject in human else found.others


def _concluded(
    folder: Path,
    kept: Sequence[Conversation],
    judges: Mapping[str, str],
    at_least: float | None,
    tolerance: float | None,
) -> Conclusions:
    draws, labels = read_draws(folder), read_labels(folder)
    found: list[Concluded] = []
    for name in dict.fromkeys(criterion_of(draw) for draw in draws):
        criterion = criterion_named(name)
        clusters = {subject.id: each.scenario for each in kept for subject in subjects_of(each, criterion)}
        one = conclude(
            name,
            draws,
            labels,
            clusters,
            at_least=at_least,
            tolerance=tolerance,
            evaluator=judges.get(name, ""),
        )
        if one is not None:
            found.append(one)
    return Conclusions(criteria=tuple(found), at_least=at_least, tolerance=tolerance)
