"""The routes, and what guards them."""

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from aiohttp import web

from antiphon.contracts import PrerequisiteMissing
from antiphon.runtime import Config, Hub
from antiphon.server.auth import Door, Refused, shown_key
from antiphon.server.cast_api import CastApi
from antiphon.server.feed import Records
from antiphon.server.realtime_api import LOADING_S, MODEL, RealtimeApi, client_secrets
from antiphon.server.recordings import RecordingsApi
from antiphon.server.sessions_api import SessionsApi, answer, problem
from antiphon.server.static import read_app
from antiphon.server.telemetry.logs import LogFacts
from antiphon.server.telemetry.metrics import CONTENT_TYPE, Metrics
from antiphon.server.telemetry.traces import open_traces
from antiphon.server.twilio.api import PATH as TWILIO
from antiphon.server.twilio.api import TwilioApi

if TYPE_CHECKING:
    from antiphon.server.home.house import House

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Answered to everybody: whoever keeps the server alive has no key."""
SECRET_PATHS = (
    "/v1/realtime",
    "/v1/realtime/calls",
    "/v1/realtime/calls/",
    "/v1/sessions/",
    "/v1/cast",
    "/v1/models",
)
"""What a key for a browser opens; those that end with a slash, with all below. It makes no other keys."""

WELCOME = """Antiphon is listening.

Talk to it with any client of the Realtime protocol:

  {url}/v1/realtime     the conversation, over a WebSocket
  {url}/v1/twilio       the same by telephone, from Twilio Media Streams
  {url}/v1/sessions     who is talking, and /v1/sessions/ID/turns: where every millisecond went
  {url}/v1/models       what there is; /v1/cast: who speaks, where a cast is played
  {url}/readyz          whether the models are loaded; /metrics: sums and times for Prometheus

In Python, for example:

  client = openai.AsyncOpenAI(base_url="{url}/v1", api_key="any")
  async with client.realtime.connect(model="antiphon") as connection: ...
"""


class Server:
    """Everything the routes share."""

    def __init__(self, hub: Hub, config: Config, door: Door) -> None:
        self._hub, self._config, self._door = hub, config, door
        self._secrets = client_secrets()
        self._metrics, self._traces = Metrics(), open_traces(config.telemetry)
        observers = (self._metrics, LogFacts(), *((self._traces,) if self._traces is not None else ()))
        self._records = Records(observers=observers)
        self._home = _home(hub, config, self._records)
        self._app = read_app()
        self._realtime = RealtimeApi(hub, config, self._records, self._secrets)
        self._twilio = TwilioApi(hub, config, self._records, secrets=self._secrets, door=door)

    @property
    def home(self) -> "House | None":
        """Where Home Assistant comes in; None: nowhere."""
        return self._home

    def app(self) -> web.Application:
        """The application, ready to be run."""
        app = web.Application(middlewares=[self._guard], client_max_size=65_536)
        app.router.add_get("/", self._welcome)
        app.router.add_get("/app/{name}", self._app_file)
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._measured)
        app.router.add_get("/v1/models", self._models)
        self._realtime.add_to(app.router)
        self._twilio.add_to(app.router)
        SessionsApi(self._records).add_to(app.router)
        RecordingsApi(self._hub).add_to(app.router)
        CastApi(self._hub).add_to(app.router)
        app.on_shutdown.append(self._shut_down)
        app.cleanup_ctx.append(self._metrics.watch_loop)
        if self._home is not None:
            app.cleanup_ctx.append(self._home.run)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "OPTIONS" and self._door.check_site(request.headers) is None:
            return web.Response(status=204, headers=_allowed(request))
        if refused := self._refused(request):
            headers = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else None
            return problem(refused.status, refused.code, refused.message, headers)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            response = problem(
                error.status, error.reason.lower().replace(" ", "_"), error.reason, _allow(error)
            )
        if not response.prepared:
            response.headers.update(_allowed(request))
        return response

    def _refused(self, request: web.Request) -> Refused | None:
        if request.path in OPEN_PATHS:
            return None
        if request.path == "/" or request.path.startswith("/app/"):
            # The page holds no secret and asks for the key itself: a browser shows none when it opens a page.
            return self._door.check_site(request.headers)
        if request.path == TWILIO or request.path.startswith(TWILIO + "/"):
            # A carrier shows what it has in other places, where `TwilioApi` looks.
            return self._door.check_site(request.headers, carrier=True)
        refused = self._door.check(request.headers)
        if refused is None or refused.status != 401:
            return refused
        opened = any(
            request.path.startswith(path) if path.endswith("/") else request.path == path
            for path in SECRET_PATHS
        )
        return None if opened and self._secrets.find(shown_key(request.headers)) else refused

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
        return problem(503, "loading", "The models are loading.", {"Retry-After": str(LOADING_S)})

    async def _measured(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _models(self, _: web.Request) -> web.Response:
        model: dict[str, Any] = {"id": MODEL, "object": "model", "created": 0, "owned_by": "antiphon"}
        return answer({"object": "list", "data": [model]})

    async def _shut_down(self, _: web.Application) -> None:
        await self._twilio.close()
        await self._realtime.close()
        if self._traces is not None:
            await self._traces.close()


def _home(hub: Hub, config: Config, records: Records) -> "House | None":
    return house().House(hub, config, records) if config.wyoming.uri else None


def house() -> ModuleType:
    """The module of what Home Assistant is offered, which is an option.

    Raises:
        PrerequisiteMissing: its package is not installed.
    """
    try:
        from antiphon.server.home import house  # noqa: PLC0415 - an option
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "wyoming":
            raise
        raise PrerequisiteMissing(
            "wyoming.uri is set, and its package is not installed", remedy="pip install 'antiphon[home]'"
        ) from None
    return house


def _allowed(request: web.Request) -> dict[str, str]:
    """What tells a browser that a page which was let in may read the answer."""
    origin = request.headers.get("Origin")
    if origin is None:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "*"),
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Expose-Headers": "Location",
        "Vary": "Origin",
    }


def _allow(error: web.HTTPException) -> dict[str, str] | None:
    return {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
