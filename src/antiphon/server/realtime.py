"""The protocol of one connection, without the connection: messages in, events out.

It holds what both sides agreed on and translates between a client's words and a session's methods. Every
message is answered or refused; nothing a client sends ends the conversation.
"""

import logging
from contextlib import suppress
from time import perf_counter
from typing import NoReturn, Protocol

from antiphon.contracts import AntiphonError, BadRequest
from antiphon.runtime import Hub, Session, SessionSettings
from antiphon.runtime.earlier import NOTHING_EARLIER, Earlier
from antiphon.runtime.events import SessionEvent, SessionFailed
from antiphon.runtime.shown import shown
from antiphon.server.formats import Uplink
from antiphon.server.translate import Translator
from antiphon.server.wire import server_events as wire
from antiphon.server.wire.client_events import (
    AudioAppend,
    AudioClear,
    AudioCommit,
    ClientEvent,
    ItemCreate,
    ItemDelete,
    ItemRetrieve,
    ItemTruncate,
    OutputClear,
    PlayoutNote,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
    event_id_of,
)
from antiphon.server.wire.dialect import GA, Dialect
from antiphon.server.wire.items import item_object, item_of
from antiphon.server.wire.responses import request_of
from antiphon.server.wire.session_object import (
    Wire,
    WireSession,
    first_session,
    patched,
    session_object,
    settings_of,
)
from antiphon.server.wire.session_patch import SessionPatch

log = logging.getLogger(__name__)


class Carrier(Protocol):
    """Whoever carries the events to the client. None of these may block or raise."""

    def send(self, event: Wire) -> None:
        """Deliver an event, behind those before it."""
        ...

    def watch(self, event: SessionEvent) -> None:
        """Look at what the session tells, before its client does."""
        ...

    def hang_up(self) -> None:
        """End the conversation, once everything that was sent is delivered."""
        ...


