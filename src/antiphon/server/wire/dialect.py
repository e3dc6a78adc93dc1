"""A way of speaking the protocol: how a client's messages are read, and how events are put for it."""

from collections.abc import Callable

import msgspec

from antiphon.server.wire.client_events import ClientEvent, decode
from antiphon.server.wire.session_object import Wire


class Dialect(msgspec.Struct, frozen=True):
    """Two functions, one for each direction."""

    decode: Callable[[str | bytes], ClientEvent]
    """Raises BadRequest."""
    shape: Callable[[Wire], list[Wire]]
    """From an event, complete but for its id, to what this client is sent for it."""


GA = Dialect(decode, lambda event: [event])
"""The protocol as it is."""
