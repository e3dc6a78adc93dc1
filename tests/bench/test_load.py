"""The load bench's own arithmetic, and its callers against a real server of scripted engines."""

import asyncio
import json
import os
from itertools import pairwise

import numpy as np
import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from antiphon.bench.load_client import call, cycle, plain, starts
from antiphon.bench.load_systems import cpu_s, rss_mib


def test_a_cycle_is_the_voice_and_then_silence() -> None:
    said = cycle(np.full(2_400, 0.5, np.float32), 0.5, 20)
    assert len(said.frames) == 25
    assert said.voiced_frame == 4
    assert len(set(said.frames)) == 2


def test_a_voice_longer_than_its_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        cycle(np.ones(24_000, np.float32), 0.5, 20)


def test_callers_and_their_frames_are_spread() -> None:
    began = starts(200, 8.0, 0.02)
    assert began == sorted(began)
    phases = sorted(at % 0.02 for at in began)
    gaps = [after - before for before, after in pairwise(phases)]
    assert max(gaps) < 0.02 / 50


async def _answering(request: web.Request) -> web.WebSocketResponse:
    """Answers a caller's eighth frame, which is after the voice, and no other."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    count = 0
    async for message in socket:
        assert message.type is WSMsgType.TEXT
        assert json.loads(message.data)["type"] == "input_audio_buffer.append"
        count += 1
        if count == 8:
            await socket.send_str('{"type":"response.output_audio.delta","delta":"' + "A" * 70_000 + '"}')
    return socket


async def test_a_caller_counts_what_is_answered_and_what_is_not() -> None:
    app = web.Application()
    app.router.add_get("/v1/realtime", _answering)
    said = cycle(np.full(480, 0.5, np.float32), 0.2, 20)
    async with TestServer(app) as server, asyncio.timeout(10):
        heard = await call([server.port or 0] * 3, 2, said, warm_up=0)
    assert len(heard.mouth_to_ear_ms) == 2
    assert heard.unanswered == 2
    assert heard.lost == 0


def test_the_cost_of_a_process_is_read() -> None:
    assert cpu_s(os.getpid()) > 0
    assert rss_mib(os.getpid()) > 1


async def _binary(request: web.Request) -> web.WebSocketResponse:
    """Sends silence all the time, and sound after the eighth frame."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    count = 0
    async for message in socket:
        assert message.type is WSMsgType.BINARY
        count += 1
        await socket.send_bytes(bytes(100) if count != 8 else b"\0\1" * 50)
    return socket


async def test_sound_in_binary_messages_is_told_from_silence() -> None:
    app = web.Application()
    app.router.add_get("/v1/realtime", _binary)
    said = cycle(np.full(320, 0.5, np.float32), 0.2, 20, rate_hz=16_000, message=plain)
    async with TestServer(app) as server, asyncio.timeout(10):
        heard = await call([server.port or 0] * 2, 2, said, warm_up=0)
    assert len(heard.mouth_to_ear_ms) == 1
    assert heard.unanswered == 1
