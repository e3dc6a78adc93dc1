"""What waits to be sent to one client: bounded, so that a client which stops reading costs us only itself."""

from asyncio import Event
from collections import deque

import msgspec

MOST_BYTES = 16 * 2**20
"""Minutes of sound, or a dozen of the largest items: few messages can be large ones."""


class Goodbye(msgspec.Struct, frozen=True):
    """The last thing sent: the WebSocket's closing frame."""

    code: int
    reason: str = ""


class Outbox:
    """Messages in order. Nothing can be put behind a goodbye."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[bytes | Goodbye] = deque()
        self._bytes = 0
        self._filled = Event()
        self._closed = False

    @property
    def empty(self) -> bool:
        """Whether nothing waits and something may still be put."""
        return not self._waiting and not self._closed

    @property
    def closed(self) -> bool:
        """Whether a goodbye was queued."""
        return self._closed

    def put(self, message: bytes) -> bool:
        """Queue a message; False when a bound is reached and the client must go."""
        if self._closed:
            return True
        if len(self._waiting) >= self._limit or self._bytes >= MOST_BYTES:
            return False
        self._waiting.append(message)
        self._bytes += len(message)
        self._filled.set()
        return True

    def close(self, goodbye: Goodbye) -> None:
        """Say goodbye behind everything that waits."""
        if not self._closed:
            self._closed = True
            self._waiting.append(goodbye)
            self._filled.set()

    async def wait_next(self) -> bytes | Goodbye:
        """The next message, as soon as there is one."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        message = self._waiting.popleft()
        if isinstance(message, bytes):
            self._bytes -= len(message)
        return message


def text_frame(message: bytes) -> bytes:
    """A server's frame of text, uncompressed (RFC 6455, 5.2)."""
    length = len(message)
    if length < 126:
        return b"\x81" + length.to_bytes(1) + message
    if length < 2**16:
        return b"\x81\x7e" + length.to_bytes(2) + message
    return b"\x81\x7f" + length.to_bytes(8) + message
