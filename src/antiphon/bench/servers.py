"""Systems under measurement, each a process of its own, started on a free port and ended with the block."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import httpx
import msgspec

from antiphon.contracts import EngineBroken, PrerequisiteMissing

READY_S = 240.0
"""A busy machine takes its time to load models; a process that has ended is not waited for."""
SETTLE_S = 1.0
_UNSET = {"OMP_WAIT_POLICY": "", "OPENBLAS_NUM_THREADS": ""}
PEER_REMEDY = "make setup-bench, or pip install 'antiphon[bench]'"
_JOURNAL = '[engines.journal]\nuse = "sqlite"\nsettings = {{ path = "{}" }}\n'


class Server(msgspec.Struct, frozen=True):
    """One that runs."""

    url: str
    """Where a caller connects: ws://..."""
    port: int
    pid: int


@contextmanager
def antiphon(config: str, *, journal: Path | None = None, settle_s: float = SETTLE_S) -> Generator[Server]:
    """`antiphon serve` with the TOML of `config`, which names neither server nor journal.

    Args:
        config: what precedes the tables that are written here.
        journal: the journal's file, kept; None: one that goes with the block.
        settle_s: how long it is left alone once it is ready.

    Raises:
        EngineBroken: it ended before it was ready.
    """
    port = _free_port()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "antiphon.toml"
        table = _JOURNAL.format(journal or Path(folder) / "journal.sqlite")
        path.write_text(f"{config}\n{table}[server]\nport = {port}\n", encoding="utf-8")
        command = [sys.executable, "-m", "antiphon", "--config", str(path), "serve"]
        with _process(command, {}, lambda: _is_ready(port), settle_s) as pid:
            yield Server(f"ws://127.0.0.1:{port}/v1/realtime", port, pid)


@contextmanager
def pipecat(
    weights: Callable[[str], Path], model: str, instructions: str, max_tokens: int, *, calm: bool
) -> Generator[Server]:
    """The stock Pipecat pipeline of `peers.pipecat_bot`; `calm`: its threads wait without spinning.

    Raises:
        PrerequisiteMissing: Pipecat is not installed.
        EngineBroken: it ended before it was ready.
    """
    if find_spec("pipecat") is None:
        raise PrerequisiteMissing("Pipecat is not installed", remedy=PEER_REMEDY)
    port = _free_port()
    command = [
        *(sys.executable, "-m", "antiphon.bench.peers.pipecat_bot", "--port", str(port)),
        *("--weights", str(weights(model).parent), "--gguf", str(weights(model) / "model.gguf")),
        *("--instructions", instructions, "--max-tokens", str(max_tokens)),
    ]
    # What Antiphon's engines set for themselves in this process is no part of a peer as it comes.
    environment = {"OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1"} if calm else _UNSET
    with _process(command, environment, lambda: _listens(port)) as pid:
        yield Server(f"ws://127.0.0.1:{port}", port, pid)


@contextmanager
def scripted_pipecats(count: int, said: str, answered: str) -> Generator[tuple[tuple[int, ...], int]]:
    """So many scripted Pipecat pipelines of `peers.pipecat_load` in one process: their ports, and its id.

    Raises:
        PrerequisiteMissing: Pipecat is not installed.
        EngineBroken: it ended before it was ready.
    """
    if find_spec("pipecat") is None:
        raise PrerequisiteMissing("Pipecat is not installed", remedy=PEER_REMEDY)
    ready, *ports = _free_ports(count + 1)
    command = [
        *(sys.executable, "-m", "antiphon.bench.peers.pipecat_load", "--ready", str(ready)),
        *("--ports", ",".join(map(str, ports)), "--said", said, "--answered", answered),
    ]
    with _process(command, {}, lambda: _listens(ready)) as pid:
        yield tuple(ports), pid


@contextmanager
def _process(
    command: list[str],
    environment: Mapping[str, str],
    ready: Callable[[], bool],
    settle_s: float = SETTLE_S,
) -> Generator[int]:
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as out:
            bound = [sys.executable, "-m", "antiphon.bench.bound", str(os.getpid()), *command]
            process = subprocess.Popen(  # noqa: S603 - an argument list of our own, no shell
                bound, stdout=out, stderr=out, env=_without_empty({**os.environ, **environment})
            )
        try:
            until = monotonic() + READY_S
            while not ready():
                if process.poll() is not None or monotonic() > until:
                    end = log.read_text(encoding="utf-8", errors="replace")[-600:].strip()
                    raise EngineBroken(command[2], f"it did not become ready: {end}")
                sleep(0.1)
            sleep(settle_s)  # for what a server does once, right after it began to listen
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


def _without_empty(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if value}


def _free_port() -> int:
    return _free_ports(1)[0]


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _is_ready(port: int) -> bool:
    """It listens before its models are loaded, and says when they are."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5.0).is_success
    except httpx.TransportError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
