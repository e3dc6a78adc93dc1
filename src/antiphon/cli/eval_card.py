"""`antiphon eval judge-card`: what a judge is worth at a criterion, and which way it leans."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import track

from antiphon.cli.commands import Commands, count_from
from antiphon.cli.eval_words import share
from antiphon.contracts import ContractBroken, EngineSetup, Subject
from antiphon.evals.card import CARD_LEAST, JudgeCard, Judged, Lean, card
from antiphon.evals.criteria import CRITERIA, criterion_named
from antiphon.evals.draws import read_labels
from antiphon.evals.intervals import Estimate
from antiphon.evals.judge import ModelJudge, settings_for
from antiphon.evals.judging import seed_of, subjects_of
from antiphon.evals.manners import plain_manner
from antiphon.evals.probes import Planted, asking, leans, planted, self_preference
from antiphon.evals.records import conversations, read_run
from antiphon.store import Store

_LINE_BYTES_MAX = 2**20
_PROBES_LEAST = 2


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """A subject with what people say of it."""

    subject: Subject
    cluster: str
    human: tuple[float, ...]


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a file of judgments."""

    id: str
    context: list[dict[str, Any]]
    labels: dict[str, list[float]]
    scale: dict[str, tuple[float, float]]
    response: str | None = None
    meta: dict[str, Any] = {}


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints."""

    card: JudgeCard | None
    """None when too few subjects are labelled."""
    planted: Planted | None


def register(actions: Commands) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "judge-card", help="a judge against people: how good, worth what, which way it leans"
    )
    parser.add_argument(
        "--criterion",
        default="fitting",
        metavar="NAME",
        help=f"{', '.join(c.name for c in CRITERIA)} (default: fitting)",
    )
    parser.add_argument(
        "--labels",
        type=Path,
        required=True,
        metavar="PATH",
        help="a run, with labels or without, or a JSONL file: id, context, response, labels, scale,"
        " meta.cluster; without labels there is no card, and defects are planted all the same",
    )
    parser.add_argument(
        "--items", type=count_from(1), default=100, metavar="N", help="labelled subjects (default: 100)"
    )
    parser.add_argument(
        "--probes",
        type=count_from(0),
        default=20,
        metavar="N",
        help="of these, for leans and planted defects, 2 at least; 0: none (default: 20)",
    )
    parser.add_argument(
        "--draws", type=count_from(1), default=2, metavar="N", help="of each subject (default: 2)"
    )
    parser.add_argument("--models", nargs="+", metavar="NAME", help="draw from these only: 1.5b, 0.5b")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    criterion = criterion_named(args.criterion)
    labelled = _read(args.labels, criterion.name)
    Random(args.seed).shuffle(labelled)  # noqa: S311 - no secret
    labelled = labelled[: args.items]
    human = [each for each in labelled if each.human]
    few = _too_few(len(human), criterion.name)
    if few and min(args.probes, len(labelled)) < _PROBES_LEAST:
        raise ContractBroken(f"{args.labels}: {few}; defects are planted in {_PROBES_LEAST} subjects or more")
    judge = ModelJudge.open(
        EngineSetup(weights=Store().folder, settings=settings_for(criterion.name, args.models or ()))
    )
    bar = Console(stderr=True)
    try:
        judged: list[Judged] = []
        for each in track(human, "judging", console=bar) if not few else ():
            values = [
                judge.draw(each.subject, seed_of(args.seed, each.subject.id, count)).value
                for count in range(args.draws)
            ]
            judged.append(_judged(each, values))
        found, defects = _probed(judge, criterion.name, labelled[: args.probes], args.models, bar)
        enough = sum(each.value is not None for each in judged) >= CARD_LEAST
        told = card(criterion.name, judge.name, judged, found) if enough else None
        document = _Document(card=told, planted=defects)
    finally:
        judge.close()
    if args.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    else:
        print("\n".join(_lines(document, few)))
    return 0


def _too_few(labels: int, criterion: str) -> str:
    """Why there can be no card; empty when there can."""
    if labels >= CARD_LEAST:
        return ""
    more = f"antiphon eval label RUN --rater NAME --criterion {criterion}"
    return f"no card: {labels} labelled of the {CARD_LEAST} that it takes at least ({more})"


def _probed(
    judge: ModelJudge, criterion: str, some: Sequence[Labelled], models: Sequence[str] | None, bar: Console
) -> tuple[list[Lean], Planted | None]:
    if len(some) < _PROBES_LEAST:
        return [], None
    manner, ask = plain_manner((models or ["0.5b"])[0]), asking(judge)
    pairs = [(each.subject, each.cluster) for each in some]
    found = list(track(leans(ask, pairs, manner), "leans", console=bar, total=6))
    told = [(each.subject, each.cluster, sum(each.human) / len(each.human)) for each in some if each.human]
    found += self_preference(judge, ask, told, manner)
    return found, planted(ask, criterion, pairs, manner)


def _judged(each: Labelled, values: Sequence[float | None]) -> Judged:
    known = [value for value in values if value is not None]
    mean = sum(known) / len(known) if known else None
    return Judged(id=each.subject.id, cluster=each.cluster, value=mean, human=each.human)


def _read(path: Path, criterion: str) -> list[Labelled]:
    if path.is_dir():
        return _from_run(path, criterion)
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ContractBroken(f"{path} cannot be read: {error.strerror}") from error
    return [found for number, line in enumerate(lines, 1) for found in _from_line(path, number, line)]


def _from_run(folder: Path, criterion: str) -> list[Labelled]:
    read_run(folder)
    said: dict[str, dict[str, float]] = {}
    for label in read_labels(folder):
        if label.criterion == criterion:
            said.setdefault(label.subject, {})[label.rater] = label.value
    return [
        Labelled(subject=subject, cluster=each.scenario, human=tuple(said.get(subject.id, {}).values()))
        for each in conversations(folder, kept_only=True)
        for subject in subjects_of(each, criterion_named(criterion))
    ]


def _from_line(path: Path, number: int, line: bytes) -> Iterator[Labelled]:
    if len(line) > _LINE_BYTES_MAX:
        raise ContractBroken(f"{path}, line {number}, is longer than {_LINE_BYTES_MAX // 2**20} MiB")
    try:
        row = msgspec.json.decode(line, type=_Row)
    except msgspec.MsgspecError as error:
        raise ContractBroken(f"{path}, line {number}: {error}") from error
    nothing: tuple[str, list[float]] = ("", [])
    dimension, labels = next(iter(row.labels.items()), nothing)
    low, high = row.scale.get(dimension, (0.0, 1.0))
    if labels and not low <= min(labels) <= max(labels) <= high:
        raise ContractBroken(f"{path}, line {number}: {dimension} has labels outside of {low:g} to {high:g}")
    if labels and high > low:
        content: dict[str, Any] = {"context": row.context, "response": row.response}
        kind = "turn" if row.response else "conversation"
        yield Labelled(
            subject=Subject(id=row.id, kind=kind, content=content),
            cluster=str(row.meta.get("cluster", row.id)),
            human=tuple((value - low) / (high - low) for value in labels),
        )


def _lines(document: _Document, few: str) -> list[str]:
    none = few or f"no card: the judge answered for fewer than {CARD_LEAST} of those labelled"
    lines = _card_lines(document.card) if document.card else [none]
    if (found := document.planted) is not None:
        steps = ", ".join(f"{value:.2f}" for value in found.verdicts)
        lines.append(
            f"  planted in {found.subjects}: verdicts {steps} with {found.steps} defects, falling by"
            f" {_lean(found.drop)} from matched controls, which are blamed by {_lean(found.blamed)};"
            f" monotone in {share(found.falls)}; AUROC {found.auroc:.2f}"
        )
    return lines


def _card_lines(told: JudgeCard) -> list[str]:
    lines = [
        f"{told.evaluator}: worth {told.worth:.2f} labels a label, on {told.items} labelled subjects",
        f"  of the good it calls good {share(told.sensitivity)}, of the bad bad {share(told.specificity)};"
        f" J {_unless_none(told.youden)}, AUROC {told.auroc:.2f}, kappa {told.kappa:.2f}",
        f"  off by {_lean(told.off_by)};"
        f" calibration error {told.calibration_error:.2f}, {told.calibration_error_after:.2f} once mended;"
        f" {told.missing} missing",
    ]
    if told.ceiling is not None:
        lines.append(f"  people agree with each other: alpha {told.ceiling.alpha:.2f}")
    return [*lines, *(f"  {lean.probe} moves it by {_lean(lean.effect)}" for lean in told.leans)]


def _unless_none(youden: float | None) -> str:
    return "unknown" if youden is None else f"{youden:.2f}"


def _lean(found: Estimate) -> str:
    return f"{found.value:+.2f} ({found.low:+.2f} to {found.high:+.2f})"
