"""The transport bench's callers: a real server answers both, and they are timed from the end of the voice."""

import asyncio
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from aiohttp.test_utils import TestServer

from antiphon.bench.load_client import sung
from antiphon.bench.transport import cycle
from antiphon.bench.transport_callers import Script, over_webrtc, over_websocket
from antiphon.runtime import Config, EngineChoice, open_hub
from antiphon.runtime.parts import LIVE_PARTS
from antiphon.server.app import Server
from antiphon.server.auth import Door

pytestmark = pytest.mark.paced


async def test_a_script_is_timed_from_the_end_of_its_voice() -> None:
    loop = asyncio.get_running_loop()
    script = Script([np.zeros(480, np.float32)] * 3, 1, starts_at=loop.time())
    loud = np.full(480, 0.5, np.float32)
    script.hear(loud)
    for _ in range(2):
        await script.next()
    await asyncio.sleep(0.2)
    script.hear(np.zeros(480, np.float32))
    script.hear(loud)
    script.hear(loud)
    assert script.mouth_to_ear_ms == {0: pytest.approx(200, abs=50)}
    for _ in range(3):
        await script.next()
    script.hear(loud)  # the end of the answer before
    await asyncio.sleep(0.2)
    script.hear(loud)
    assert list(script.mouth_to_ear_ms) == [0]


@pytest.mark.parametrize("over", [over_websocket, over_webrtc])
async def test_both_callers_are_answered(over: object) -> None:
    config = Config(engines={part: EngineChoice(use="scripted") for part in LIVE_PARTS})
    hub = await open_hub(config, weights=Path, progress=lambda _: None)
    frames, voiced_frame = cycle(sung("hello"))
    try:
        app = Server(hub, config, Door(key=None, loopback=True)).app()
        async with TestServer(app) as server, aiohttp.ClientSession() as http:
            script = Script(frames, voiced_frame, starts_at=asyncio.get_running_loop().time() + 0.5)
            url = str(server.make_url("")).rstrip("/")
            async with asyncio.timeout(15), over(http, url, script):
                while not script.mouth_to_ear_ms:  # noqa: ASYNC110 - a script has no event for it
                    await asyncio.sleep(0.02)
    finally:
        await hub.close()
    assert 0 < script.mouth_to_ear_ms[0] < 5_000
