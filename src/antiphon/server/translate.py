"""From what a session tells to what its client reads: pure, one fact at a time, in the protocol's order.

The translator remembers only what the wire repeats and the facts do not: which reply an item belongs to, how
far its words have come, and the half-resampled sound of the item that is being spoken.
"""

from typing import Literal

from antiphon.contracts import ms
from antiphon.runtime.conversation import Item
from antiphon.runtime.events import (
    AudioCleared,
    AudioCommitted,
    IdleTimedOut,
    ItemAdded,
    ReplyAudio,
    ReplyEnded,
    ReplyItemEnded,
    ReplyItemStarted,
    ReplyStarted,
    ReplyText,
    SessionEvent,
    SessionFailed,
    SpeechStarted,
    SpeechStopped,
    TranscriptDelta,
    TranscriptFailed,
    TranscriptSettled,
)
from antiphon.server.formats import Downlink
from antiphon.server.wire import server_events as wire
from antiphon.server.wire.items import begun_object, item_object, part_object
from antiphon.server.wire.responses import begun_response, ended_response
from antiphon.server.wire.session_object import Wire, WireSession


class _OpenItem:
    """An output item between its beginning and its end."""

    def __init__(self, event: ReplyItemStarted, sound: Downlink) -> None:
        self.item = event.item
        self.previous_item_id = event.previous_item_id
        self.in_conversation = event.in_conversation
        self.sound = sound
        self.sent_samples = 0
        self.place: Wire = {
            "response_id": event.reply_id,
            "item_id": event.item.id,
            "output_index": event.output_index,
        }
        self.part_place: Wire = {**self.place, "content_index": 0}


class Translator:
    """One client's view of one session.

    Args:
        conversation_id: as the wire names it.
        extended: the client opted in to events outside the core set.
        sound_beside: the sound goes another way than the events, and is no event.
    """

    def __init__(self, conversation_id: str, *, extended: bool = False, sound_beside: bool = False) -> None:
        self._conversation_id = conversation_id
        self._extended, self._sound_beside = extended, sound_beside
        self._open: dict[str, _OpenItem] = {}
        self._max_tokens: dict[str, int | Literal["inf"]] = {}

    def translate(self, event: SessionEvent, session: WireSession) -> list[Wire]:
        """The events, without their ids, that tell a client with these settings of `event`."""
        match event:
            case (
                ReplyStarted()
                | ReplyItemStarted()
                | ReplyText()
                | ReplyAudio()
                | ReplyItemEnded()
                | ReplyEnded()
            ):
                return self._reply(event, session)
            case TranscriptDelta() | TranscriptSettled() | TranscriptFailed():
                return [] if session.transcription is None else [_transcription(event)]
            case IdleTimedOut():
                waited = wire.timeout_triggered(event.item_id, event.audio_start_ms, event.audio_end_ms)
                return [waited] if self._extended else []
            case SpeechStarted() | SpeechStopped() | AudioCommitted() | AudioCleared():
                return [_input(event)]
            case ItemAdded():
                item = item_object(event.item)
                previous = event.previous_item_id
                return [wire.item_added(item, previous), wire.item_done(item, previous)]
            case SessionFailed():
                return [wire.error(kind="server_error", code=event.code, message=event.message)]
            case _:
                return []  # Nothing of the protocol's; see `runtime.shown`.

    def speaking_ms(self, item_id: str) -> float | None:
        """How much sound of an item was sent so far; None when it is not being spoken."""
        opened = self._open.get(item_id)
        return ms(opened.sent_samples) if opened is not None and opened.item.spoken else None

    def _reply(
        self,
        event: ReplyStarted | ReplyItemStarted | ReplyText | ReplyAudio | ReplyItemEnded | ReplyEnded,
        session: WireSession,
    ) -> list[Wire]:
        match event:
            case ReplyStarted():
                self._max_tokens[event.reply_id] = event.max_output_tokens or "inf"
                return [wire.response_created(begun_response(event, self._conversation_id))]
            case ReplyItemStarted():
                opened = self._open[event.item.id] = _OpenItem(event, Downlink(session.output_format_name))
                return _item_started(opened)
            case ReplyText():
                return [self._words(event)]
            case ReplyAudio():
                opened = self._open[event.item_id]
                opened.sent_samples += len(event.audio)
                if self._sound_beside:
                    return []
                return [wire.audio_delta(opened.part_place, opened.sound.encode(event.audio))]
            case ReplyItemEnded():
                return _item_ended(self._open.pop(event.item.id), event.item)
            case ReplyEnded():
                limit = self._max_tokens.pop(event.reply_id, "inf")
                return [wire.response_done(ended_response(event, self._conversation_id, limit))]

    def _words(self, event: ReplyText) -> Wire:
        opened = self._open[event.item_id]
        if opened.item.spoken:
            return wire.audio_transcript_delta(opened.part_place, event.text, event.start_ms, event.end_ms)
        return wire.text_delta(opened.part_place, event.text)


def _item_started(opened: _OpenItem) -> list[Wire]:
    item = begun_object(opened.item)
    response_id, output_index = opened.place["response_id"], opened.place["output_index"]
    told = [wire.output_item_added(response_id, output_index, item)]
    if opened.in_conversation:
        told.append(wire.item_added(item, opened.previous_item_id))
    if opened.item.kind == "message":
        told.append(wire.content_part_added(opened.part_place, part_object(opened.item)))
    return told


def _item_ended(opened: _OpenItem, item: Item) -> list[Wire]:
    told = _call_ended(opened, item) if item.kind == "function_call" else _message_ended(opened, item)
    final = item_object(item)
    response_id, output_index = opened.place["response_id"], opened.place["output_index"]
    told.append(wire.output_item_done(response_id, output_index, final))
    if opened.in_conversation:
        told.append(wire.item_done(final, opened.previous_item_id))
    return told


def _message_ended(opened: _OpenItem, item: Item) -> list[Wire]:
    place = opened.part_place
    if item.spoken:
        told = [wire.audio_done(place), wire.audio_transcript_done(place, item.text)]
    else:
        told = [wire.text_done(place, item.text)]
    return [*told, wire.content_part_done(place, part_object(item))]


def _call_ended(opened: _OpenItem, item: Item) -> list[Wire]:
    return [
        wire.arguments_delta(opened.place, item.call_id, item.arguments),
        wire.arguments_done(opened.place, item.call_id, item.name, item.arguments),
    ]


def _input(event: SpeechStarted | SpeechStopped | AudioCommitted | AudioCleared) -> Wire:
    match event:
        case SpeechStarted():
            return wire.speech_started(event.item_id, event.at_ms)
        case SpeechStopped():
            return wire.speech_stopped(event.item_id, event.at_ms)
        case AudioCommitted():
            return wire.audio_committed(event.item_id, event.previous_item_id)
        case AudioCleared():
            return wire.audio_cleared()


def _transcription(event: TranscriptDelta | TranscriptSettled | TranscriptFailed) -> Wire:
    match event:
        case TranscriptDelta():
            return wire.transcription_delta(event.item_id, event.text)
        case TranscriptSettled():
            return wire.transcription_completed(event.item_id, event.text, event.seconds)
        case TranscriptFailed():
            return wire.transcription_failed(event.item_id, event.message)
