"""Recordings of real people, read from a folder with a manifest, and the halves they are split into.

What is tuned is tuned on one half of the speakers and reported on the other. The split is by speaker, within
each set, and depends on nothing but the speakers' names.
"""

import argparse
import csv
import json
import os
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from antiphon.contracts import Audio, PrerequisiteMissing

Half: TypeAlias = Literal["tune", "report"]

FOLDER_ENV = "ANTIPHON_RECORDINGS"
DEFAULT_FOLDER = Path("../shared/data/speech")
_MANIFEST = "manifest.csv"


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One file of somebody speaking."""

    path: Path
    name: str
    """Relative to the folder, as the manifest has it."""
    set: str
    speaker: str
    half: Half
    transcript: str
    transcript_kind: str
    seconds: float
    longest_pause_s: float = 0.0
    """Of silence between two of its words, as the manifest has it."""
    labels: Mapping[str, Any]

    def audio(self, rate_hz: int) -> Audio:
        """Its first channel at `rate_hz`."""
        return first_channel(self.path, rate_hz)


def first_channel(path: Path, rate_hz: int) -> Audio:
    """The first channel of a sound file at `rate_hz`."""
    read: Callable[..., tuple[NDArray[np.float32], int]] = soundfile.read  # pyright: ignore - typed or not by what else is here
    samples, at_hz = read(path, dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(samples[:, 0], at_hz, rate_hz), dtype=np.float32)


def read_recordings(folder: Path | None = None) -> tuple[Recording, ...]:
    """Every recording of the folder, in the manifest's order.

    Args:
        folder: otherwise what the environment variable ANTIPHON_RECORDINGS names, or the default beside a
            working copy.

    Raises:
        PrerequisiteMissing: there is no such folder, or no manifest in it.
    """
    folder = folder or Path(os.environ.get(FOLDER_ENV, DEFAULT_FOLDER))
    try:
        with (folder / _MANIFEST).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise PrerequisiteMissing(
            f"there are no recordings in {folder}: {error.strerror}",
            remedy=f"name a folder with a {_MANIFEST} in {FOLDER_ENV} or by --recordings",
        ) from error
    halves = split((row["set"], row["speaker"]) for row in rows)
    return tuple(
        Recording(
            path=folder / row["file"],
            name=row["file"],
            set=row["set"],
            speaker=row["speaker"],
            half=halves[row["set"], row["speaker"]],
            transcript=row["transcript"],
            transcript_kind=row["transcript_kind"],
            seconds=float(row["seconds"] or 0),
            longest_pause_s=float(row.get("max_internal_pause_s") or 0),
            labels=json.loads(row["labels"] or "{}"),
        )
        for row in rows
    )


def add_recordings(parser: argparse.ArgumentParser, *, half: bool = False) -> None:
    """Let the command line say where the recordings are and, with `half`, which speakers count."""
    parser.add_argument(
        "--recordings", type=Path, metavar="DIR", help=f"a folder with a {_MANIFEST}; ${FOLDER_ENV} otherwise"
    )
    if half:
        parser.add_argument("--half", choices=("tune", "report"), default="report", help="which speakers")


def split(speakers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Half]:
    """Which half each `(set, speaker)` belongs to: every other one, in an order that their names decide."""

    def rank(key: tuple[str, str]) -> tuple[str, str]:
        return key[0], sha256(key[1].encode()).hexdigest()

    halves: dict[tuple[str, str], Half] = {}
    for _, keys in groupby(sorted(set(speakers), key=rank), key=lambda key: key[0]):
        for place, key in enumerate(keys):
            halves[key] = "report" if place % 2 == 0 else "tune"
    return halves
