"""A hub whose sessions say what the test tells them to, and otherwise keep the runtime's rules."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from antiphon.contracts import (
    Audio,
    BadRequest,
    Busy,
    ConversationClosed,
    EngineSetup,
    JournalEntry,
    TimedWord,
    TurnReport,
    Usage,
)
from antiphon.engines.scripted import ScriptedJournal
from antiphon.runtime import ReplyRequest, SessionSettings
from antiphon.runtime import events as ev
from antiphon.runtime.conversation import Conversation, Item

VOICES = ("woman", "man", "child", "alto", "youth")
TONE: Audio = np.sin(np.arange(480, dtype=np.float32) / 10) / 2
"""20 ms of the agent's voice."""


class FakeSession:
    """Obeys the interface of `Session`; the methods in the second half play the caller and the agent."""

    def __init__(
        self, session_id: str, emit: Callable[[ev.SessionEvent], None], settings: SessionSettings
    ) -> None:
        self.id = session_id
        self.settings = settings
        self.reports: tuple[TurnReport, ...] = ()
        self.heard: list[Audio] = []
        self.requests: list[ReplyRequest] = []
        self.acknowledged: list[tuple[str, int]] = []
        self.ended = asyncio.Event()
        self.answer: str | None = None
        """What is replied at once to every request; None: the test ends each reply itself."""
        self._emit_out = emit
        self._record = Conversation()
        self._uncommitted = 0
        self._audio_sent = False
        self._count = 0
        self._reply: tuple[str, ReplyRequest] | None = None
        self._message: Item | None = None
        self._spoken_ms = 0

    @property
    def now_ms(self) -> float:
        return 0.0

    @property
    def closed(self) -> bool:
        return self.ended.is_set()

    @property
    def items(self) -> tuple[Item, ...]:
        return self._record.items

    def configure(self, settings: SessionSettings) -> None:
        if self._audio_sent and settings.voice != self.settings.voice:
            raise BadRequest("The voice is fixed.", code="cannot_update_voice")
        self.settings = settings

    def push_audio(self, audio: Audio) -> None:
        self._alive()
        if self._uncommitted + len(audio) > 24_000 * 120:
            raise BadRequest("Too much.", code="input_audio_buffer_too_large")
        self.heard.append(audio)
        self._uncommitted += len(audio)

    def commit_audio(self) -> None:
        if self._uncommitted < 2400:
            raise BadRequest("Too small.", code="input_audio_buffer_commit_empty")
        self._uncommitted = 0
        self._commit(self._new_id("item"), "committed words")

    def clear_audio(self) -> None:
        self._uncommitted = 0
        self.emit(ev.AudioCleared())

    def create_item(self, item: Item, *, after: str | None = None) -> None:
        previous = self._record.add(item, after=after)
        self.emit(ev.ItemAdded(item, previous))

    def delete_item(self, item_id: str) -> None:
        self._record.delete(item_id)

    def get_item(self, item_id: str) -> Item:
        return self._record.get(item_id)

    def truncate_item(self, item_id: str, audio_end_ms: int) -> None:
        self._record.truncate(item_id, audio_end_ms)

    def respond(self, request: ReplyRequest) -> None:
        if self._reply is not None and request.in_conversation:
            raise BadRequest("One is active.", code="conversation_already_has_active_response")
        self.requests.append(request)
        self.agent_begins(request)
        if self.answer is not None:
            self.agent_says(self.answer)
            self.agent_ends()

    def cancel_reply(self, reply_id: str | None = None) -> None:
        if self._reply is None or reply_id not in (None, self._reply[0]):
            raise BadRequest("Nothing is active.", code="response_cancel_not_active")
        self.agent_ends("cancelled", "client_cancelled")

    def acknowledge_playout(self, item_id: str, played_ms: int) -> None:
        self.acknowledged.append((item_id, played_ms))

    async def close(self) -> None:
        self.ended.set()

    # What a test makes happen.

    def emit(self, event: ev.SessionEvent) -> None:
        if not self.closed:
            self._emit_out(event)

    def caller_says(self, text: str, *, from_ms: int = 0, to_ms: int = 900) -> str:
        """A whole turn of the caller, noticed by voice activity."""
        item_id = self.caller_begins(from_ms)
        self.emit(ev.SpeechStopped(item_id, to_ms))
        self._commit(item_id, text)
        return item_id

    def caller_begins(self, at_ms: int) -> str:
        item_id = self._new_id("item")
        self.emit(ev.SpeechStarted(item_id, at_ms))
        return item_id

    def agent_begins(self, request: ReplyRequest | None = None) -> str:
        request = request or ReplyRequest()
        reply_id = self._new_id("resp")
        self._reply = reply_id, request
        self._spoken_ms = 0
        self.emit(
            ev.ReplyStarted(
                reply_id=reply_id,
                in_conversation=request.in_conversation,
                speak=self._speaks(request),
                metadata=request.metadata,
                max_output_tokens=request.max_output_tokens,
            )
        )
        return reply_id

    def agent_says(self, text: str) -> str:
        """A message, a word and 20 ms of sound at a time."""
        reply_id, request = self._active()
        speak = self._speaks(request)
        if self._message is None:
            self._message = self._begin_item(
                Item(id=self._new_id("item"), kind="message", role="assistant", spoken=speak, settled=False)
            )
        item_id = self._message.id
        for word in text.split():
            spaced = f" {word}" if self._message.text else word
            start_ms = self._spoken_ms if speak else None
            self.emit(
                ev.ReplyText(
                    reply_id=reply_id, item_id=item_id, output_index=0, text=spaced, start_ms=start_ms
                )
            )
            self._grow(spaced)
            if speak:
                self._audio_sent = True
                self.emit(ev.ReplyAudio(reply_id=reply_id, item_id=item_id, output_index=0, audio=TONE))
        return item_id

    def agent_ends(
        self,
        status: Literal["completed", "cancelled", "incomplete", "failed"] = "completed",
        reason: Literal["", "turn_detected", "client_cancelled", "max_output_tokens", "engine_broken"] = "",
        *,
        message: str = "",
        call: Item | None = None,
    ) -> None:
        reply_id, request = self._active()
        items: list[Item] = []
        if self._message is not None:
            final = msgspec.structs.replace(
                self._message,
                settled=True,
                interrupted=status == "cancelled",
                audio_samples=24 * self._spoken_ms,
            )
            items.append(self._end_item(final, 0))
        if call is not None:
            begun = msgspec.structs.replace(call, arguments="")
            self._begin_item(begun, output_index=len(items))
            items.append(self._end_item(call, len(items)))
        self._reply = self._message = None
        self.emit(
            ev.ReplyEnded(
                reply_id=reply_id,
                status=status,
                reason=reason,
                message=message,
                items=tuple(items),
                usage=Usage(prompt_tokens=70, cached_tokens=60, completion_tokens=9),
                audio_input_ms=1_000,
                audio_output_ms=self._spoken_ms,
                in_conversation=request.in_conversation,
                speak=self._speaks(request),
                metadata=request.metadata,
            )
        )

    # How.

    def _commit(self, item_id: str, text: str) -> None:
        item = Item(id=item_id, kind="message", role="user", spoken=True, settled=False)
        previous = self._record.add(item)
        self.emit(ev.AudioCommitted(item_id, previous))
        self.emit(ev.ItemAdded(item, previous))
        self.emit(ev.TranscriptDelta(item_id, text))
        self.emit(ev.TranscriptSettled(item_id, text, 0.9))
        self._record.replace(msgspec.structs.replace(item, text=text, settled=True))

    def _begin_item(self, item: Item, output_index: int = 0) -> Item:
        reply_id, request = self._active()
        previous = self._record.add(item) if request.in_conversation else None
        self.emit(
            ev.ReplyItemStarted(
                reply_id=reply_id,
                output_index=output_index,
                item=item,
                previous_item_id=previous,
                in_conversation=request.in_conversation,
            )
        )
        return item

    def _grow(self, spaced: str) -> None:
        assert self._message is not None
        start, end = self._spoken_ms * 24, self._spoken_ms * 24 + 480
        self._message = msgspec.structs.replace(
            self._message,
            text=self._message.text + spaced,
            words=(*self._message.words, TimedWord(spaced.strip(), start, end)),
        )
        self._spoken_ms += 20 if self._message.spoken else 0

    def _end_item(self, item: Item, output_index: int) -> Item:
        reply_id, _ = self._active()
        self._record.replace(item)
        self.emit(ev.ReplyItemEnded(reply_id=reply_id, output_index=output_index, item=item))
        return item

    def _active(self) -> tuple[str, ReplyRequest]:
        assert self._reply is not None, "nobody replies"
        return self._reply

    def _speaks(self, request: ReplyRequest) -> bool:
        return self.settings.speak if request.speak is None else request.speak

    def _new_id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self.id.removeprefix('sess_')}_{self._count}"

    def _alive(self) -> None:
        if self.closed:
            raise ConversationClosed("the session is closed")


