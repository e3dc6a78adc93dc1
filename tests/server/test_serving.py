"""`serve`: from listening to the last goodbye."""

import asyncio
import os
import signal
import socket

import aiohttp
import pytest
from openai import AsyncOpenAI

from antiphon.contracts import PrerequisiteMissing
from antiphon.runtime import Config, ServerConfig
from antiphon.server import serve

from .fakes import FakeHub


def _config(port: int = 0, host: str = "127.0.0.1") -> Config:
    return Config(server=ServerConfig(host=host, port=port))


async def _started(hub: FakeHub) -> tuple[str, asyncio.Task[None]]:
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(hub, _config(), started=url.set_result))
    return await url, task


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_within_a_second(hub: FakeHub, number: signal.Signals) -> None:
    url, task = await _started(hub)
    async with aiohttp.ClientSession() as http:
        line = await http.ws_connect(f"{url}/v1/realtime")
        await line.receive_json()
        os.kill(os.getpid(), number)
        async with asyncio.timeout(1):
            assert (await line.receive()).type is aiohttp.WSMsgType.CLOSE
            await task
    assert hub.opened[0].closed


async def test_a_client_that_does_not_answer_cannot_hold_it_up(hub: FakeHub) -> None:
    url, task = await _started(hub)
    async with aiohttp.ClientSession() as http:
        line = await http.ws_connect(f"{url}/v1/realtime")
        await line.receive_json()
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(2.5):
            await task
        await line.close()
    assert hub.opened[0].closed


async def test_cancelling_ends_it(hub: FakeHub) -> None:
    _, task = await _started(hub)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_taken_port_is_told_with_its_remedy(hub: FakeHub) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PrerequisiteMissing, match=f"port {port} .* taken .*--port {port + 1}"):
            await serve(hub, _config(port), started=lambda _: None)


async def test_an_address_of_another_machine_is_told(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTIPHON_KEY", "x")
    with pytest.raises(PrerequisiteMissing, match=r"cannot listen on 203\.0\.113\.7"):
        await serve(hub, _config(host="203.0.113.7"), started=lambda _: None)


async def test_the_openai_client_converses(hub: FakeHub) -> None:
    url, task = await _started(hub)
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key="any")
    async with client, client.realtime.connect(model="gpt-realtime") as connection:
        event = await connection.recv()
        assert event.type == "session.created"
        await connection.session.update(
            session={
                "type": "realtime",
                "instructions": "Be brief.",
                "audio": {"output": {"voice": "marin"}, "input": {"turn_detection": None}},
            }
        )
        event = await connection.recv()
        assert event.type == "session.updated"
        assert event.session.instructions == "Be brief."
        await connection.input_audio_buffer.append(audio="AAAA" * 1_600)
        await connection.input_audio_buffer.commit()
        assert (await connection.recv()).type == "input_audio_buffer.committed"
        hub.opened[0].answer = "Hello there"
        await connection.response.create()
        seen = []
        async for event in connection:
            seen.append(event)
            if event.type == "response.done":
                break
        assert (
            "".join(e.delta for e in seen if e.type == "response.output_audio_transcript.delta")
            == "Hello there"
        )
        assert seen[-1].response.usage.total_tokens > 0
        assert [model.id async for model in client.models.list()] == ["antiphon"]
        await connection.response.cancel()
        assert (await connection.recv()).error.code == "response_cancel_not_active"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
