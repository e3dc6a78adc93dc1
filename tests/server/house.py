"""A house as Home Assistant has one: a server that stands, and the real `wyoming` package that calls it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from aiohttp.test_utils import TestServer
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk
from wyoming.client import AsyncTcpClient
from wyoming.event import Event, Eventable
from wyoming.handle import Handled, NotHandled

from antiphon.bench.stage import no_weights
from antiphon.contracts import CLOCK_HZ, LISTENING_HZ, Audio, Part
from antiphon.runtime import Config, EngineChoice, Hub, Limits, MemoryConfig, Session, WyomingConfig, open_hub
from antiphon.runtime.parts import LIVE_PARTS
from antiphon.server.app import Server
from antiphon.server.auth import Door

ANYWHERE = "tcp://127.0.0.1:0"


def scripted(answers: tuple[Any, ...] = ("yes sir",)) -> dict[Part, EngineChoice]:
    engines: dict[Part, EngineChoice] = {part: EngineChoice(use="scripted") for part in LIVE_PARTS}
    engines["language_model"] = EngineChoice(use="scripted", settings={"answers": list(answers)})
    return engines


@asynccontextmanager
async def standing(
    engines: dict[Part, EngineChoice],
    *,
    weights: Callable[[str], Path] = no_weights,
    wyoming: WyomingConfig | None = None,
    limits: Limits | None = None,
    cast: str | None = None,
) -> AsyncGenerator[tuple[Server, Hub]]:
    config = Config(
        engines=engines,
        memory=MemoryConfig(use=""),
        wyoming=wyoming or WyomingConfig(uri=ANYWHERE),
        limits=limits or Limits(),
        cast=cast,
    )
    hub = await open_hub(config, weights=weights, progress=lambda _: None)
    try:
        server = Server(hub, config, Door(key=None, loopback=True))
        async with TestServer(server.app()):
            yield server, hub
    finally:
        await hub.close()


def calling(server: Server) -> AsyncTcpClient:
    assert server.home is not None
    return AsyncTcpClient(*server.home.address, read_timeout=20)


async def says(client: AsyncTcpClient, *events: Eventable) -> None:
    for event in events:
        await client.write_event(event.event())


async def until(client: AsyncTcpClient, kind: str) -> list[Event]:
    told: list[Event] = []
    while not told or told[-1].type != kind:
        event = await client.read_event()
        assert event is not None, [one.type for one in told]
        told.append(event)
    return told


def chunks(audio: Audio, rate_hz: int = LISTENING_HZ, channels: int = 1) -> list[AudioChunk]:
    """`audio`, which is at 24 kHz, as a client sends it."""
    samples = soxr.resample(audio, CLOCK_HZ, rate_hz)
    wide = np.repeat((samples * 32767).astype("<i2"), channels)
    return [
        AudioChunk(rate_hz, 2, channels, wide[at : at + 2048].tobytes()) for at in range(0, len(wide), 2048)
    ]


def sound(events: list[Event]) -> tuple[Audio, int]:
    """What was played, and its rate."""
    played = [AudioChunk.from_event(event) for event in events if AudioChunk.is_type(event.type)]
    assert [event.type for event in events if "audio" in event.type][:: len(played) + 1] == [
        "audio-start",
        "audio-stop",
    ]
    samples = np.frombuffer(b"".join(chunk.audio for chunk in played), "<i2")
    return samples.astype(np.float32) / 32768, played[0].rate


def talked(hub: Hub) -> list[Session]:
    """The conversations in which something was said."""
    return [session for session in hub.sessions if session.items]


async def asks(server: Server, text: str, conversation: str | None = "kitchen") -> Event:
    """What is told last."""
    async with calling(server) as client:
        await says(client, Transcript(text, context={"conversation_id": conversation}))
        while (event := await client.read_event()) is not None:
            if Handled.is_type(event.type) or NotHandled.is_type(event.type):
                return event
    raise AssertionError("the line is dead")