class FakeHub:
    """Opens such sessions."""

    staged = None

    def __init__(self, *, most: int = 16) -> None:
        self.ready = True
        self.most = most
        self.opened: list[FakeSession] = []
        """Every session there ever was."""
        self.journal = ScriptedJournal.open(EngineSetup(weights=Path))

    def open_session(
        self,
        emit: Callable[[ev.SessionEvent], None],
        settings: SessionSettings | None = None,
        *,
        before: object = None,
    ) -> FakeSession:
        if len(self.sessions) >= self.most:
            raise Busy(f"{self.most} sessions are open, which is as many as are allowed")
        session = FakeSession(f"sess_{len(self.opened) + 1:04}", emit, settings or SessionSettings())
        self.opened.append(session)
        return session

    async def close_session(self, session: FakeSession) -> None:
        await session.close()

    def session(self, session_id: str) -> FakeSession | None:
        return next((session for session in self.sessions if session.id == session_id), None)

    @property
    def sessions(self) -> tuple[FakeSession, ...]:
        return tuple(session for session in self.opened if not session.closed)

    async def recorded_sessions(self) -> tuple[str, ...]:
        return self.journal.sessions()

    async def recorded(self, session_id: str, most: int) -> list[JournalEntry]:
        return list(self.journal.read(session_id))[:most]

    def voices(self) -> tuple[str, ...]:
        return VOICES
