"""Jobs are handed out here and to processes, and each comes back once."""

import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from antiphon.contracts import PrerequisiteMissing
from antiphon.evals import crew
from antiphon.evals.crew import Job, Where, WorkerLost, shared_out

JOBS: list[Job] = [(name, seed) for name in ("a", "b") for seed in (1, 2, 3)]

# In a module of its own: what travels to other processes must be found by name there.
HANDS = '''
import os

from antiphon.contracts import PrerequisiteMissing


class Counting:
    """Says which job it did, in which process."""

    def __init__(self, prefix):
        self.prefix = prefix

    def do(self, job):
        if job[0] == "broken":
            raise RuntimeError("a job broke")
        if job[0] == "unopened":
            raise PrerequisiteMissing("no weights", remedy="antiphon models pull")
        if job[0] == "deadly":
            os.kill(os.getpid(), 9)
        return f"{self.prefix}{job[0]}{job[1]}", os.getpid()

    def close(self):
        pass
'''


@pytest.fixture
def hire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    (tmp_path / "counting_hands.py").write_text(HANDS)
    monkeypatch.syspath_prepend(tmp_path)
    return partial(import_module("counting_hands").Counting, "did ")


def done(found: list[tuple[str, int]]) -> bool:
    return sorted(text for text, _ in found) == sorted(f"did {name}{seed}" for name, seed in JOBS)


@pytest.mark.parametrize(("where", "workers"), [("here", 1), ("processes", 1), ("processes", 2)])
def test_every_job_is_done_once(hire: Callable[[], Any], where: Where, workers: int) -> None:
    found = list(shared_out(hire, JOBS, where=where, workers=workers))
    assert done(found)
    here = {process for _, process in found} == {os.getpid()}
    assert here is (workers == 1)


def test_what_breaks_a_job_is_raised(hire: Callable[[], Any]) -> None:
    with pytest.raises(RuntimeError, match="a job broke"):
        list(shared_out(hire, [*JOBS[:2], ("broken", 1)], where="processes", workers=2))


def test_an_error_of_a_worker_arrives_whole(hire: Callable[[], Any]) -> None:
    with pytest.raises(PrerequisiteMissing, match="mend it with: antiphon models pull") as raised:
        list(shared_out(hire, [("unopened", 1), ("unopened", 2)], where="processes", workers=2))
    assert raised.value.remedy == "antiphon models pull"


def test_a_worker_that_ends_is_told_of(hire: Callable[[], Any]) -> None:
    with pytest.raises(WorkerLost, match="a worker process ended in the middle of a job"):
        list(shared_out(hire, [*JOBS[:2], ("deadly", 1)], where="processes", workers=2))


def test_without_ray_it_says_what_to_install(
    hire: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "find_spec", lambda name: None)
    with pytest.raises(PrerequisiteMissing, match=r"pip install 'antiphon\[ray\]'"):
        list(shared_out(hire, JOBS, where="ray", workers=2))
