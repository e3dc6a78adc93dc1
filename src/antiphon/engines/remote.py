"""Talking to a server over HTTP from a thread that blocks, and letting go of it at once when asked.

Requests run on an event loop of their own, because there a request that waits can be cancelled: its
connection is closed, and a server that watches for that stops working. The calling thread takes bytes from a
bounded queue and looks at its cancel flag 50 times a second.
"""

import asyncio
import os
import queue
from collections.abc import Coroutine, Generator, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import Annotated, Any, TypeAlias

import httpx
import msgspec

from antiphon.contracts import Cancel, ContractBroken, EngineBroken, PrerequisiteMissing
from antiphon.engines.remote_errors import Refusal, is_worth_retrying, translated

_POLL_SECONDS = 0.02
_PIECES_UNREAD_MAX = 64
_ERROR_BYTES_MAX = 4096
_Seconds = Annotated[float, msgspec.Meta(gt=0)]

Queue: TypeAlias = "queue.Queue[bytes | BaseException | None]"


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which server, and how patiently."""

    base_url: str = "http://127.0.0.1:8000/v1"
    """Up to and with `/v1`."""
    model: str
    """As the server calls it."""
    api_key_env: str = ""
    """The name of the environment variable that holds the key; empty for a server that asks for none."""
    connect_timeout_s: _Seconds = 5.0
    silence_timeout_s: _Seconds = 30.0
    """How long the server may send nothing before it counts as broken."""
    retries: Annotated[int, msgspec.Meta(ge=0, le=5)] = 2
    """How often a request is made again when it was not answered at all, or the server was busy."""


class Remote:
    """A client for one server, shared by all calls of one engine."""

    def __init__(self, engine: str, settings: ServerSettings) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            PrerequisiteMissing: the variable that should hold the key is not set.
        """
        self._engine = engine
        self._settings = settings
        timeout = httpx.Timeout(settings.silence_timeout_s, connect=settings.connect_timeout_s)
        url = httpx.URL(settings.base_url.rstrip("/") + "/")
        # A proxy in the environment is meant for the world outside, not for this very machine.
        local = url.host in ("127.0.0.1", "localhost", "::1")
        self._client = httpx.AsyncClient(
            base_url=url, headers=_authorization(engine, settings), timeout=timeout, trust_env=not local
        )
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"{engine}-http", daemon=True)
        self._thread.start()

    def stream(self, path: str, cancel: Cancel, **request: Any) -> Generator[bytes]:
        """The body of the answer to a POST, as it arrives; it just ends once `cancel` is raised.

        Args:
            path: below the base URL, without a leading slash; `../` leaves `/v1`.
            cancel: looked at all the while. Closing the iterator early cancels too.
            request: as `httpx` takes it: `json`, `data`, `files`.

        Raises:
            PrerequisiteMissing, ContractBroken, EngineBroken: as `remote_errors` sorts them.
        """
        arriving: Queue = queue.Queue(_PIECES_UNREAD_MAX)
        work = self._start(self._fetch(path, request, arriving))
        try:
            while not cancel.is_set():
                try:
                    item = arriving.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    continue
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            work.cancel()

    def fetch(self, path: str, cancel: Cancel, **request: Any) -> bytes:
        """The whole body; incomplete once `cancel` is raised."""
        return b"".join(self.stream(path, cancel, **request))

    def close(self) -> None:
        """Break off what is under way and close the connections."""
        if self._loop.is_closed():
            return
        self._start(self._wind_up()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> "Future[None]":
        if self._loop.is_closed():
            work.close()
            raise ContractBroken(f"{self._engine} is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _wind_up(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._client.aclose()

    async def _fetch(self, path: str, request: Mapping[str, Any], arriving: Queue) -> None:
        """Put the body piece by piece, then None; or the reason why there is no more."""
        end: BaseException | None = None
        try:
            await self._attempts(path, request, arriving)
        except (httpx.HTTPError, httpx.InvalidURL, Refusal) as error:
            end = translated(self._engine, self._settings.base_url, self._settings.api_key_env, error)
        except Exception as error:
            end = EngineBroken(self._engine, f"its request failed: {error!r}")
        await _put(arriving, end)

    async def _attempts(self, path: str, request: Mapping[str, Any], arriving: Queue) -> None:
        for retries_left in range(self._settings.retries, -1, -1):
            try:
                return await self._attempt(path, request, arriving)
            except (httpx.TransportError, Refusal) as error:
                if not retries_left or not arriving.empty() or not is_worth_retrying(error):
                    raise
                await asyncio.sleep(_pause_seconds(error, self._settings.retries - retries_left))

    async def _attempt(self, path: str, request: Mapping[str, Any], arriving: Queue) -> None:
        async with self._client.stream("POST", path, **request) as response:
            if response.is_error:
                raise await _refusal(response)
            async for piece in response.aiter_bytes():
                await _put(arriving, piece)


async def _put(arriving: Queue, item: bytes | BaseException | None) -> None:
    while arriving.full():  # noqa: ASYNC110 - the reader is a thread, and wakes nothing here
        await asyncio.sleep(_POLL_SECONDS)
    arriving.put_nowait(item)


async def _refusal(response: httpx.Response) -> Refusal:
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > _ERROR_BYTES_MAX:
            break
    return Refusal(response.status_code, body[:_ERROR_BYTES_MAX], response.headers.get("retry-after", ""))


def _pause_seconds(error: Exception, attempt: int) -> float:
    """A quarter of a second, then twice as long each time; what the server asks for, if it is not much."""
    asked = error.retry_after_s if isinstance(error, Refusal) else 0.0
    return min(max(0.25 * 2**attempt, asked), 2.0)


def _authorization(engine: str, settings: ServerSettings) -> dict[str, str]:
    name = settings.api_key_env
    if not name:
        return {}
    if key := os.environ.get(name):
        return {"Authorization": f"Bearer {key}"}
    raise PrerequisiteMissing(
        f"{engine} takes its key from the environment variable {name}, which is not set",
        remedy=f"export {name}=YOUR_KEY",
    )
