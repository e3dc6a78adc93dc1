"""A line to a running server: its WebSocket, and the pages beside it."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
import msgspec

from antiphon.contracts import AntiphonError, ConfigInvalid, PrerequisiteMissing, TurnReport

DEFAULT_URL = "ws://127.0.0.1:8080/v1/realtime"
KEY_ENV = "ANTIPHON_KEY"
_READY_PATIENCE_S = 120.0
_ASK_AGAIN_S = 0.5
_REASON_PATIENCE_S = 5.0
_REASON_BYTES_MAX = 4096
_REASON_CHARACTERS_MAX = 300


class CallFailed(AntiphonError):
    """The server ended the call, or never took it."""


class Turns(msgspec.Struct, frozen=True):
    """What the page of a session's turns holds."""

    data: tuple[TurnReport, ...] = ()


class Problem(msgspec.Struct, frozen=True):
    """What is wrong, in words."""

    message: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """The body of a refused request."""

    error: Problem


class Connection:
    """An open call: events out, events in."""

    def __init__(
        self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse, root: str
    ) -> None:
        self._http, self._socket, self._root = http, socket, root

    async def send(self, event: Mapping[str, Any]) -> None:
        """Send an event; CallFailed when the line is dead."""
        try:
            await self._socket.send_str(msgspec.json.encode(event).decode())
        except (ConnectionError, aiohttp.ClientError) as error:
            raise CallFailed(f"the server hung up: {error}") from error

    def __aiter__(self) -> Self:
        """Events as they come, until the server hangs up."""
        return self

    async def __anext__(self) -> dict[str, Any]:
        """The next event."""
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            return msgspec.json.decode(message.data, type=dict[str, Any])
        raise StopAsyncIteration

    @property
    def closed(self) -> bool:
        """Whether the line is dead."""
        return self._socket.closed

    @property
    def hung_up(self) -> str:
        """Why the line is dead, as far as the server said."""
        return f"the server closed the call (code {self._socket.close_code})"

    async def acknowledge(self, session_id: str, item_id: str, played_ms: int) -> None:
        """Say how much of an item has been played. A server without ears for it is left in peace."""
        body = {"item_id": item_id, "played_ms": played_ms}
        try:
            async with self._http.post(f"{self._root}/sessions/{session_id}/playout", json=body):
                pass
        except aiohttp.ClientError as error:
            raise CallFailed(f"the server no longer listens: {error}") from error

    async def turns(self, session_id: str) -> tuple[TurnReport, ...]:
        """The response-time equation of every turn so far; empty when the server keeps none."""
        try:
            async with self._http.get(f"{self._root}/sessions/{session_id}/turns") as answer:
                body = await answer.read()
                return msgspec.json.decode(body, type=Turns).data if answer.status == 200 else ()
        except (aiohttp.ClientError, msgspec.MsgspecError) as error:
            raise CallFailed(f"the server's account of the turns cannot be read: {error}") from error

    async def watch(self, session_id: str) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
        """The session's feed: each fact's name and data, until it ends; nothing from a server without one."""
        try:
            timeout = aiohttp.ClientTimeout(total=None)
            async with self._http.get(f"{self._root}/sessions/{session_id}/events", timeout=timeout) as feed:
                name = ""
                async for line in feed.content if feed.status == 200 else ():
                    if line.startswith(b"event: "):
                        name = line[7:].decode().strip()
                    elif line.startswith(b"data: ") and name:
                        yield name, msgspec.json.decode(line[6:], type=dict[str, Any])
        except (aiohttp.ClientError, msgspec.MsgspecError, ValueError):
            return  # a feed that breaks takes nothing from the call


@asynccontextmanager
async def connect(url: str) -> AsyncGenerator[Connection]:
    """Call the server at `url`, waiting while it loads its engines.

    Raises:
        PrerequisiteMissing: nobody listens there, or it wants a key.
        CallFailed: it listens and does not take the call.
    """
    root = web_root(url)
    key = os.environ.get(KEY_ENV)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=_taken) as http:
        try:
            await _until_ready(http, root.removesuffix("/v1"))
            socket = await http.ws_connect(url, max_msg_size=16 * 2**20, heartbeat=20)
        except aiohttp.WSServerHandshakeError as error:
            raise CallFailed(f"the server does not take the call: {error.status} {error.message}") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise PrerequisiteMissing(f"no server answers at {url}", remedy="antiphon serve") from error
        async with socket:
            yield Connection(http, socket, root)


def for_user(url: str, user: str) -> str:
    """`url`, for a session with `user`; the same when there is none."""
    if not user:
        return url
    parts = urlsplit(url)
    query = f"{parts.query}&user={quote(user)}" if parts.query else f"user={quote(user)}"
    return urlunsplit(parts._replace(query=query))


def web_root(url: str) -> str:
    """Where the pages beside the WebSocket at `url` begin: `http://host/v1`.

    Raises:
        ConfigInvalid: it is no WebSocket address.
    """
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme)
    if scheme is None or not parts.netloc:
        raise ConfigInvalid((f"{url!r} is no WebSocket address such as {DEFAULT_URL}",))
    return urlunsplit((scheme, parts.netloc, parts.path.rpartition("/")[0] or "/v1", "", ""))


async def _until_ready(http: aiohttp.ClientSession, root: str) -> None:
    """Wait while the server says that it is loading; one that has no such page is ready."""
    async with asyncio.timeout(_READY_PATIENCE_S):
        while True:
            async with http.get(f"{root}/readyz") as answer:
                if answer.status != 503:
                    return
            await asyncio.sleep(_ASK_AGAIN_S)


async def _taken(response: aiohttp.ClientResponse) -> None:
    """Raise why the server does not take the call, while its reason can still be read.

    Of the pages beside the call, each reader looks at the status itself.
    """
    if response.status < 400 or "Sec-WebSocket-Key" not in response.request_info.headers:
        return
    reason = ""
    try:
        async with asyncio.timeout(_REASON_PATIENCE_S):
            await response.content.readexactly(_REASON_BYTES_MAX)
    except asyncio.IncompleteReadError as whole:
        reason = reason_in(whole.partial)
    except (aiohttp.ClientError, TimeoutError):
        pass
    if response.status == 401 or (response.status == 403 and not reason):
        raise PrerequisiteMissing("the server wants its key", remedy=f"export {KEY_ENV}=...")
    told = reason or response.reason or "without a reason"
    raise CallFailed(f"the server does not take the call: {response.status} {told}")


def reason_in(body: bytes) -> str:
    """The sentence in the body of a refusal, in the shape of the protocol, fit for a terminal; or empty."""
    try:
        message = msgspec.json.decode(body, type=Refusal).error.message
    except (msgspec.MsgspecError, UnicodeError):
        return ""
    line = " ".join("".join(each if each.isprintable() else " " for each in message).split())
    return line if len(line) <= _REASON_CHARACTERS_MAX else f"{line[:_REASON_CHARACTERS_MAX]}…"
