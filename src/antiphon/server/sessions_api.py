"""Sessions over HTTP: who is talking, where the time went, and the listener's word on what was played."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from antiphon.contracts import BadRequest
from antiphon.server.feed import Record, Records, Watcher

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 15.0
"""How often a quiet feed says that it is alive; also the longest a write may take."""


class Playout(msgspec.Struct, forbid_unknown_fields=True):
    """What a listener says it has played."""

    item_id: str
    played_ms: Annotated[int, Meta(ge=0)]


class SessionsApi:
    """The routes below /v1/sessions."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_get("/v1/sessions", self._all)
        router.add_get("/v1/sessions/{id}", self._one)
        router.add_get("/v1/sessions/{id}/turns", self._turns)
        router.add_get("/v1/sessions/{id}/events", self._events)
        router.add_post("/v1/sessions/{id}/playout", self._playout)

    async def _all(self, _: web.Request) -> web.Response:
        return answer({"object": "list", "data": [record.summary() for record in self._records.all()]})

    async def _one(self, request: web.Request) -> web.Response:
        record = self._record(request)
        return _no_session() if record is None else answer(record.summary())

    async def _turns(self, request: web.Request) -> web.Response:
        record = self._record(request)
        return _no_session() if record is None else answer({"object": "list", "data": record.reports})

    async def _playout(self, request: web.Request) -> web.Response:
        record = self._record(request)
        if record is None or record.session is None:
            return _no_session()
        try:
            playout = msgspec.json.decode(await request.read(), type=Playout)
        except (msgspec.DecodeError, UnicodeError) as error:
            return problem(400, "invalid_value", f"{error}.")
        record.session.acknowledge_playout(playout.item_id, playout.played_ms)
        return web.Response(status=204)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        record = self._record(request)
        if record is None:
            return _no_session()
        watcher = record.watch()
        if watcher is None:
            return problem(503, "busy", "This session is watched by as many as it can be.")
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        try:
            await response.prepare(request)
            await _show(watcher, response)
        except (ConnectionError, TimeoutError):
            pass  # The reader is gone, or reads too slowly to be worth waiting for.
        finally:
            record.unwatch(watcher)
        return response

    def _record(self, request: web.Request) -> Record | None:
        return self._records.find(request.match_info["id"])


async def _show(watcher: Watcher, response: web.StreamResponse) -> None:
    await response.write(b": watching\n\n")
    while True:
        try:
            async with asyncio.timeout(KEEP_ALIVE_S):
                line = await watcher.wait_next()
        except TimeoutError:
            line = b": still here\n\n"
        async with asyncio.timeout(KEEP_ALIVE_S):
            await response.write(b"event: end\ndata: {}\n\n" if line is None else line)
        if line is None:
            return


def answer(content: Any, status: int = 200) -> web.Response:
    """JSON."""
    return web.Response(
        body=msgspec.json.encode(content), status=status, content_type="application/json", charset="utf-8"
    )


def problem(
    status: int,
    code: str,
    message: str,
    headers: Mapping[str, str] | None = None,
    *,
    param: str | None = None,
) -> web.Response:
    """An error, in the shape that clients of the protocol expect."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    response = answer({"error": {"type": kind, "code": code, "message": message, "param": param}}, status)
    response.headers.update(headers or {})
    return response


def refused_at_the_door(refused: BadRequest) -> web.Response:
    """A conversation that does not begin: its client is told why, and so is the log.

    Many clients show no more of it than its number, and whoever runs the server is the one who is asked.
    """
    # The message quotes what was sent.
    told = {"code": refused.code, "param": refused.param, "personal": {"message": str(refused)}}
    log.warning("a client was refused", extra=told)
    return problem(400, refused.code, str(refused), param=refused.param)


def _no_session() -> web.Response:
    return problem(404, "session_not_found", "There is no such session; it may have been closed long ago.")
