"""Servers of the Model Context Protocol, whose tools a cast may name: started once, begun anew if they die.

All servers of a process live on one thread with an event loop of its own, so that nothing of theirs ever runs
on the loop that carries sound. A call first asks whether its server still lives; one that does not is started
again before the call is made. A call that was on its way when the server died has failed: whether it was done
is not known, so it is not made again.

Of the environment a process gets `PATH`, without which nothing starts, and what the cast file names.
Protocol: modelcontextprotocol.io, over stdio and streamable HTTP, by the official `mcp` package.
"""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

from antiphon.contracts import PrerequisiteMissing
from antiphon.runtime.mcp_arguments import Shape, fitted, misfits, needed
from antiphon.samp import Cast
from antiphon.samp.cast import Server
from antiphon.samp.tools import UNKNOWN

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult, Tool

_log = logging.getLogger(__name__)

T = TypeVar("T")
Call: TypeAlias = Callable[[Mapping[str, Any]], str]

START_S = 15.0
"""How long a server may take to start and to say what it can do."""
CALL_S = 10.0
"""How long a call may take, with starting its server again if it must be."""
PROBE_S = 2.0
"""How long a server that is not busy may take to say that it lives."""
STOP_S = 8.0
SILENT_S = 300.0
"""How long an HTTP server's stream of events may be silent; a call's own limit is `CALL_S`."""
PAGES_MAX = 20
"""Pages of a listing of tools that are read."""
_DROPPED = ("HOME", "LOGNAME", "SHELL", "TERM", "USER")
"""What the `mcp` package passes on beside `PATH`."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ToolRefused(Exception):
    """A server said that a tool failed, or cannot be reached; the text is for the person who is told."""


class McpServers:
    """The servers of one cast. Any thread may call; calls block."""

    def __init__(self, servers: Mapping[str, Server], folder: Path) -> None:
        """Begin the thread; nothing is started yet. Commands run in `folder`, where the cast file is."""
        self._loop = asyncio.new_event_loop()
        self._kept = {name: _Kept(server, folder) for name, server in servers.items()}
        self._thread = Thread(target=self._loop.run_forever, name="mcp", daemon=True)
        self._thread.start()

    def start(self) -> Mapping[str, Mapping[str, "Tool"] | str]:
        """Start every server, all at once: of each its tools by name, or why there are none."""
        begun = {name: self._submit(kept.listed(START_S)) for name, kept in self._kept.items()}
        found: dict[str, Mapping[str, Tool] | str] = {}
        for name, future in begun.items():
            try:
                found[name] = future.result()
            except Exception as error:
                found[name] = told(error, START_S)
        return found

    def call(self, server: str, tool: str, arguments: Mapping[str, Any]) -> str:
        """Call a tool once, and give back its text.

        Raises:
            ToolRefused: the server said that it failed, is gone, or took too long.
        """
        result = self._submit(self._kept[server].called(tool, arguments, CALL_S)).result()
        text = text_of(result)
        if result.is_error:
            raise ToolRefused(text or "the server says that it failed")
        return text

    def close(self) -> None:
        """End every server, within some seconds."""
        if self._thread.is_alive():
            for future in [self._submit(kept.close()) for kept in self._kept.values()]:
                future.result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(STOP_S)
            self._loop.close()

    def _submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)


class _Kept:
    """One server, as long as it lives, and then the next."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server, self._folder = server, folder.absolute()
        self._lock = asyncio.Lock()
        self._life: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._client: Client | None = None
        self._calls = 0
        """Calls that are on their way."""

    async def listed(self, limit_s: float) -> Mapping[str, "Tool"]:
        """What the server can do."""
        async with asyncio.timeout(limit_s):
            client = await self._alive()
            found: dict[str, Tool] = {}
            cursor: str | None = None
            for _ in range(PAGES_MAX):
                page = await client.list_tools(cursor=cursor)
                found |= {tool.name: tool for tool in page.tools}
                cursor = page.next_cursor
                if cursor is None:
                    break
            return found

    async def called(self, tool: str, arguments: Mapping[str, Any], limit_s: float) -> "CallToolResult":
        sent = False
        try:
            async with asyncio.timeout(limit_s):
                client = await self._alive()
                self._calls += 1
                try:
                    sent = True
                    return await client.call_tool(tool, dict(arguments), read_timeout_seconds=limit_s)
                finally:
                    self._calls -= 1
        except Exception as error:
            open_end = f"; {UNKNOWN}" if sent else ""
            raise ToolRefused(f"{told(error, limit_s)}{open_end}") from error

    async def close(self) -> None:
        life, self._client, self._life = self._life, None, None
        if life is not None:
            self._stop.set()
            done, _ = await asyncio.wait((life,), timeout=STOP_S)
            if not done:
                life.cancel()

    async def _alive(self) -> "Client":
        """The client of a server that has just answered; begun anew if there is none."""
        async with self._lock:
            if self._client is not None:
                try:
                    async with asyncio.timeout(PROBE_S):
                        await self._client.list_tools(cache_mode="bypass")
                    return self._client
                except TimeoutError:
                    # It may only be busy with somebody else's call, which must not be cut off.
                    if self._calls:
                        raise
                except Exception as error:  # whatever a dead server's connection says
                    _log.info("an MCP server has died and is started again: %s", type(error).__name__)
                await self.close()
            self._stop = asyncio.Event()
            begun: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
            self._life = asyncio.create_task(self._live(begun, self._stop))
            try:
                self._client = await begun
            except BaseException:  # it could not, or it took too long
                self._life.cancel()
                raise
            return self._client

    async def _live(self, begun: "asyncio.Future[Client]", stop: asyncio.Event) -> None:
        # The connection must be closed by the task that opened it, so this one does both.
        try:
            async with _connected(self._server, self._folder) as client:
                if not begun.done():
                    begun.set_result(client)
                await stop.wait()
        except Exception as error:
            if not begun.done():
                begun.set_exception(error)


