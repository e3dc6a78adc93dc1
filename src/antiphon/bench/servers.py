"""Systems under measurement, each a process of its own, started on a free port and ended with the block."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from antiphon.contracts import EngineBroken, PrerequisiteMissing

READY_S = 60.0
PEER_REMEDY = "make setup-bench, or pip install 'antiphon[bench]'"


def free_port() -> int:
    """A port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def antiphon(config: str) -> AsyncGenerator[str]:
    """`antiphon serve` with the TOML of `config` (without a `[server]` table); yields its ws:// address.

    EngineBroken: it ended before it was ready.
    """
    port = free_port()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "antiphon.toml"
        path.write_text(f"{config}\n[server]\nport = {port}\n", encoding="utf-8")
        command = [sys.executable, "-m", "antiphon.cli", "--config", str(path), "serve"]
        async with _process(command, {}, lambda: _listens(port)):
            yield f"ws://127.0.0.1:{port}/v1/realtime"


@asynccontextmanager
async def pipecat(
    weights: Callable[[str], Path], model: str, instructions: str, max_tokens: int
) -> AsyncGenerator[str]:
    """The stock Pipecat pipeline of `peers.pipecat_bot`; yields its ws:// address.

    Raises:
        PrerequisiteMissing: Pipecat is not installed.
        EngineBroken: it ended before it was ready.
    """
    if find_spec("pipecat") is None:
        raise PrerequisiteMissing("Pipecat is not installed", remedy=PEER_REMEDY)
    port = free_port()
    command = [
        *(sys.executable, "-m", "antiphon.bench.peers.pipecat_bot", "--port", str(port)),
        *("--whisper", str(weights("whisper-tiny.en")), "--gguf", str(weights(model) / "model.gguf")),
        *("--instructions", instructions, "--max-tokens", str(max_tokens)),
    ]
    # Its libraries' threads would spin and starve each other. Antiphon spares itself that, and so its peer.
    calm = {"OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1"}
    async with _process(command, calm, lambda: _listens(port)):
        yield f"ws://127.0.0.1:{port}"


@asynccontextmanager
async def _process(
    command: list[str], environment: Mapping[str, str], ready: Callable[[], bool]
) -> AsyncGenerator[None]:
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **environment})  # noqa: S603, ASYNC220
        try:
            waited = 0.0
            while not ready():
                if process.poll() is not None or waited > READY_S:
                    raise EngineBroken(command[2], f"it did not become ready: {_end_of(log)}")
                await asyncio.sleep(0.1)
                waited += 0.1
            await asyncio.sleep(1.0)  # what a server does once, right after it began to listen
            yield
        finally:
            process.terminate()
            try:
                await asyncio.to_thread(process.wait, 15)
            except subprocess.TimeoutExpired:
                process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-600:].strip()
