"""Conversations over a real Ray cluster: as they are by processes, whoever ends in between."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from time import monotonic, sleep
from typing import IO, Any

import pytest
import soundfile

from antiphon.cli import main
from antiphon.contracts import EngineBroken, PrerequisiteMissing
from antiphon.evals.crew import Job, WorkerLost, shared_out
from antiphon.store.home import data_home

pytest.importorskip("ray", reason="make test-ray installs it")

SUITE = Path(__file__).parents[2] / "examples" / "suites" / "restaurant.yaml"
CONFIG = """
[engines]
embedder = { use = "scripted" }
language_model = { use = "antiphon.bench.reading_model:ReadingModel" }
"""
HANDS = '''
import os
from pathlib import Path

from antiphon.contracts import PrerequisiteMissing


class Mortal:
    """A job `ends` ends its process, so often as `times` says in all."""

    def __init__(self, traces, times):
        self.traces, self.times = Path(traces), times

    def do(self, job):
        if job[0] == "unready":
            raise PrerequisiteMissing("no weights", remedy="antiphon models pull")
        if job[0] == "ends" and len(list(self.traces.iterdir())) < self.times:
            (self.traces / str(os.getpid())).touch()
            os.kill(os.getpid(), 9)
        return job, os.getpid()

    def close(self):
        pass
'''
CALLERS = ("in_a_hurry", "the_wine")
READY_S = 120.0
STARTS_MAX = 3

Hire = Callable[[int], Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("on_ray")
    (found / "antiphon.toml").write_text(CONFIG)
    (found / "mortal_hands.py").write_text(HANDS)
    return found


@pytest.fixture(scope="module")
def surroundings() -> Iterator[None]:
    """Ray's files are this test's own; its sockets want a short path. The weights are where they were."""
    with TemporaryDirectory(prefix="ray") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTIPHON_HOME", str(data_home()))
        patch.setenv("HOME", home)
        patch.setenv("RAY_TMPDIR", home)
        patch.setenv("RAY_AUTH_MODE", "disabled")
        yield


class Cluster:
    """One of two processors, which ends with its first process."""

    def __init__(self, folder: Path, log: IO[bytes]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        options = [
            f"--port={self.port}",
            "--num-cpus=2",
            "--include-dashboard=false",
            "--disable-usage-stats",
        ]
        self._command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", *options]
        importable = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
        self._environment, self._log = {**os.environ, "PYTHONPATH": importable}, log
        self._starts = 0
        self.start()

    def start(self) -> None:
        """Ray gives itself half a minute; on a busy machine that may not do at first."""
        self._starts += 1
        assert self._starts <= STARTS_MAX, "the cluster does not begin"
        self._process = subprocess.Popen(
            self._command, stdout=self._log, stderr=self._log, env=self._environment
        )

    def answers(self) -> bool:
        """Whether it does by now; it is started again if it has ended."""
        if self._process.poll() is not None:
            self.start()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(60)


@pytest.fixture(scope="module")
def starting(surroundings: None, folder: Path) -> Iterator[Cluster]:
    """A cluster that is being started."""
    with TemporaryFile() as log:
        cluster = Cluster(folder, log)
        try:
            yield cluster
        finally:
            cluster.end()


def run(folder: Path, where: str, name: str, *, mode: str = "text", callers: Sequence[str] = CALLERS) -> int:
    told = ["--config", str(folder / "antiphon.toml"), "eval", "run", str(SUITE), "--mode", mode]
    several = ["--only", *callers, "--seeds", "2", "--workers", "2"]
    return main([*told, *several, "--on", where, "--out", str(folder / name), "--json"])


@pytest.fixture(scope="module")
def by_processes(folder: Path, starting: object) -> dict[str, Any]:
    """What was said by processes, while the cluster starts."""
    assert run(folder, "processes", "by_processes") == 0
    return said(folder / "by_processes")


@pytest.fixture
def cluster(starting: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that runs already."""
    until = monotonic() + READY_S
    while not starting.answers():
        assert monotonic() < until, "the cluster does not begin"
        sleep(0.1)
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{starting.port}")


@pytest.fixture
def hire(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hire:
    """Hands that end their process so many times in all."""
    monkeypatch.syspath_prepend(folder)
    return lambda times: partial(import_module("mortal_hands").Mortal, str(tmp_path), times)


def said(folder: Path) -> dict[str, Any]:
    """All of a run's conversations but what the processor took for them."""
    found = sorted((folder / "conversations").glob("*.json"))
    return {path.stem: _untimed(json.loads(path.read_bytes())) for path in found}


def _untimed(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: each for name, each in value.items() if name != "measures" and not name.endswith("_ms")}
        return {name: _untimed(each) for name, each in kept.items()}
    return [_untimed(each) for each in value] if isinstance(value, list) else value


def test_conversations_are_those_of_processes(
    folder: Path, by_processes: dict[str, Any], cluster: None, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert run(folder, "ray", "on_ray") == 0
    assert said(folder / "on_ray") == by_processes
    assert len(by_processes) == 4
    printed = capfd.readouterr()
    assert json.loads(printed.out)["conversations"] == 4
    opening, *held = printed.err.splitlines()
    assert opening.startswith("4 to hold")
    assert [line.split(":")[0] for line in held] == [f"{n} of 4" for n in (1, 2, 3, 4)]


def test_callers_speak_from_workers_with_a_server_of_their_own(
    folder: Path, cluster: None, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "ray", "spoken", mode="speech", callers=CALLERS[:1]) == 0
    assert json.loads(capfd.readouterr().out)["conversations"] == 2
    for call in said(folder / "spoken").values():
        heard = {line["who"]: line["transcribed"] for line in call["transcript"]}
        assert set(heard) == {"caller", "agent"}
        assert all(heard.values())
        assert soundfile.info(folder / "spoken" / call["audio"]).duration > 10


def test_a_job_whose_worker_ends_is_done_by_another_and_who_finds_no_room_is_not_waited_for(
    cluster: None, hire: Hire, capfd: pytest.CaptureFixture[str]
) -> None:
    jobs: list[Job] = [("a", 1), ("ends", 1), ("a", 2), ("a", 3)]
    found = list(shared_out(hire(1), jobs, where="ray", workers=4))
    assert sorted(job for job, _ in found) == sorted(jobs)
    assert os.getpid() not in {process for _, process in found}
    assert capfd.readouterr() == ("", "")


def test_a_job_that_ends_every_worker_and_one_that_cannot_begin_are_told_of(
    cluster: None, hire: Hire
) -> None:
    with pytest.raises(WorkerLost, match="3 workers ended in the middle of a job"):
        list(shared_out(hire(9), [("ends", 1)], where="ray", workers=1))
    with pytest.raises(PrerequisiteMissing, match=r"^no weights \(mend it with: antiphon models pull\)$"):
        list(shared_out(hire(0), [("unready", 1)], where="ray", workers=1))


def test_where_no_cluster_is_it_says_so_at_once(hire: Hire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(EngineBroken, match=r"no cluster answers at 127\.0\.0\.1:1, which RAY_ADDRESS names"):
        list(shared_out(hire(0), [("a", 1)], where="ray", workers=1))
