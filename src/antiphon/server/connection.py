"""One WebSocket: a reader, a writer and the end of both.

The reader hands messages to `Realtime`. What comes out goes to the line at once; while that is not free, it
waits in the outbox for the writer. However it ends, by the client's wish, its silence, a limit or the
server's own end, the session is closed and no task is left.
"""

import asyncio
import logging
from datetime import UTC, datetime

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from antiphon.contracts import BadRequest
from antiphon.runtime import Config, Hub
from antiphon.runtime.earlier import NOTHING_EARLIER, Earlier
from antiphon.runtime.events import SessionEvent
from antiphon.server.feed import Record, Records
from antiphon.server.outbox import Goodbye, Outbox, text_frame
from antiphon.server.pace import Pace
from antiphon.server.realtime import Realtime
from antiphon.server.wire.dialect import Dialect
from antiphon.server.wire.session_object import Wire

log = logging.getLogger(__name__)

GRACE_S = 0.8
"""How long a goodbye may take before the line is cut."""
HEARTBEAT_S = 20.0
"""How often a client is pinged; one that has not answered after half as long is gone."""
OVERSIZE_FACTOR = 4
"""A message up to this much above the limit is refused politely; a larger one ends the connection."""
BURST_S = 0.0002
"""A message that follows so soon was there already: reading it let nobody else have a turn."""
SUBPROTOCOL = "realtime"


class Connection:
    """A client on the line. Making one opens its session, so that a refusal can still be plain HTTP.

    Raises:
        Busy: there is no room for another session.
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
        before: Earlier = NOTHING_EARLIER,
    ) -> None:
        self._hub, self._records, self._limits = hub, records, config.limits
        self._outbox = Outbox(config.limits.outbound_messages)
        self._transport: asyncio.Transport | None = None
        self._record: Record | None = None
        self._cutting: asyncio.TimerHandle | None = None
        self._realtime = Realtime(
            hub,
            self,
            config.session,
            model=model,
            expires_at=int(datetime.now(UTC).timestamp()) + config.limits.session_seconds,
            extended=extended,
            dialect=dialect,
            before=before,
        )
        self._session = self._realtime.session
        self._record = records.open(self._session)

    # What `Realtime` asks of whoever carries it.

    def send(self, event: Wire) -> None:
        """Send an event, or queue it; a client that is too far behind is let go."""
        message = msgspec.json.encode(event)
        if self._outbox.empty and self._line_is_free():
            # Without waking the writer, which costs as much as all the rest.
            assert self._transport is not None
            self._transport.write(text_frame(message))
        elif not self._outbox.put(message):
            log.warning("a client stopped reading", extra={"session": self._session.id})
            self.finish(Goodbye(WSCloseCode.TRY_AGAIN_LATER, "reading too slowly"))
            self.cut()

    def watch(self, event: SessionEvent) -> None:
        """Show a fact to whoever watches the session."""
        if self._record is not None:
            self._record.tell(event)

    def hang_up(self) -> None:
        """The session cannot go on."""
        self.finish(Goodbye(WSCloseCode.INTERNAL_ERROR, "the session failed"))

    # How it ends.

    def finish(self, goodbye: Goodbye) -> None:
        """Send what waits, say goodbye, and cut the line if that takes too long."""
        self._outbox.close(goodbye)
        if self._cutting is None:
            self._cutting = asyncio.get_running_loop().call_later(GRACE_S, self.cut)

    def cut(self) -> None:
        """Drop the line at once."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Let go of the session; the reports stay for a while."""
        if self._cutting is not None:
            self._cutting.cancel()
        await self._hub.close_session(self._session)
        if self._record is not None:
            self._records.close(self._record)
        log.info("session closed", extra={"session": self._session.id})
        del self._realtime  # it holds us, and both of us the session with its audio

    # While it lasts.

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Converse until somebody ends it."""
        socket = web.WebSocketResponse(
            timeout=GRACE_S,
            heartbeat=HEARTBEAT_S,
            protocols=(SUBPROTOCOL,),
            compress=False,
            max_msg_size=OVERSIZE_FACTOR * self._limits.message_bytes,
            decode_text=False,
        )
        try:
            await socket.prepare(request)
            self._transport = request.transport
            log.info("session opened", extra={"session": self._session.id})
            await self._converse(socket)
        finally:
            await self.close()
        return socket

    async def _converse(self, socket: web.WebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        expiry = loop.call_later(self._limits.session_seconds, self._expire)
        writer = asyncio.create_task(self._write(socket))
        try:
            await self._read(socket)
        finally:
            expiry.cancel()
            if not self._outbox.closed:
                writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def _read(self, socket: web.WebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        pace = Pace(self._limits.requests_per_second, loop.time())
        handled_at = loop.time()
        async for message in socket:
            now = loop.time()
            wait_s = pace.take(now)
            if wait_s > 0 or now - handled_at < BURST_S:
                # A burst lies decoded in memory; without this it would be handled in one go
                # while others wait.
                await asyncio.sleep(wait_s)
            if self._outbox.closed:
                break  # Whatever else came can no longer be answered.
            if message.type is WSMsgType.TEXT:
                self._hear(message.data)
            elif message.type is WSMsgType.BINARY:
                self._realtime.refuse(
                    BadRequest("Events are JSON in text messages, not binary ones.", code="invalid_message")
                )
            else:
                break
            handled_at = loop.time()

    def _hear(self, message: bytes) -> None:
        if len(message) > self._limits.message_bytes:
            self._realtime.refuse(
                BadRequest(
                    f"A message of {len(message)} bytes is too large; the limit is "
                    f"{self._limits.message_bytes}. Send audio in smaller pieces.",
                    code="message_too_large",
                )
            )
        else:
            self._realtime.receive(message)

    def _line_is_free(self) -> bool:
        """Whether all that was sent has left, so that nothing can be overtaken."""
        line = self._transport
        return line is not None and not line.is_closing() and not line.get_write_buffer_size()

    async def _write(self, socket: web.WebSocketResponse) -> None:
        try:
            while True:
                match await self._outbox.wait_next():
                    case Goodbye() as goodbye:
                        await socket.close(code=goodbye.code, message=goodbye.reason.encode())
                        return
                    case message:
                        await socket.send_frame(message, WSMsgType.TEXT)
        except ConnectionError:
            # The client is gone. The reader notices too, and ends the connection.
            return

    def _expire(self) -> None:
        minutes = self._limits.session_seconds // 60
        self._realtime.refuse(
            BadRequest(f"Your session hit the maximum duration of {minutes} minutes.", code="session_expired")
        )
        self.finish(Goodbye(WSCloseCode.OK, "session expired"))
