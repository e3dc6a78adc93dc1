"""Everything below /v1/realtime: a WebSocket, a call, a WebSocket beside a call, a key for a browser."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from aiohttp import WSCloseCode, web

from antiphon.contracts import BadRequest, Busy, ContractBroken
from antiphon.runtime import Config, Hub
from antiphon.runtime.earlier import Earlier
from antiphon.server.auth import shown_key
from antiphon.server.client_secrets import ClientSecrets, SecretRequest
from antiphon.server.connection import Connection
from antiphon.server.feed import Records
from antiphon.server.line import SUBPROTOCOL
from antiphon.server.outbox import Goodbye
from antiphon.server.resuming import earlier_of
from antiphon.server.rtc.calls import BUSY_S, PATH, Calls, no_call
from antiphon.server.sessions_api import answer, problem, refused_at_the_door
from antiphon.server.wire.beta import BETA
from antiphon.server.wire.client_events import refusal
from antiphon.server.wire.dialect import GA
from antiphon.server.wire.session_object import first_session, patched, session_object

MODEL = "antiphon"
"""The one model there is; a client may ask for any name and is told its own."""
LOADING_S = 2


class RealtimeApi:
    """The routes, and every conversation that is under way."""

    def __init__(self, hub: Hub, config: Config, records: Records, secrets: ClientSecrets) -> None:
        self._hub, self._config, self._records, self._secrets = hub, config, records, secrets
        self._calls = Calls(hub, config, records)
        self._connections: set[Connection] = set()

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_get("/v1/realtime", self._connect)
        router.add_post("/v1/realtime/client_secrets", self._secret)
        router.add_post(PATH, self._call)
        router.add_post(PATH + "/{id}/hangup", self._calls.hang_up)

    async def close(self) -> None:
        """End every conversation with a goodbye."""
        for connection in tuple(self._connections):
            connection.finish(Goodbye(WSCloseCode.GOING_AWAY, "the server is shutting down"))
        await self._calls.close()

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if (refused := _upgrade_problem(request)) is not None:
            return refused
        if "call_id" in request.query:
            return await self._join(request)
        if not self._hub.ready:
            return _loading()
        before = await self._earlier(request)
        if isinstance(before, web.Response):
            return before
        secret = self._secrets.find(shown_key(request.headers))
        try:
            connection = Connection(
                self._hub,
                self._config,
                self._records,
                model=request.query.get("model") or MODEL,
                user=request.query.get("user"),
                extended=request.query.get("ext") == "1",
                dialect=BETA if _speaks_beta(request.headers) else GA,
                before=before,
                patch=secret.session if secret is not None else None,
            )
        except BadRequest as refused:
            return refused_at_the_door(refused)
        except ContractBroken as other_cast:
            return problem(409, "another_cast", f"{other_cast}.")
        except Busy as busy:
            return _busy(busy)
        self._connections.add(connection)
        try:
            return await connection.run(request)
        finally:
            self._connections.discard(connection)

    async def _join(self, request: web.Request) -> web.StreamResponse:
        call = self._calls.find(request.query["call_id"])
        if call is None:
            return no_call()
        if call.crowded:
            return problem(503, "busy", "As many listen in on this call as can.")
        return await call.beside(request)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        if not self._hub.ready:
            return _loading()
        before = await self._earlier(request)
        if isinstance(before, web.Response):
            return before
        secret = self._secrets.find(shown_key(request.headers))
        return await self._calls.begin(
            request,
            model=request.query.get("model") or MODEL,
            before=before,
            patch=secret.session if secret is not None else None,
        )

    async def _earlier(self, request: web.Request) -> Earlier | web.Response:
        """What was before the session that is asked for, or why it cannot be had."""
        await self._give_way(request.query.get("resume", ""))
        return await earlier_of(self._hub, request)

    async def _give_way(self, session_id: str) -> None:
        """End the line or the call that carries this session, if one does.

        Who resumes a session has lost it, which the server notices only when half a minute has passed.
        """
        await self._calls.give_way(session_id)
        for connection in tuple(self._connections):
            if connection.session_id == session_id:
                await connection.give_way()

    async def _secret(self, request: web.Request) -> web.Response:
        voices = self._hub.voices()
        try:
            asked = msgspec.json.decode(await request.read() or b"{}", type=SecretRequest)
            session = first_session(self._config.session, model=MODEL, voices=voices)
            if asked.session is not None:
                session = patched(session, asked.session, session)
            secret = self._secrets.issue(asked)
        except msgspec.ValidationError as error:
            refused = refusal(str(error))
            return refused_at_the_door(refused)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            return problem(400, "invalid_json", f"The body is no JSON: {error}.")
        except BadRequest as refused:
            return refused_at_the_door(refused)
        except Busy as busy:
            return _busy(busy)
        shown = session_object(session, session_id="", expires_at=secret.expires_at)
        return answer({"value": secret.value, "expires_at": secret.expires_at, "session": shown})


def client_secrets() -> ClientSecrets:
    """A ring of keys on the world's clock."""
    return ClientSecrets(lambda: datetime.now(UTC).timestamp())


def _upgrade_problem(request: web.Request) -> web.Response | None:
    """Why this request cannot become a WebSocket; None when it can."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return problem(426, "upgrade_required", "Connect with a WebSocket client.", {"Upgrade": "websocket"})
    offered = _subprotocols(request.headers)
    if offered and SUBPROTOCOL not in offered:
        return problem(400, "invalid_subprotocol", f"Offer the subprotocol {SUBPROTOCOL!r} first of all.")
    return None


def _subprotocols(headers: Mapping[str, str]) -> list[str]:
    offered = headers.get("Sec-WebSocket-Protocol", "")
    return [name.strip() for name in offered.split(",") if name.strip()]


def _speaks_beta(headers: Mapping[str, str]) -> bool:
    return "realtime=v1" in headers.get("OpenAI-Beta", "") or "openai-beta.realtime-v1" in _subprotocols(
        headers
    )


def _loading() -> web.Response:
    return problem(503, "loading", "The models are loading.", {"Retry-After": str(LOADING_S)})


def _busy(busy: Busy) -> web.Response:
    return problem(503, "busy", str(busy), {"Retry-After": str(BUSY_S)})
