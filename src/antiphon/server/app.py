"""The routes, and what guards them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import WSCloseCode, web

from antiphon.contracts import Busy, ContractBroken
from antiphon.runtime import Config, Hub
from antiphon.server.auth import Door, Refused
from antiphon.server.cast_api import CastApi
from antiphon.server.connection import SUBPROTOCOL, Connection
from antiphon.server.feed import Records
from antiphon.server.outbox import Goodbye
from antiphon.server.recordings import RecordingsApi
from antiphon.server.resuming import earlier_of
from antiphon.server.sessions_api import SessionsApi, answer, problem
from antiphon.server.static import read_app
from antiphon.server.wire.beta import BETA
from antiphon.server.wire.dialect import GA

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MODEL = "antiphon"
"""The one model there is; a client may ask for any name and is told its own."""
OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Answered to everybody: whoever keeps the server alive has no key."""
LOADING_S, BUSY_S = 2, 10
"""When to try again."""

WELCOME = """Antiphon is listening.

Talk to it with any client of the Realtime protocol:

  {url}/v1/realtime     the conversation, over a WebSocket
  {url}/v1/sessions     who is talking, and /v1/sessions/ID/turns: where every millisecond went
  {url}/v1/models       what there is; /v1/cast: who speaks, where a cast is played
  {url}/readyz          whether the models are loaded

In Python, for example:

  client = openai.AsyncOpenAI(base_url="{url}/v1", api_key="any")
  async with client.realtime.connect(model="antiphon") as connection: ...
"""


class Server:
    """Everything the routes share."""

    def __init__(self, hub: Hub, config: Config, door: Door) -> None:
        self._hub, self._config, self._door = hub, config, door
        self._records = Records()
        self._app = read_app()
        self._connections: set[Connection] = set()

    def app(self) -> web.Application:
        """The application, ready to be run."""
        app = web.Application(middlewares=[self._guard], client_max_size=65_536)
        app.router.add_get("/", self._welcome)
        app.router.add_get("/app/{name}", self._app_file)
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/realtime", self._realtime)
        SessionsApi(self._records).add_to(app.router)
        RecordingsApi(self._hub).add_to(app.router)
        CastApi(self._hub).add_to(app.router)
        app.on_shutdown.append(self._shut_down)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if refused := self._refused(request):
            headers = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else None
            return problem(refused.status, refused.code, refused.message, headers)
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return problem(error.status, error.reason.lower().replace(" ", "_"), error.reason, _allow(error))

    def _refused(self, request: web.Request) -> Refused | None:
        if request.path in OPEN_PATHS:
            return None
        if request.path == "/" or request.path.startswith("/app/"):
            # The page holds no secret and asks for the key itself: a browser shows none when it opens a page.
            return self._door.check_site(request.headers)
        return self._door.check(request.headers)

    async def _welcome(self, request: web.Request) -> web.Response:
        page = self._app.get("index.html")
        if page is not None and "text/html" in request.headers.get("Accept", ""):
            return page.answer(request)
        return web.Response(text=WELCOME.format(url=f"{request.scheme}://{request.host}"))

    async def _app_file(self, request: web.Request) -> web.Response:
        file = self._app.get(request.match_info["name"])
        return problem(404, "not_found", "Not Found") if file is None else file.answer(request)

    async def _alive(self, _: web.Request) -> web.Response:
        return answer({"status": "alive"})

    async def _ready(self, _: web.Request) -> web.Response:
        if self._hub.ready:
            return answer({"status": "ready"})
        return problem(503, "loading", "The models are loading.", _retry_after(LOADING_S))

    async def _models(self, _: web.Request) -> web.Response:
        model: dict[str, Any] = {"id": MODEL, "object": "model", "created": 0, "owned_by": "antiphon"}
        return answer({"object": "list", "data": [model]})

    async def _realtime(self, request: web.Request) -> web.StreamResponse:
        if (refused := _upgrade_problem(request)) is not None:
            return refused
        if not self._hub.ready:
            return problem(503, "loading", "The models are loading.", _retry_after(LOADING_S))
        before = await earlier_of(self._hub, request)
        if isinstance(before, web.Response):
            return before
        try:
            connection = Connection(
                self._hub,
                self._config,
                self._records,
                model=request.query.get("model") or MODEL,
                extended=request.query.get("ext") == "1",
                dialect=BETA if _speaks_beta(request.headers) else GA,
                before=before,
            )
        except ContractBroken as other_cast:
            return problem(409, "another_cast", f"{other_cast}.")
        except Busy as busy:
            return problem(503, "busy", str(busy), _retry_after(BUSY_S))
        self._connections.add(connection)
        try:
            return await connection.run(request)
        finally:
            self._connections.discard(connection)

    async def _shut_down(self, _: web.Application) -> None:
        for connection in tuple(self._connections):
            connection.finish(Goodbye(WSCloseCode.GOING_AWAY, "the server is shutting down"))


def _upgrade_problem(request: web.Request) -> web.Response | None:
    """Why this request cannot become a WebSocket; None when it can."""
    if "call_id" in request.query:
        return problem(404, "call_not_found", "There is no such call.")
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


def _retry_after(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


def _allow(error: web.HTTPException) -> dict[str, str] | None:
    return {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
