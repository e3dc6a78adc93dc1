"""The real server and the real runtime, with scripted engines: whoever sings words is sung an answer."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import numpy as np
import pytest
from aiohttp.test_utils import TestServer

from antiphon.bench.stage import no_weights
from antiphon.contracts import Audio, EngineSetup, Part
from antiphon.engines.scripted import ScriptedSynthesizer
from antiphon.runtime import Config, EngineChoice, SessionSettings, open_hub
from antiphon.runtime.parts import LIVE_PARTS
from antiphon.server.app import Server
from antiphon.server.auth import Door

Serve = Callable[..., AbstractAsyncContextManager[str]]
"""`serve(*answers)`: the address of a server whose agent answers so."""


@pytest.fixture
def serve() -> Serve:
    """See `Serve`."""

    @asynccontextmanager
    async def served(*answers: Any) -> AsyncGenerator[str]:
        engines: dict[Part, EngineChoice] = {part: EngineChoice(use="scripted") for part in LIVE_PARTS}
        settings = {"answers": list(answers)}
        engines["language_model"] = EngineChoice(use="scripted", settings=settings)
        # Callers here sing the agent's own tones, which is just what an echo does.
        config = Config(engines=engines, session=SessionSettings(echo_rejection="off"))
        hub = await open_hub(config, weights=no_weights, progress=lambda _: None)
        try:
            async with TestServer(Server(hub, config, Door(key=None, loopback=True)).app()) as server:
                yield str(server.make_url("")).rstrip("/")
        finally:
            await hub.close()

    return served


@pytest.fixture
def sung() -> Callable[[str], Audio]:
    """`sung(words)`: sound at 24 kHz that the scripted ears understand."""

    def sing(words: str) -> Audio:
        voice = ScriptedSynthesizer.open(EngineSetup(weights=no_weights))
        return np.concatenate([chunk.audio for chunk in voice.synthesize(words)])

    return sing
