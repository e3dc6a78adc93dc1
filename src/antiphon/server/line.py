"""One WebSocket: a reader, a writer and the end of both.

What comes in is handed on. What goes out goes to the line at once; while that is not free, it waits in the
outbox for the writer. However it ends, by the client's wish, its silence, a limit or the server's own end, no
task is left.
"""

import asyncio
import logging
from typing import Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from antiphon.contracts import BadRequest
from antiphon.runtime import Limits
from antiphon.server.outbox import Goodbye, Outbox, text_frame
from antiphon.server.pace import Pace

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


class Hearer(Protocol):
    """Whoever a line's messages are for. Neither may block or raise."""

    def receive(self, message: bytes) -> None:
        """A message came."""
        ...

    def refuse(self, refused: BadRequest) -> None:
        """Something came that is none."""
        ...


class Line:
    """A client on the line.

    Attributes:
        name: the session it belongs to, for the log.
    """

    def __init__(self, limits: Limits, hearer: Hearer, name: str) -> None:
        self._limits, self._hearer, self.name = limits, hearer, name
        self._outbox = Outbox(limits.outbound_messages)
        self._transport: asyncio.Transport | None = None
        self._cutting: asyncio.TimerHandle | None = None

    def send(self, message: bytes) -> None:
        """Send a message, or queue it; a client that is too far behind is let go."""
        if self._outbox.empty and self._is_free():
            # Without waking the writer, which costs as much as all the rest.
            assert self._transport is not None
            self._transport.write(text_frame(message))
        elif not self._outbox.put(message):
            log.warning("a client stopped reading", extra={"session": self.name})
            self.finish(Goodbye(WSCloseCode.TRY_AGAIN_LATER, "reading too slowly"))
            self.cut()

    def finish(self, goodbye: Goodbye) -> None:
        """Send what waits, say goodbye, and cut the line if that takes too long."""
        self._outbox.close(goodbye)
        if self._cutting is None:
            self._cutting = asyncio.get_running_loop().call_later(GRACE_S, self.cut)

    def cut(self) -> None:
        """Drop the line at once."""
        if self._transport is not None:
            self._transport.abort()

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
            await self._converse(socket)
        finally:
            if self._cutting is not None:
                self._cutting.cancel()
        return socket

    async def _converse(self, socket: web.WebSocketResponse) -> None:
        writer = asyncio.create_task(self._write(socket))
        try:
            await self._read(socket)
        finally:
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
                self._hearer.refuse(
                    BadRequest("Events are JSON in text messages, not binary ones.", code="invalid_message")
                )
            else:
                break
            handled_at = loop.time()

    def _hear(self, message: bytes) -> None:
        if (refused := too_large(len(message), self._limits)) is not None:
            self._hearer.refuse(refused)
        else:
            self._hearer.receive(message)

    def _is_free(self) -> bool:
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


def too_large(length: int, limits: Limits) -> BadRequest | None:
    """Why a message of `length` bytes is refused; None when it is not."""
    if length <= limits.message_bytes:
        return None
    return BadRequest(
        f"A message of {length} bytes is too large; the limit is {limits.message_bytes}. "
        "Send audio in smaller pieces.",
        code="message_too_large",
    )


def expired(limits: Limits) -> BadRequest:
    """What a client is told whose time is up."""
    minutes = limits.session_seconds // 60
    return BadRequest(f"Your session hit the maximum duration of {minutes} minutes.", code="session_expired")
