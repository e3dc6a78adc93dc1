"""A client over a WebSocket: its session, and the line that carries it.

The line hands messages to `Realtime`, whose events go to the line. However the line ends, the session is
closed.
"""

import asyncio
import logging
from datetime import UTC, datetime

import msgspec
from aiohttp import WSCloseCode, web
from msgspec.structs import replace

from antiphon.contracts import BadRequest
from antiphon.runtime import Config, Hub
from antiphon.runtime.earlier import NOTHING_EARLIER, Earlier
from antiphon.runtime.events import SessionEvent
from antiphon.server.feed import Record, Records
from antiphon.server.line import Line, expired
from antiphon.server.outbox import Goodbye
from antiphon.server.realtime import Realtime
from antiphon.server.wire.dialect import Dialect
from antiphon.server.wire.session_object import Wire
from antiphon.server.wire.session_patch import SessionPatch

log = logging.getLogger(__name__)


class Connection:
    """A client on the line. Making one opens its session, so that a refusal can still be plain HTTP.

    Attributes:
        session_id: of the session it carries.

    Raises:
        Busy: there is no room for another session.
        BadRequest: `user` is no name, or `patch` asks for what cannot be had.
        ContractBroken: it goes on with another cast than the one that is played.
    """

    def __init__(
        self,
        hub: Hub,
        config: Config,
        records: Records,
        *,
        model: str,
        extended: bool,
        dialect: Dialect,
        user: str | None = None,
        before: Earlier = NOTHING_EARLIER,
        patch: SessionPatch | None = None,
    ) -> None:
        self._hub, self._records, self._limits = hub, records, config.limits
        self._record: Record | None = None
        self._line = Line(config.limits, self, "")
        self._realtime = Realtime(
            hub,
            self,
            config.session if user is None else replace(config.session, user=user),
            model=model,
            expires_at=int(datetime.now(UTC).timestamp()) + config.limits.session_seconds,
            extended=extended,
            dialect=dialect,
            before=before,
            patch=patch,
        )
        self._session = self._realtime.session
        self.session_id = self._line.name = self._session.id
        self._over = asyncio.Event()
        self._record = records.open(self._session)

    # What `Realtime` asks of whoever carries it.

    def send(self, event: Wire) -> None:
        """Send an event."""
        self._line.send(msgspec.json.encode(event))

    def watch(self, event: SessionEvent) -> None:
        """Show a fact to whoever watches the session."""
        if self._record is not None:
            self._record.tell(event)

    def hang_up(self) -> None:
        """The session cannot go on."""
        self.finish(Goodbye(WSCloseCode.INTERNAL_ERROR, "the session failed"))

    # What the line asks of whoever hears it.

    def receive(self, message: bytes) -> None:
        """Do what a message says."""
        self._realtime.receive(message)

    def refuse(self, refused: BadRequest) -> None:
        """Say what is wrong."""
        self._realtime.refuse(refused)

    # How it goes and ends.

    def finish(self, goodbye: Goodbye) -> None:
        """Send what waits and say goodbye."""
        self._line.finish(goodbye)

    async def give_way(self) -> None:
        """End, because the client goes on with the session on another line; returns when it may."""
        self.finish(Goodbye(WSCloseCode.OK, "the session goes on elsewhere"))
        await self._over.wait()

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Converse until somebody ends it."""
        expiry = asyncio.get_running_loop().call_later(self._limits.session_seconds, self._expire)
        log.info("session opened", extra={"session": self._session.id})
        try:
            return await self._line.run(request)
        finally:
            expiry.cancel()
            await self.close()
            self._over.set()

    async def close(self) -> None:
        """Let go of the session; the reports stay for a while."""
        await self._hub.close_session(self._session)
        if self._record is not None:
            self._records.close(self._record)
        log.info("session closed", extra={"session": self._session.id})
        # Both hold us, and all of us the session with its audio.
        del self._realtime, self._line

    def _expire(self) -> None:
        self._realtime.refuse(expired(self._limits))
        self.finish(Goodbye(WSCloseCode.OK, "session expired"))
