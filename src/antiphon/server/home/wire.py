"""Events of the Wyoming protocol as they come in, with bounds; the `wyoming` package makes what goes out.

An event is a line of JSON, more JSON of the length it names, and a payload of the length it names. The
package reads whatever length is named; a stranger may name any.
"""

from asyncio import StreamReader
from typing import Any, TypeVar

import msgspec

LINE_BYTES = 65_536
"""Of the line, and of the JSON behind it."""
PAYLOAD_BYTES = 1_048_576

T = TypeVar("T")


class Garbled(Exception):
    """What came is no event, or larger than one may be; the text says which."""


class Incoming(msgspec.Struct, frozen=True):
    """An event."""

    kind: str
    data: dict[str, Any] = {}
    payload: bytes = b""

    def read(self, shape: type[T]) -> T:
        """Its data in this shape. Garbled: they are not."""
        try:
            return msgspec.convert(self.data, shape)
        except msgspec.ValidationError as error:
            raise Garbled(f"{self.kind}: {error}") from None


class _Line(msgspec.Struct, frozen=True):
    type: str
    data: dict[str, Any] | None = None
    data_length: int | None = None
    payload_length: int | None = None


async def read_event(reader: StreamReader) -> Incoming | None:
    """The next event; None when the client has gone.

    Raises:
        Garbled: it is no event.
        ConnectionError, IncompleteReadError: the client went in the middle of it.
    """
    try:
        line = await reader.readline()
        if not line:
            return None
        head = msgspec.json.decode(line, type=_Line)
        data = dict(head.data or {})
        if more := await _exactly(reader, head.data_length, LINE_BYTES):
            data |= msgspec.json.decode(more, type=dict[str, Any])
    except (ValueError, RecursionError) as error:  # also a line beyond the reader's limit
        raise Garbled(f"this is no event: {error}") from None
    return Incoming(head.type, data, await _exactly(reader, head.payload_length, PAYLOAD_BYTES))


async def _exactly(reader: StreamReader, length: int | None, most: int) -> bytes:
    if not length:
        return b""
    if not 0 <= length <= most:
        raise Garbled(f"{length} bytes are announced; at most {most} are taken")
    return await reader.readexactly(length)
