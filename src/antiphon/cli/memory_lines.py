"""The lines of JSON that `antiphon memory` reads and writes."""

from codecs import BOM_UTF8
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from antiphon.contracts import BadRequest, PrerequisiteMissing
from antiphon.memory import Turn
from antiphon.memory.graph import TEXT_CHARS_MAX
from antiphon.memory.view import day_of

T = TypeVar("T", bound=msgspec.Struct)

_STRIDE = 64
_LINE_BYTES_MAX = 8 * 2**20


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A line of what is ingested and exported."""

    id: str
    text: str
    speaker: str = ""
    time: str = ""
    conversation: str = ""
    persona: str = ""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A line of what is asked."""

    text: str
    id: str = ""
    speaker: str = ""
    conversation: str = ""
    persona: str = ""
    since: str = ""
    until: str = ""


def utterances(file: BinaryIO, path: Path) -> Iterator[Turn]:
    """Every turn in `file`, which is at `path`.

    Raises:
        BadRequest: a line is none, lacks an id or a text, its text is too long, or its time is none.
    """
    for number, said in _decoded(file, Said, path):
        for name, given in (("id", said.id), ("text", said.text)):
            if not given.strip():
                raise BadRequest(
                    f"{path}, line {number}: the {name} is empty; fill it in or take the line out",
                    code=f"empty_{name}",
                )
        if len(said.text) > TEXT_CHARS_MAX:
            raise BadRequest(
                f"{path}, line {number}: a text of {len(said.text):,} characters; the most is "
                f"{TEXT_CHARS_MAX:,}, and longer ones are documents (antiphon memory add)",
                code="utterance_too_long",
            )
        if said.time and not _is_time(said.time):
            raise BadRequest(
                f"{path}, line {number}: the time {said.time[:40]!r} is not ISO 8601 (2025-03-01T10:00:00)",
                code="bad_time",
            )
        yield Turn(
            id=said.id,
            speaker=said.speaker,
            text=said.text,
            said_at=said.time,
            conversation=said.conversation,
            persona=said.persona,
        )


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return day_of(text) > 0


def strides(turns: Iterator[Turn]) -> Iterator[list[Turn]]:
    """`turns` in lists; those before a bad line come before its error does."""
    stride: list[Turn] = []
    try:
        for turn in turns:
            stride.append(turn)
            if len(stride) == _STRIDE:
                yield stride
                stride = []
    except BadRequest:
        yield stride
        raise
    yield stride


def queries(path: Path) -> Iterator[Query]:
    """Every query in the file at `path`.

    Raises:
        PrerequisiteMissing: it cannot be read.
        BadRequest: a line is none, or asks for a time that cannot be.
    """
    with reading(path) as file:
        for number, query in _decoded(file, Query, path):
            checked(query, f"{path}, line {number}: ")
            yield query


def checked(query: Query, where: str = "") -> Query:
    """`query`, if its times make sense; `where` begins what is said if they do not.

    Raises:
        BadRequest: `since` or `until` is no ISO date, or one excludes the other.
    """
    for name, told in (("since", query.since), ("until", query.until)):
        if told and not day_of(told):
            raise BadRequest(
                f"{where}{name} is {told[:40]!r}, which is no ISO date (2025-03-01)", code="bad_time"
            )
    if query.since and query.until and day_of(query.since) > day_of(query.until):
        raise BadRequest(
            f"{where}since {query.since} is after until {query.until}, so nothing is found; exchange them",
            code="bad_time",
        )
    return query


@contextmanager
def reading(path: Path) -> Generator[BinaryIO]:
    """The file at `path`, open.

    Raises:
        PrerequisiteMissing: it cannot be read.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise PrerequisiteMissing(
            f"{path} cannot be read: {error.strerror}", remedy="name another file"
        ) from error
    with file:
        yield file


def _decoded(file: BinaryIO, kind: type[T], path: Path) -> Iterator[tuple[int, T]]:
    """Each line with its number."""
    number = 0
    # A line without an end must not fill the memory before anybody looks at it.
    while line := file.readline(_LINE_BYTES_MAX + 1):
        number += 1
        if len(line) > _LINE_BYTES_MAX:
            raise BadRequest(
                f"{path}, line {number}: more than {_LINE_BYTES_MAX:,} bytes", code="line_too_long"
            )
        line = line.removeprefix(BOM_UTF8) if number == 1 else line
        if not line.strip():
            continue
        try:
            decoded = msgspec.json.decode(line, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadRequest(f"{path}, line {number}: {error}", code="bad_line") from error
        yield number, decoded
