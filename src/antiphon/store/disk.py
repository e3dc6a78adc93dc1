"""The disk's ways to fail, each turned into one line; and the sums that tell whether bytes are right."""

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from antiphon.contracts import AntiphonError
from antiphon.store.errors import DiskFull, NotPermitted

CHUNK_BYTES = 1 << 20

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_ROOM_SAID = re.compile(r"No space left on device|Disk quota exceeded|File too large|\[Errno (28|122|27)\]")
"""How programs that only leave text behind say that there is no room."""
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def disk_errors(folder: Path) -> Generator[None]:
    """Inside, an `OSError` becomes `DiskFull`, `NotPermitted` or `AntiphonError` about `folder`."""
    try:
        yield
    except OSError as error:
        place = error.filename or folder
        if is_no_room(error):
            raise no_room(folder) from error
        if error.errno in _FORBIDDEN:
            raise NotPermitted(f"{place} may not be written: {error.strerror}") from error
        raise AntiphonError(f"{place}: {error.strerror or error}") from error


def is_no_room(error: Exception) -> bool:
    """Whether `error` says that the disk, or this user's share of it, is full."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _NO_ROOM
    return NO_ROOM_SAID.search(str(error)) is not None


def no_room(folder: Path, *, needed: int = 0) -> DiskFull:
    """The error that says that `folder` can take no more, and why if the bytes `needed` are known."""
    wanted = f"; {human(needed)} are needed and {human(free_bytes(folder))} are free" if needed else ""
    return DiskFull(f"no room in {folder}{wanted}; make room and pull again, what was fetched so far is kept")


def free_bytes(folder: Path) -> int:
    """What this user may still write to the file system `folder` is on, or will be on once it is made."""
    return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free


def sha256_of(path: Path, on_bytes: Callable[[int], None] = lambda count: None) -> str:
    """The SHA-256 of a file, in lower-case hexadecimal; `on_bytes` hears how many bytes each step read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK_BYTES):
            digest.update(block)
            on_bytes(len(block))
    return digest.hexdigest()


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below `folder`; 0 when there is no such folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def settle(path: Path) -> None:
    """Wait until a file or folder is on the disk itself: a rename must never outrun what it names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def human(count: int) -> str:
    """Bytes as people read them, in decimal units."""
    if count < 1_000:
        return f"{count} B"
    size, unit = count / 1_000, "kB"
    for larger in ("MB", "GB", "TB"):
        if size < 1_000:
            break
        size, unit = size / 1_000, larger
    return f"{size:.1f} {unit}"