class Realtime:
    """One client and its session.

    Args:
        hub: where the session is opened.
        carrier: takes the events.
        settings: how the session begins.
        model: the name the client asked for; echoed.
        expires_at: when the session will end, in Unix seconds.
        extended: the client opted in to events outside the core set.
        sound_beside: the carrier sends the sound itself, from what it watches.
        dialect: how the client speaks.
        before: what was before, where a conversation goes on.
        patch: what the client asked for before there was a session.

    Raises:
        Busy: there is no room for another session.
        ContractBroken: it goes on with another cast than the one that is played.
        BadRequest: the patch asks for what cannot be had.
    """

    def __init__(
        self,
        hub: Hub,
        carrier: Carrier,
        settings: SessionSettings,
        *,
        model: str,
        expires_at: int,
        extended: bool = False,
        sound_beside: bool = False,
        dialect: Dialect = GA,
        before: Earlier = NOTHING_EARLIER,
        patch: SessionPatch | None = None,
    ) -> None:
        self._carrier, self._dialect = carrier, dialect
        self._base, self._expires_at = settings, expires_at
        self._voices = hub.voices()
        self._sound_beside = sound_beside
        self._wire = self._defaults = first_session(settings, model=model, voices=self._voices)
        if patch is not None:
            self._wire = patched(self._wire, patch, self._defaults)
        self._uplink = Uplink(self._wire.input_format_name)
        self._early: list[SessionEvent] | None = []
        """What the session told while it was being opened; `session.created` must come first."""
        self.session: Session = hub.open_session(
            self.tell, settings_of(self._wire, settings, self._voices), before=before
        )
        stem = self.session.id.removeprefix("sess_")
        self._ids = wire.EventIds(self.session.id)
        self._translator = Translator(f"conv_{stem}", extended=extended, sound_beside=sound_beside)
        self._extended, self._opened_s = extended, perf_counter()
        self._items_named = 0
        self._again = f"r{before.openings}_" if before.openings else ""
        """Keeps the items of a conversation that goes on apart from those it had."""
        self.announce(self.created())
        early, self._early = self._early, None
        for event in early:
            self.tell(event)

    def tell(self, event: SessionEvent) -> None:
        """Pass on what the session says."""
        if self._early is not None:
            self._early.append(event)
            return
        try:
            self._carrier.watch(event)
            for told in self._translator.translate(event, self._wire):
                self.announce(told)
            if self._extended and (fact := shown(event)) is not None:
                told_ms = round((perf_counter() - self._opened_s) * 1000, 1)
                self.announce(wire.fact(fact[0], told_ms, fact[1]))
        except Exception:
            # The session must never feel what goes wrong out here; its client cannot go on, though.
            log.exception("an event could not be told", extra={"session": self.session.id})
            self._carrier.hang_up()
        if isinstance(event, SessionFailed) and event.fatal:
            self._carrier.hang_up()

    def created(self) -> Wire:
        """What a client is told first of all."""
        return wire.session_created(self._object())

    def announce(self, event: Wire) -> None:
        """Send an event, with an id."""
        for shaped in self._dialect.shape(event):
            self._carrier.send(self.stamp(shaped))

    def stamp(self, event: Wire) -> Wire:
        """`event` with an id of its own."""
        return self._ids.stamp(event)

    def receive(self, message: str | bytes) -> None:
        """Do what a client's message says, or tell the client why not."""
        event_id: str | None = None
        try:
            try:
                event = self._dialect.decode(message)
            except BadRequest:
                event_id = event_id_of(message)
                raise
            event_id = event.event_id
            self._do(event)
        except BadRequest as refused:
            self.refuse(refused, event_id)
        except AntiphonError as error:
            self.announce(
                wire.error(kind="server_error", code="failed", message=str(error), event_id=event_id)
            )
        except Exception:
            log.exception("a client event failed", extra={"session": self.session.id})
            self.announce(
                wire.error(
                    kind="server_error",
                    code="internal_error",
                    message="The server failed at this event; the session goes on.",
                    event_id=event_id,
                )
            )

    def refuse(self, refused: BadRequest, event_id: str | None = None) -> None:
        """Tell the client that a request cannot be met."""
        self.announce(
            wire.error(
                kind="invalid_request_error",
                code=refused.code,
                message=str(refused),
                param=refused.param,
                event_id=event_id,
            )
        )

    def _do(self, event: ClientEvent) -> None:
        match event:
            case AudioAppend():
                self.session.push_audio(self._uplink.decode(event.audio))
            case AudioCommit():
                self.session.commit_audio()
            case AudioClear():
                self._uplink = Uplink(self._wire.input_format_name)
                self.session.clear_audio()
            case OutputClear():
                self._clear_output()
            case PlayoutNote():
                self.session.acknowledge_playout(event.item_id, event.played_ms)
            case SessionUpdate():
                self._update(event)
            case ResponseCreate():
                self._respond(event)
            case ResponseCancel():
                self._cancel(event)
            case ItemCreate() | ItemDelete() | ItemRetrieve() | ItemTruncate():
                self._edit(event)

    def _edit(self, event: ItemCreate | ItemDelete | ItemRetrieve | ItemTruncate) -> None:
        match event:
            case ItemCreate():
                item = item_of(event.item, "item", self._new_item_id)
                self.session.create_item(item, after=event.previous_item_id)
            case ItemDelete():
                self.session.delete_item(event.item_id)
                self.announce(wire.item_deleted(event.item_id))
            case ItemRetrieve():
                self.announce(wire.item_retrieved(item_object(self.session.get_item(event.item_id))))
            case ItemTruncate():
                self._truncate(event)

    def _truncate(self, event: ItemTruncate) -> None:
        sent_ms = self._translator.speaking_ms(event.item_id)
        if sent_ms is not None and event.audio_end_ms <= sent_ms + 1:
            # The client fell silent before the session did. The item is cut when it ends; until then the
            # client's word on what was heard is all there is to note, and no reason for a refusal.
            self.session.acknowledge_playout(event.item_id, event.audio_end_ms)
        else:
            self.session.truncate_item(event.item_id, event.audio_end_ms)
        self.announce(wire.item_truncated(event.item_id, event.audio_end_ms))

    def _update(self, event: SessionUpdate) -> None:
        changed = patched(self._wire, event.session, self._defaults)
        self.session.configure(settings_of(changed, self._base, self._voices))
        self._adopt(changed)
        self.announce(wire.session_updated(self._object()))

    def _adopt(self, changed: WireSession) -> None:
        if changed.input_format_name != self._uplink.name:
            self._uplink = Uplink(changed.input_format_name)
        self._wire = changed

    def _respond(self, event: ResponseCreate) -> None:
        self.session.respond(
            request_of(
                event.response,
                self._wire,
                voices=self._voices,
                find=self.session.get_item,
                new_id=self._new_item_id,
            )
        )

    def _clear_output(self) -> None:
        if not self._sound_beside:
            _no_output_buffer()
        # A reply is active for as long as it sounds, so that this silences it. Where nothing does, that is no
        # error: clients clear to be sure.
        with suppress(BadRequest):
            self.session.cancel_reply()

    def _cancel(self, event: ResponseCancel) -> None:
        try:
            self.session.cancel_reply(event.response_id)
        except BadRequest as refused:
            # Clients recognise this benign race by how the message begins.
            text = str(refused)
            if not text.startswith("Cancellation failed"):
                text = f"Cancellation failed: {text}"
            raise BadRequest(text, code=refused.code, param=refused.param) from None

    def _object(self) -> Wire:
        return session_object(self._wire, session_id=self.session.id, expires_at=self._expires_at)

    def _new_item_id(self) -> str:
        self._items_named += 1
        return f"item_{self.session.id.removeprefix('sess_')}_{self._again}c{self._items_named}"


def _no_output_buffer() -> NoReturn:
    raise BadRequest(
        "output_audio_buffer.clear is for WebRTC and SIP: over a WebSocket the client buffers the audio. "
        "Stop the reply with response.cancel.",
        code="unsupported_event",
        param="type",
    )
