"""What the whole of it takes: seconds until it is ready, and memory, alone and for each conversation."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter

import aiohttp
import pytest

from .listener import dial
from .utterance import Speak

pytestmark = pytest.mark.real

PEAK_GIB = 2.5
SESSION_MIB = 20
SESSIONS = 10


class Served:
    """`antiphon serve` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, ready_s: float) -> None:
        self.process, self.url, self.ready_s = process, url, ready_s

    def memory_mib(self, what: str = "VmRSS") -> float:
        """Its resident memory, or its peak (`VmHWM`), the model's file included."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(rf"{what}:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    config = tmp_path / "antiphon.toml"
    config.write_text(
        f'[engines.journal]\nuse = "sqlite"\nsettings = {{ path = "{tmp_path / "journal"}" }}\n',
        encoding="utf-8",
    )
    began = perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "antiphon", "--config", str(config), "serve", "--port", "0"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            listening = (await process.stderr.readline()).decode()
            url = listening.split()[-1]
            await ready(url)
        yield Served(process, url, perf_counter() - began)
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0, "a signal ends it in good order"


async def ready(url: str) -> None:
    async with aiohttp.ClientSession(url) as http:
        while True:
            async with http.get("/readyz") as answer:
                if answer.status == 200:
                    return
                assert int(answer.headers["Retry-After"]) > 0
            await asyncio.sleep(0.05)


async def test_memory(served: Served, speak: Speak) -> None:
    alone = served.memory_mib()
    async with dial(served.url) as listener:
        reply = await listener.answer(listener.say(speak("What is the capital of France?", "man")))
    assert "paris" in reply.text.lower()
    spoken = served.memory_mib()

    async with AsyncExitStack() as lines, aiohttp.ClientSession(served.url) as http:
        for _ in range(SESSIONS):
            socket = await lines.enter_async_context(http.ws_connect("/v1/realtime"))
            assert (await socket.receive_json())["type"] == "session.created"
        await asyncio.sleep(2)
        each = (served.memory_mib() - spoken) / SESSIONS
    peak = served.memory_mib("VmHWM")

    print(f"ready after {served.ready_s:.1f} s with {alone:.0f} MiB; after a conversation {spoken:.0f} MiB;")
    print(f"{each:.1f} MiB for each of {SESSIONS} further sessions; at most {peak:.0f} MiB in all")
    assert peak < PEAK_GIB * 1024
    assert each < SESSION_MIB
