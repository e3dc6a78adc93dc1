"""Conversations over a real Ray cluster: as they are by processes, whoever ends in between."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from antiphon.cli import main
from antiphon.contracts import PrerequisiteMissing
from antiphon.evals.crew import WorkerLost, shared_out

SUITES = Path(__file__).parents[2] / "examples"
CONFIG = """
[engines]
embedder = { use = "scripted" }
language_model = { use = "antiphon.bench.reading_model:ReadingModel" }
"""
HANDS = '''
import os
import time
from pathlib import Path

from antiphon.contracts import PrerequisiteMissing


class Mortal:
    """Ends its process at a job `ends` until there are so many traces of that."""

    def __init__(self, traces, lives):
        self.traces, self.lives = Path(traces), lives

    def do(self, job):
        if job[0] == "unready":
            raise PrerequisiteMissing("no weights", remedy="antiphon models pull")
        if job[0] == "ends" and len(list(self.traces.iterdir())) < self.lives:
            (self.traces / str(os.getpid())).touch()
            os.kill(os.getpid(), 9)
        return job

    def close(self):
        pass
'''


def conversations(folder: Path) -> dict[str, Any]:
    """What was said and what came of it; what the processor took for it is another each time."""
    found = sorted((folder / "conversations").glob("*.json"))
    return {path.stem: _untimed(json.loads(path.read_bytes())) for path in found}


def _untimed(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _untimed(each)
            for name, each in value.items()
            if name != "measures" and not name.endswith("_ms")
        }
    return [_untimed(each) for each in value] if isinstance(value, list) else value


def processes_of(session: int) -> list[str]:
    """The command lines of a session's processes that run."""
    found: list[str] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append((stat.parent / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("ray")
    (found / "antiphon.toml").write_text(CONFIG)
    (found / "hands_that_end.py").write_text(HANDS)
    return found


@pytest.fixture(scope="module")
def command(folder: Path) -> list[str]:
    """A run of two conversations with each of two callers."""
    told = ["--config", str(folder / "antiphon.toml"), "eval", "run", str(SUITES / "suites" / "restaurant.yaml")]
    return [*told, "--mode", "text", "--seeds", "2", "--workers", "2", "--json"]


@pytest.fixture(scope="module")
def ray_environment() -> Iterator[dict[str, str]]:
    """Ray's files and its key are the test's own; its sockets need a short path."""
    with TemporaryDirectory(prefix="ray") as home:
        yield {"HOME": home, "RAY_TMPDIR": home, "RAY_AUTH_MODE": "disabled"}


@pytest.fixture(scope="module")
def address(ray_environment: dict[str, str]) -> Iterator[str]:
    """A cluster that runs already, of two processors."""
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2"]
    ...