@asynccontextmanager
async def _connected(server: Server, folder: Path) -> AsyncGenerator["Client"]:
    from mcp import Client, StdioServerParameters  # noqa: PLC0415 - an optional extra
    from mcp.client.stdio import stdio_client  # noqa: PLC0415 - as above
    from mcp.client.streamable_http import streamable_http_client  # noqa: PLC0415 - as above

    async with AsyncExitStack() as stack:
        if server.command:
            bare = [part for name in _DROPPED if name not in server.env for part in ("-u", name)]
            env = {name: os.environ[name] for name in server.env}
            run = StdioServerParameters(
                command="env", args=[*bare, *server.command], env=env, cwd=str(folder)
            )
            transport = stdio_client(run, errlog=sys.__stderr__ or sys.stderr)
        else:
            import httpx2  # noqa: PLC0415 - what `mcp` speaks HTTP with

            token = os.environ[server.token] if server.token else ""
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            # No proxy and no password file of the environment.
            timeout = httpx2.Timeout(CALL_S, read=SILENT_S)
            http = httpx2.AsyncClient(headers=headers, timeout=timeout, trust_env=False)
            await stack.enter_async_context(http)
            transport = streamable_http_client(server.url, http_client=http)
        yield await stack.enter_async_context(Client(transport, cache=None))


def open_servers(played: Cast, folder: Path) -> tuple[McpServers | None, dict[str, Call], tuple[str, ...]]:
    """Start the servers that a cast's tools need.

    Returns:
        Them, None if there is no need; by tool, what calls it; and all that keeps tools from being called.

    Raises:
        PrerequisiteMissing: the `mcp` package is not installed.
    """
    wanted = {name: where for name, tool in played.tools.items() if (where := tool.on_server) is not None}
    if not wanted:
        return None, {}, ()
    if find_spec("mcp") is None:
        raise PrerequisiteMissing(
            "tools on MCP servers need the Python package mcp", remedy="pip install 'antiphon[tools]'"
        )
    used = {server: played.servers[server] for server, _ in wanted.values()}
    problems = [f"server {name}: {problem}" for name, each in used.items() for problem in unfit(each, folder)]
    if problems:
        return None, {}, tuple(problems)
    servers = McpServers(used, folder)
    listings = servers.start()
    problems = [f"server {name}: {why}" for name, why in listings.items() if isinstance(why, str)]
    calls: dict[str, Call] = {}
    for name, (server, tool) in wanted.items():
        listing = listings[server]
        if isinstance(listing, str):
            continue
        found = listing.get(tool)
        if found is None:
            there = ", ".join(sorted(listing)[:12]) or "none at all"
            problems.append(f"tool {name}: {server} has no tool {tool}; it has {there}")
            continue
        shape = needed(found.input_schema)
        problems += [f"tool {name}: {problem}" for problem in misfits(played, played.tools[name], shape)]
        calls[name] = partial(_call, servers, server, tool, shape)
    if problems:
        servers.close()
        return None, {}, tuple(problems)
    return servers, calls, ()


def unfit(server: Server, folder: Path) -> list[str]:
    """What keeps a server from being started here, by what the file says and this machine has."""
    names = (*server.env, *((server.token,) if server.token else ()))
    problems = [f"the environment has no {name}; set it" for name in names if name not in os.environ]
    if server.command and which(server.command[0]) is None and not (folder / server.command[0]).is_file():
        problems.append(f"there is no program {server.command[0]}; install it, or say where it is")
    if server.url:
        parts = urlsplit(server.url)
        if parts.username or parts.password:
            problems.append("its `url` holds a password; name the variable that has it as `token`")
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            problems.append("its `url` leaves this machine unencrypted; say https")
    return problems


def _call(
    servers: McpServers, server: str, tool: str, shape: Mapping[str, Shape], arguments: Mapping[str, Any]
) -> str:
    return servers.call(server, tool, fitted(shape, arguments))


def text_of(result: "CallToolResult") -> str:
    """The text a tool gave back, its pieces joined; pictures, sounds and links are left out."""
    return "\n".join(each.text for each in result.content if each.type == "text").strip()


def told(error: BaseException, limit_s: float) -> str:
    """What went wrong, in words. Of several errors at once the first."""
    if isinstance(error, BaseExceptionGroup):
        return told(cast("BaseExceptionGroup[BaseException]", error).exceptions[0], limit_s)
    if isinstance(error, TimeoutError):
        return f"it did not answer within {limit_s:g} s"
    return str(error) or type(error).__name__
