"""Calls over HTTP: how one begins, and how it is hung up."""

import asyncio
from typing import NamedTuple

import msgspec
from aiohttp import web
from aiohttp.web_request import FileField

from antiphon.contracts import BadRequest, Busy, ContractBroken
from antiphon.runtime import Config, Hub
from antiphon.runtime.earlier import Earlier
from antiphon.server.feed import Records
from antiphon.server.rtc.call import Call
from antiphon.server.rtc.peer import checked_offer
from antiphon.server.sessions_api import problem, refused_at_the_door
from antiphon.server.wire.client_events import refusal
from antiphon.server.wire.session_patch import SessionPatch

PATH = "/v1/realtime/calls"
SDP = "application/sdp"
BUSY_S = 10
"""When to try again."""


class Asked(NamedTuple):
    """What the body of a call holds."""

    offer: str
    session: SessionPatch | None


class Calls:
    """The routes below /v1/realtime/calls, and every call that is under way."""

    def __init__(self, hub: Hub, config: Config, records: Records) -> None:
        self._hub, self._config, self._records = hub, config, records
        self._calls: dict[str, Call] = {}

    def find(self, call_id: str) -> Call | None:
        """A call that is under way."""
        return self._calls.get(call_id)

    async def give_way(self, session_id: str) -> None:
        """End the call that carries this session, if one does."""
        for call in tuple(self._calls.values()):
            if call.session_id == session_id:
                await call.close()

    async def begin(
        self, request: web.Request, *, model: str, before: Earlier, patch: SessionPatch | None
    ) -> web.Response:
        """Answer an offer. `patch` is used where the body asks for no session of its own."""
        call = None
        try:
            asked = await _asked(request)
            call = Call(
                self._hub,
                self._config,
                self._records,
                model=model,
                user=request.query.get("user"),
                extended=request.query.get("ext") == "1",
                before=before,
                patch=asked.session or patch,
                ended=self._forget,
            )
            self._calls[call.id] = call
            answer = await call.answer(asked.offer)
        except BadRequest as refused:
            if call is not None:
                await call.close()
            return refused_at_the_door(refused)
        except ContractBroken as other_cast:
            return problem(409, "another_cast", f"{other_cast}.")
        except Busy as busy:
            return problem(503, "busy", str(busy), {"Retry-After": str(BUSY_S)})
        return web.Response(
            text=answer, status=201, content_type=SDP, headers={"Location": f"{PATH}/{call.id}"}
        )

    async def hang_up(self, request: web.Request) -> web.Response:
        """End a call, and answer when it has ended."""
        call = self.find(request.match_info["id"])
        if call is None:
            return no_call()
        await call.close()
        return web.Response()

    async def close(self) -> None:
        """End every call."""
        await asyncio.gather(*(call.close() for call in tuple(self._calls.values())), return_exceptions=True)

    def _forget(self, call: Call) -> None:
        self._calls.pop(call.id, None)


def no_call() -> web.Response:
    """There is nothing under this id."""
    return problem(404, "call_not_found", "There is no such call; it may be over.")


async def _asked(request: web.Request) -> Asked:
    """The offer, as the whole body or as a form's field beside a session. BadRequest: there is none."""
    if request.content_type == SDP:
        return Asked(checked_offer(_text(await request.read())), None)
    if request.content_type != "multipart/form-data":
        raise BadRequest(
            f"Send the offer as {SDP}, or as the field 'sdp' of a form (multipart/form-data).",
            code="unsupported_media_type",
        )
    try:
        form = await request.post()
    except ValueError as error:
        raise BadRequest(f"The form cannot be read: {error}.", code="invalid_form") from None
    fields = {name: _field(value) for name, value in form.items()}
    if "sdp" not in fields:
        raise BadRequest("The form has no field 'sdp'.", code="missing_required_parameter", param="sdp")
    session = _session(fields["session"]) if "session" in fields else None
    return Asked(checked_offer(_text(fields["sdp"])), session)


def _field(value: str | bytes | bytearray | FileField) -> bytes:
    # Browsers send a Blob as a file.
    if isinstance(value, FileField):
        return value.file.read()
    return value.encode() if isinstance(value, str) else bytes(value)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadRequest("The offer is no text.", code="invalid_offer") from None


def _session(body: bytes) -> SessionPatch:
    try:
        return msgspec.json.decode(body, type=SessionPatch)
    except msgspec.ValidationError as error:
        raise refusal(str(error).replace("`$.", "`$.session.")) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest(f"The session is no JSON: {error}.", code="invalid_json", param="session") from None
