"""A call that was lost: the client calls again and goes on with the conversation."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp.test_utils import TestServer
from tests.server.phone import dialled

from antiphon.runtime import Config, EngineChoice, open_hub
from antiphon.runtime.parts import LIVE_PARTS
from antiphon.server.app import Server
from antiphon.server.auth import Door


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[TestServer]:
    """A server over scripted engines, and a journal that stays."""
    engines = {part: EngineChoice(use="scripted") for part in LIVE_PARTS}
    engines["language_model"] = EngineChoice(use="scripted", settings={"answers": ["first", "second"]})
    engines["journal"] = EngineChoice(use="sqlite", settings={"path": str(folder / "journal.sqlite")})
    config = Config(engines=engines)
    hub = await open_hub(config, weights=Path, progress=lambda _: None)
    try:
        async with TestServer(Server(hub, config, Door(key=None, loopback=True)).app()) as server:
            yield server
    finally:
        await hub.close()


async def test_a_new_call_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    session_id = ""
    for answer in ("first", "second"):
        # A server of its own each time: the first ends, and with it everything but the journal.
        query = f"?resume={session_id}" if session_id else ""
        async with (
            serving(tmp_path) as server,
            aiohttp.ClientSession() as http,
            dialled(http, str(server.make_url("")).rstrip("/"), query=query) as phone,
        ):
            created = phone.of("session.created")[0]["session"]["id"]
            assert created == (session_id or created)
            session_id = created
            phone.send("response.create")
            done = await phone.event("response.output_audio_transcript.done")
            assert done["transcript"] == answer
            await phone.event("output_audio_buffer.stopped")


async def test_who_lost_a_call_does_not_wait_for_the_server_to_notice(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, aiohttp.ClientSession() as http:
        url = str(server.make_url("")).rstrip("/")
        async with dialled(http, url) as lost:
            session_id = lost.of("session.created")[0]["session"]["id"]
            async with dialled(http, url, query=f"?resume={session_id}") as phone:
                assert phone.of("session.created")[0]["session"]["id"] == session_id
                await lost.until_closed()


async def test_a_websocket_that_hangs_gives_way_too(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, aiohttp.ClientSession() as http:
        url = server.make_url("/v1/realtime")
        # It reads nothing any more, not even a goodbye, as behind a network that is gone.
        hanging = await http.ws_connect(url)
        session_id = (await hanging.receive_json())["session"]["id"]
        async with asyncio.timeout(5), http.ws_connect(url.with_query(resume=session_id)) as socket:
            assert (await socket.receive_json())["session"]["id"] == session_id
        hanging._response.close()


async def test_what_cannot_go_on_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, aiohttp.ClientSession() as http:
        url = server.make_url("/v1/realtime/calls").with_query(resume="sess_never")
        async with http.post(url, data=b"v=0", headers={"Content-Type": "application/sdp"}) as response:
            assert response.status == 404
            assert (await response.json())["error"]["code"] == "session_not_found"
