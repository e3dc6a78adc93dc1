"""A server on a loopback port, and clients on the line."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse
from aiohttp.test_utils import TestServer

from antiphon.runtime import Config, Limits
from antiphon.server.app import Server
from antiphon.server.auth import Door

from .fakes import FakeHub


class Line:
    """A running server and an HTTP client for it."""

    def __init__(self, server: TestServer, http: ClientSession) -> None:
        self.server, self.http = server, http
        self.url = str(server.make_url("")).rstrip("/")

    async def connect(self, query: str = "model=gpt-realtime", **options: Any) -> ClientWebSocketResponse:
        """A WebSocket that has not read anything yet."""
        return await self.http.ws_connect(f"{self.url}/v1/realtime?{query}", **options)

    async def get(self, path: str, **options: Any) -> tuple[int, Any]:
        """Status and JSON."""
        async with self.http.get(self.url + path, **options) as response:
            return response.status, await response.json()


@asynccontextmanager
async def listening(
    hub: FakeHub, *, limits: Limits | None = None, key: str | None = None, loopback: bool = True
) -> AsyncGenerator[Line]:
    """A server for as long as the block runs."""
    config = Config(limits=limits or Limits())
    app = Server(hub, config, Door(key=key, loopback=loopback)).app()
    async with TestServer(app) as server, ClientSession() as http:
        yield Line(server, http)
