"""One hand at a time on each model."""

import fcntl
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from antiphon.contracts import Busy


@contextmanager
def held(path: Path, model: str) -> Generator[None]:
    """Hold the lock file at `path` while inside. The kernel lets go of it when the process dies.

    Raises:
        Busy: another process, or another thread of this one, holds it; the text names which process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file is never deleted: a lock on a deleted file excludes nobody.
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise Busy(
                f"{model} is being worked on by {holder}; wait for it to end, then try again"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield
