"""`antiphon eval label RUN`: people say how it was, blind to what judges said, in an order of chance."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from zlib import crc32

from antiphon.cli.commands import Commands, count_from
from antiphon.contracts import ContractBroken, Subject
from antiphon.evals.agreement import agreement
from antiphon.evals.criteria import CRITERIA, Criterion, criterion_named
from antiphon.evals.draws import LABELS_FILE, Label, append, read_labels
from antiphon.evals.judging import subjects_of
from antiphon.evals.records import conversations, read_run

_ANSWERS = {"y": 1.0, "n": 0.0, "h": 0.5}
_WORDS = {"yes": "y", "no": "n", "half": "h", "skip": "s", "stop": "q", "quit": "q"}
_AUDIO = "its sound: {}"


def register(actions: Commands) -> None:
    """Add the action."""
    parser = actions.add_parser("label", help="say of a run's conversations how they were, for calibration")
    parser.add_argument("folder", type=Path, metavar="RUN")
    parser.add_argument("--rater", required=True, metavar="NAME", help="who you are; two raters tell more")
    parser.add_argument(
        "--criterion", default="successful", metavar="NAME", help=", ".join(c.name for c in CRITERIA)
    )
    parser.add_argument(
        "--most", type=count_from(1), default=100, metavar="N", help="stop after so many (default: 100)"
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    if not args.rater.strip():
        raise ContractBroken("--rater: say who you are, such as --rater ada")
    read_run(args.folder)
    criterion = criterion_named(args.criterion)
    done = {
        label.subject
        for label in read_labels(args.folder)
        if label.rater == args.rater and label.criterion == criterion.name
    }
    drawn = _in_order(args.folder, criterion)[: args.most]
    if not drawn:
        raise ContractBroken(f"no conversation of {args.folder} counts: there is nothing to label")
    waiting = [(subject, audio) for subject, audio in drawn if subject.id not in done]
    print(f"{len(drawn) - len(waiting)} of {len(drawn)} done. y: yes, n: no, h: half, s: skip, q: stop")
    for subject, audio in waiting:
        answer = _asked(subject, audio, criterion)
        if answer == "q":
            break
        if answer in _ANSWERS:
            label = Label(
                subject=subject.id, criterion=criterion.name, rater=args.rater, value=_ANSWERS[answer]
            )
            append(args.folder / LABELS_FILE, [label])
    print("\n".join(_agreement(read_labels(args.folder), criterion)))
    return 0


def _in_order(folder: Path, criterion: Criterion) -> list[tuple[Subject, str | None]]:
    """The same random order for every rater of a run, so that two who stop early have labelled the same."""
    found = [
        (subject, str(folder / each.audio) if each.audio else None)
        for each in conversations(folder, kept_only=True)
        for subject in subjects_of(each, criterion)
    ]
    found.sort(key=lambda one: crc32(f"{criterion.name} {one[0].id}".encode()))
    Random(criterion.name).shuffle(found)  # noqa: S311 - no secret
    return found


def _asked(subject: Subject, audio: str | None, criterion: Criterion) -> str:
    print("\n" + "\n".join(_shown(subject)))
    if audio:
        print(_AUDIO.format(audio))
    print(f"\n{criterion.wordings[0]} {criterion.is_not}".rstrip())
    while True:
        print("y/n/h/s/q> ", end="", flush=True)
        line = sys.stdin.readline()
        word = line.strip().casefold() if line else "q"
        answer = _WORDS.get(word, word)
        if answer in _WORDS.values():
            return answer


def _shown(subject: Subject) -> Iterator[str]:
    if notes := subject.content.get("notes"):
        yield str(notes)
    for line in subject.content.get("context") or ():
        yield f"  {line['role']}: {line['text']}"
    if response := subject.content.get("response"):
        yield f"> agent: {response}"


def _agreement(labels: Sequence[Label], criterion: Criterion) -> Iterator[str]:
    own = [label for label in labels if label.criterion == criterion.name]
    raters = sorted({label.rater for label in own})
    yield f"{len({label.subject for label in own})} subjects labelled by {', '.join(raters) or 'nobody'}"
    found = agreement([(label.subject, label.rater, label.value) for label in own])
    if found is not None:
        yield (
            f"agreement on {found.subjects}: alpha {found.alpha:.2f}, same answer {100 * found.same:.0f} %"
            f" of the time; no judge can be asked for more"
        )
