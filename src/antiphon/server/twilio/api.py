"""The routes below /v1/twilio: the stream of a call, and the TwiML that asks for it.

Twilio shows no key in a header. A stream shows one in its path or as the parameter `token`; the TwiML that we
answer holds a short-lived one. With the account's auth token in the environment, both must be signed besides.
"""

import logging
import os
from collections.abc import Mapping

from aiohttp import WSCloseCode, web

from antiphon.contracts import BadRequest, Busy
from antiphon.runtime import Config, Hub, SessionSettings
from antiphon.server.auth import Door, shown_key
from antiphon.server.client_secrets import ClientSecrets, ExpiresAfter, SecretRequest
from antiphon.server.feed import Records
from antiphon.server.outbox import Goodbye
from antiphon.server.sessions_api import problem, refused_at_the_door
from antiphon.server.twilio.call import PhoneCall
from antiphon.server.twilio.messages import Stream
from antiphon.server.twilio.trust import SIGNATURE, check_format, check_parameters, settings_for, signed
from antiphon.server.twilio.twiml import connect
from antiphon.server.wire.session_object import first_session, patched, settings_of
from antiphon.server.wire.session_patch import SessionPatch

log = logging.getLogger(__name__)

PATH = "/v1/twilio"
WAITING_MAX = 32
"""Lines on which nobody has said yet whose call it is, when strangers want another one."""
TOKEN_S = 60
"""How long the TwiML's token opens a stream; Twilio connects at once."""
RETRY_S = 2


class TwilioApi:
    """The routes, and every telephone call that is under way."""

    def __init__(
        self,
        hub: Hub,
        config: Config,
        records: Records,
        *,
        secrets: ClientSecrets,
        door: Door,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._hub, self._config, self._records = hub, config, records
        self._secrets, self._door = secrets, door
        self._auth_token = environment.get(config.server.twilio_auth_env) or None
        self._public_url = config.server.public_url.rstrip("/")
        self._calls: set[PhoneCall] = set()

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_get(PATH, self._stream)
        router.add_get(PATH + "/{token}", self._stream)
        router.add_post(PATH + "/voice", self._voice)
        router.add_post(PATH + "/voice/{token}", self._voice)

    async def close(self) -> None:
        """Hang up on everybody."""
        for call in tuple(self._calls):
            call.finish(Goodbye(WSCloseCode.GOING_AWAY, "the server is shutting down"))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return problem(426, "upgrade_required", "Connect with a WebSocket.", {"Upgrade": "websocket"})
        token = request.match_info.get("token")
        if not self._signed(request, self._url(request, socket=True)):
            return _unsigned()
        if token is not None and not self._opens(token):
            return _no_token()
        if not self._hub.ready:
            return problem(503, "loading", "The models are loading.", {"Retry-After": str(RETRY_S)})
        stranger = token is None and self._auth_token is None
        if stranger and sum(call.waiting for call in self._calls) >= WAITING_MAX:
            return problem(503, "busy", "Too many lines wait to say whose call they are.")
        call = PhoneCall(self._hub, self._config, self._records, lambda stream: self._admitted(stream, token))
        self._calls.add(call)
        try:
            return await call.run(request)
        finally:
            self._calls.discard(call)

    async def _voice(self, request: web.Request) -> web.Response:
        form = await request.post()
        fields = [(name, value) for name, value in form.items() if isinstance(value, str)]
        url = self._url(request, socket=False)
        if not self._signed(request, url, fields):
            return _unsigned()
        token = request.match_info.get("token") or shown_key(request.headers)
        if self._auth_token is None and not self._opens(token):
            return _no_token()
        parameters, stream = dict(request.query), self._base(request, socket=True) + PATH
        try:
            check_parameters(parameters)
            if self._door.locked:
                short = SecretRequest(expires_after=ExpiresAfter(seconds=TOKEN_S))
                stream += f"/{self._secrets.issue(short).value}"
        except BadRequest as refused:
            return refused_at_the_door(refused)
        except Busy as busy:
            return problem(503, "busy", str(busy))
        return web.Response(text=connect(stream, parameters), content_type="text/xml")

    def _admitted(self, stream: Stream, token: str | None) -> SessionSettings:
        """How the session of a stream begins. BadRequest: it may not come in, or asks for the impossible."""
        parameters = dict(stream.custom_parameters)
        shown = parameters.pop("token", None) or token
        if not self._opens(shown):
            raise BadRequest("The parameter 'token' must be the server's key.", code="invalid_api_key")
        check_format(stream.media_format)
        secret = self._secrets.find(shown)
        return self._settings(parameters, secret.session if secret is not None else None)

    def _settings(self, parameters: dict[str, str], patch: SessionPatch | None) -> SessionSettings:
        settings = settings_for(parameters, self._config.session)
        voices = self._hub.voices()
        session = first_session(settings, model="antiphon", voices=voices)
        if patch is not None:
            session = patched(session, patch, session)
        return settings_of(session, settings, voices)

    def _opens(self, token: str | None) -> bool:
        """Whether this is the server's key, or one of those that it gave out, or none is asked for."""
        return not self._door.locked or (
            token is not None and (self._door.knows(token) or self._secrets.find(token) is not None)
        )

    def _signed(self, request: web.Request, url: str, fields: list[tuple[str, str]] | None = None) -> bool:
        """Whether Twilio signed this, where we know how to tell."""
        if self._auth_token is None:
            return True
        if signed(self._auth_token, request.headers.get(SIGNATURE, ""), url, fields or ()):
            return True
        log.warning("a call was not signed by the account, or not for %s", self._base(request, socket=False))
        return False

    def _url(self, request: web.Request, *, socket: bool) -> str:
        return self._base(request, socket=socket) + request.raw_path

    def _base(self, request: web.Request, *, socket: bool) -> str:
        """Our own address as the caller's carrier has it."""
        base = self._public_url or f"{request.scheme}://{request.host}"
        return "ws" + base.removeprefix("http") if socket else base


def _unsigned() -> web.Response:
    return problem(403, "invalid_signature", f"The {SIGNATURE} header does not match.")


def _no_token() -> web.Response:
    return problem(401, "invalid_api_key", "Show the server's key at the end of the path.")
