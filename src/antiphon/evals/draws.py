"""Every draw that was ever made of a run, and every label: append-only, one JSON object a line.

    RUN/draws.jsonl     antiphon.contracts.Draw
    RUN/labels.jsonl    Label

Nothing is ever taken out: a failed draw is a line with its reason. A verdict is a pure function of these
files and of which conversation belongs to which scenario, so it can be made again, to the bit.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from antiphon.contracts import Draw, Subject
from antiphon.evals.records import RunUnreadable

DRAWS_FILE = "draws.jsonl"
LABELS_FILE = "labels.jsonl"
_BYTES_MAX = 512 * 2**20
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?$)')

T = TypeVar("T")


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says of a subject."""

    subject: str
    criterion: str
    rater: str
    value: Annotated[float, msgspec.Meta(ge=0, le=1)]
    """From 0, bad, to 1, good."""


def level_of(draw: Draw) -> int:
    """1 for a judgment of a conversation, 2 for one of that judgment, and so on."""
    return int(draw.details.get("level", 1))


def about(draw: Draw) -> str:
    """The id of the conversation or turn that the draw is in the end about."""
    return str(draw.details.get("about", draw.subject))


def criterion_of(draw: Draw) -> str:
    """What it judges."""
    return str(draw.details.get("criterion", draw.evaluator))


def name_of(draw: Draw) -> str:
    """The id under which a draw is judged."""
    return f"{draw.evaluator}/{draw.subject}/{draw.seed}"


def as_subject(draw: Draw, of: Subject) -> Subject:
    """A draw on `of` as something to be judged in its turn."""
    return Subject(
        id=name_of(draw),
        kind="draw",
        content={"subject": msgspec.to_builtins(of), "draw": msgspec.to_builtins(draw)},
    )


def read_draws(folder: Path) -> list[Draw]:
    """All draws of a run, in the order in which they were made; none when none were.

    What two processes drew at once is one draw: evaluator, subject and seed say all of it.

    Raises:
        RunUnreadable: a line is damaged.
    """
    once: dict[tuple[str, str, str, int], Draw] = {}
    for draw in _read(folder / DRAWS_FILE, Draw):
        once.setdefault((draw.evaluator, criterion_of(draw), draw.subject, draw.seed), draw)
    return list(once.values())


def read_labels(folder: Path) -> list[Label]:
    """All labels of a run. Errors are those of `read_draws`."""
    return _read(folder / LABELS_FILE, Label)


def append(path: Path, lines: Iterable[msgspec.Struct]) -> None:
    """Add lines. What a crash leaves of a line is mended at the next one, and was never counted."""
    encoded = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    if path.exists() and not _ends_whole(path):
        encoded = b"\n" + encoded
    with path.open("ab") as file:
        file.write(encoded)


def people_say(labels: Sequence[Label], criterion: str) -> Mapping[str, float]:
    """For each labelled subject, the mean over its raters; a rater who changed their mind counts as they last
    said."""
    last = {(label.subject, label.rater): label.value for label in labels if label.criterion == criterion}
    found: dict[str, list[float]] = {}
    for (subject, _), value in last.items():
        found.setdefault(subject, []).append(value)
    return {subject: sum(values) / len(values) for subject, values in found.items()}


def _read(path: Path, kind: type[T]) -> list[T]:
    if not path.exists():
        return []
    if path.stat().st_size > _BYTES_MAX:
        raise RunUnreadable(f"{path} is larger than {_BYTES_MAX // 2**20} MiB: nothing here wrote it")
    found: list[T] = []
    lines = path.read_bytes().split(b"\n")
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(decoder.decode(line))
        except msgspec.MsgspecError as error:
            if _torn(line):
                continue
            raise RunUnreadable(f"{path}, line {number}, is damaged: {error}; remove the line") from error
    return found


def _torn(line: bytes) -> bool:
    """Whether a crash has left only the beginning of it: what was opened is not closed."""
    bare = _STRING.sub(b"", line)
    return line.startswith(b"{") and bare.count(b"{") > bare.count(b"}")


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if not size:
            return True
        file.seek(size - 1)
        return file.read(1) == b"\n"
