"""What every bench leaves behind: a table or a document, and a folder with both and a picture."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

R = TypeVar("R")


def progress(what: str) -> None:
    """Say on standard error what is being done; on a terminal the line is written over."""
    end = "\r" if sys.stderr.isatty() else "\n"
    print(f"{what:<79}", end=end, file=sys.stderr, flush=True)


def write(
    name: str,
    result: R,
    table: Sequence[str],
    *,
    as_json: bool,
    out: Path | None,
    picture: Callable[[R, Path], None],
) -> None:
    """Print `result`, and write it to `out` when that is a folder.

    Raises:
        PrerequisiteMissing: by `picture`, which cannot be drawn; everything else is written by then.
    """
    document = msgspec.json.format(msgspec.json.encode(result), indent=2)
    print(document.decode() if as_json else "\n".join(table))
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.json").write_bytes(document)
    picture(result, out / f"{name}.svg")
