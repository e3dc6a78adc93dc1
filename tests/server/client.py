"""A client without a network: it speaks JSON to `Realtime` and checks every event it is sent.

Each event must be what `openai` says it is, and carry an id of its own, in whatever test it occurs.
"""

from typing import Any, get_args

import msgspec
from openai.types.realtime.realtime_server_event import RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter

from antiphon.runtime import SessionSettings
from antiphon.runtime.events import SessionEvent
from antiphon.server.realtime import Realtime
from antiphon.server.wire.dialect import GA, Dialect

from .fakes import FakeHub, FakeSession

OPENAI_TYPES: dict[str, TypeAdapter[Any]] = {
    get_args(kind.model_fields["type"].annotation)[0]: TypeAdapter(kind)
    for kind in get_args(get_args(RealtimeServerEvent)[0])
    if issubclass(kind, BaseModel)
}
CORE = frozenset(OPENAI_TYPES) - {
    "conversation.item.created",
    "conversation.item.input_audio_transcription.segment",
    "input_audio_buffer.timeout_triggered",
    "input_audio_buffer.dtmf_event_received",
    *(kind for kind in OPENAI_TYPES if kind.startswith(("output_audio_buffer.", "mcp_")) or ".mcp_" in kind),
}
"""The types that every known client understands."""


def check_event(event: dict[str, Any]) -> None:
    """Fails unless `openai`'s strict type takes the event."""
    OPENAI_TYPES[event["type"]].validate_python(event, strict=True)
    assert isinstance(event["event_id"], str)


class Client:
    """One client on a fake hub. `sent` is what it was sent and has not looked at yet."""

    def __init__(
        self,
        hub: FakeHub | None = None,
        *,
        settings: SessionSettings | None = None,
        extended: bool = False,
        dialect: Dialect = GA,
    ) -> None:
        self.sent: list[dict[str, Any]] = []
        self.watched: list[SessionEvent] = []
        self.hung_up = False
        self._checked = dialect is GA
        self._ids: set[str] = set()
        self._realtime = Realtime(
            hub or FakeHub(),
            self,
            settings or SessionSettings(),
            model="gpt-realtime",
            expires_at=1_900_000_000,
            extended=extended,
            dialect=dialect,
        )

    @property
    def session(self) -> FakeSession:
        return self._realtime.session

    # The carrier.

    def send(self, event: dict[str, Any]) -> None:
        event = msgspec.json.decode(msgspec.json.encode(event))
        if self._checked and not event["type"].startswith("antiphon."):
            check_event(event)
        assert event["event_id"] not in self._ids
        self._ids.add(event["event_id"])
        self.sent.append(event)

    def watch(self, event: SessionEvent) -> None:
        self.watched.append(event)

    def hang_up(self) -> None:
        self.hung_up = True

    # The client.

    def says(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Send an event; returns what comes back at once."""
        return self.raw(msgspec.json.encode({"type": kind, **fields}))

    def raw(self, message: str | bytes) -> list[dict[str, Any]]:
        """Send whatever; returns what comes back at once."""
        self.sent.clear()
        self._realtime.receive(message)
        return self.take()

    def take(self) -> list[dict[str, Any]]:
        """What was sent since the last look."""
        taken, self.sent = self.sent, []
        return taken

    def update(self, **session: Any) -> dict[str, Any]:
        """Update the session; returns it as it is now, or the error."""
        (event,) = self.says("session.update", session={"type": "realtime", **session})
        return event["session"] if event["type"] == "session.updated" else event["error"]


def score(events: list[dict[str, Any]]) -> list[str]:
    """The names of events, the way a score is read."""
    return [event["type"] for event in events]
