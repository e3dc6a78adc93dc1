"""One live conversation: what a client may do in it, and the parts that it is put together from.

A request is checked here, and what is wrong with it is told to the client. What follows from it is an event
for the core, and `performing` carries out what the core says to that.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from antiphon.contracts import (
    Audio,
    BadRequest,
    ConversationClosed,
    Ticks,
    TurnReport,
    ms,
    ticks,
)
from antiphon.dialogue import events as ev
from antiphon.runtime.cast_playing import CastPlaying
from antiphon.runtime.casting import Staged
from antiphon.runtime.clock import Clock
from antiphon.runtime.config import Config
from antiphon.runtime.conversation import Item
from antiphon.runtime.diary import Diary
from antiphon.runtime.earlier import NOTHING_EARLIER, Earlier
from antiphon.runtime.events import AudioCleared, ItemAdded, SessionEvent, SessionFailed
from antiphon.runtime.lanes import nobody
from antiphon.runtime.minutes import Minutes
from antiphon.runtime.parts import Parts
from antiphon.runtime.performing import Performing
from antiphon.runtime.prompt import Prompts
from antiphon.runtime.remembering import LEARNED
from antiphon.runtime.settings import ReplyRequest, SessionSettings
from antiphon.runtime.shown import TOLD, shown
from antiphon.runtime.side_replies import SideReplies

SHORTEST_COMMIT: Ticks = ticks(100)


class Session:
    """A caller's conversation. Every method runs on the event loop's thread and never blocks.

    Facts reach the carrier through `emit`, called on the loop's thread, in order; `emit` must not block.
    Errors of the client's making are raised as `BadRequest` from the method that noticed them.
    """

    def __init__(
        self,
        session_id: str,
        parts: Parts,
        config: Config,
        settings: SessionSettings,
        emit: Callable[[SessionEvent], None],
        *,
        staged: Staged | None = None,
        earlier: Earlier = NOTHING_EARLIER,
    ) -> None:
        """Begin a conversation, or go on with one.

        Args:
            session_id: its name.
            parts: the engines.
            config: limits and budgets.
            settings: how it begins.
            emit: takes facts.
            staged: the cast that is played; None: the settings' instructions are followed.
            earlier: what the journal has of it, when it goes on.

        Raises:
            ContractBroken: it goes on with another cast.
        """
        self.id = session_id
        self._parts, self._config, self._emit_out = parts, config, emit
        clock = self._clock = Clock(asyncio.get_running_loop().time, start=earlier.at)
        self._diary = Diary(
            session_id,
            clock,
            parts.pen,
            warn=self._journal_failed,
            after=earlier.sequence,
        )
        self._ids, self._generation = 0, earlier.openings
        self._closed = False
        opened_at = {"opened_at": datetime.now(UTC).isoformat(timespec="seconds")}
        self._diary.note(
            "session_resumed" if earlier.openings else "session_opened", _described(settings) | opened_at
        )
        self._playing = None if staged is None else self._play(staged, earlier)
        self._minutes = Minutes(self._new_id, self._emit, self._playing or self._diary)
        for item in earlier.items:
            self._minutes.record.add(item)
        earlier.finish(self._playing or self._diary)
        prompts = Prompts(parts.language_model, config)
        self._side_replies = SideReplies(parts, self._minutes, prompts)
        self._performing = Performing(
            session_id,
            parts,
            config,
            settings,
            clock=clock,
            diary=self._diary,
            minutes=self._minutes,
            prompts=prompts,
            playing=self._playing,
            emit=self._emit,
            turns=earlier.turns,
        )
        self._hearing = self._performing.hearing

    # What can be known of it.

    @property
    def settings(self) -> SessionSettings:
        """As they are now."""
        return self._performing.settings

    @property
    def items(self) -> tuple[Item, ...]:
        """The conversation's record, oldest first."""
        return self._minutes.record.items

    @property
    def reports(self) -> tuple[TurnReport, ...]:
        """The equations of the turns so far, oldest first; the newest fifty are kept."""
        return tuple(self._minutes.reports)

    @property
    def now_ms(self) -> float:
        """The session's clock, on which reports count."""
        return ms(self._clock.now())

    @property
    def playing(self) -> CastPlaying | None:
        """The conversation's cast; None: it follows instructions."""
        return self._playing

    @property
    def still_writing(self) -> Diary | None:
        """Its diary, if a tool still runs whose end will be written down, even once it is closed."""
        return self._diary if self._playing is not None and self._playing.tools_run else None

    # What a client may do.

    def configure(self, settings: SessionSettings) -> None:
        """Use `settings` from now on. BadRequest: unknown voice, or a new one after audio was sent."""
        self._alive()
        self._check_voice(settings.voice)
        before = self.settings
        if self._minutes.audio_sent and settings.voice != before.voice:
            raise BadRequest(
                "Cannot update a conversation's voice after audio was sent.",
                code="cannot_update_voice",
                param="session.audio.output.voice",
            )
        if settings != before:
            self._diary.note("session_configured", _described(settings))
        self._performing.configure(settings)

    def push_audio(self, audio: Audio) -> None:
        """Hear 24 kHz audio. BadRequest: more than the limit is uncommitted."""
        self._alive()
        longest = ticks(self._config.limits.buffered_audio_seconds * 1000)
        if self._hearing.uplink.uncommitted + len(audio) > longest:
            raise BadRequest(
                f"More than {self._config.limits.buffered_audio_seconds} s of audio are uncommitted.",
                code="input_audio_buffer_too_large",
            )
        if self._playing is not None and self._playing.owes and self._performing.dialogue.free:
            self._performing.speak_first()
        self._hearing.push(audio, listen=self.settings.turn_detection is not None)

    def commit_audio(self) -> None:
        """End the caller's turn here; emits AudioCommitted and so on.

        BadRequest: less than 100 ms to commit.
        """
        self._alive()
        if self._hearing.uplink.uncommitted < SHORTEST_COMMIT:
            raise BadRequest(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
                f"but buffer only has {ms(self._hearing.uplink.uncommitted):.2f}ms of audio.",
                code="input_audio_buffer_commit_empty",
            )
        self._performing.handle(ev.CommitRequested(self._hearing.uplink.free, self._hearing.uplink.end))

    def clear_audio(self) -> None:
        """Drop uncommitted audio; emits AudioCleared."""
        self._alive()
        self._performing.handle(ev.ClearRequested())
        self._hearing.uplink.release(self._hearing.uplink.end)
        self._emit(AudioCleared())

    def create_item(self, item: Item, *, after: str | None = None) -> None:
        """Add to the record; emits ItemAdded (of a settled item).

        BadRequest: see Conversation.add; too many.
        """
        self._alive()
        if len(self._minutes.record.items) >= self._config.limits.items:
            raise BadRequest(
                f"A conversation holds at most {self._config.limits.items} items.", code="too_many_items"
            )
        previous = self._minutes.record.add(item, after=after)
        self._diary.note("item_created", msgspec.to_builtins(item) | {"after": previous})
        changed = self._playing is None or self._playing.typed.add(item)
        self._emit(ItemAdded(item, previous))
        if changed:
            self._performing.handle(ev.GroundShifted())

    def delete_item(self, item_id: str) -> None:
        """Remove from the record. BadRequest: unknown."""
        self._alive()
        self._minutes.record.delete(item_id)
        self._diary.note("item_deleted", {"id": item_id})
        if self._playing is None or self._playing.typed.remove(item_id):
            self._performing.handle(ev.GroundShifted())

    def get_item(self, item_id: str) -> Item:
        """BadRequest: unknown."""
        return self._minutes.record.get(item_id)

    def truncate_item(self, item_id: str, audio_end_ms: int) -> None:
        """Keep only what was heard. BadRequest: see Conversation.truncate."""
        self._alive()
        item = self._minutes.record.truncate(item_id, audio_end_ms)
        self._diary.note("item_truncated", {"id": item_id, "text": item.text, "audio_end_ms": audio_end_ms})

    def respond(self, request: ReplyRequest) -> None:
        """Reply now. BadRequest: a reply in the conversation is already active."""
        self._alive()
        self._check_voice(request.voice or "")
        if not request.in_conversation:
            tokens_max = self._config.answer_tokens
            self._side_replies.begin(request, self.settings, self.items, tokens_max=tokens_max)
        elif self._performing.dialogue.replying:
            raise BadRequest(
                "Conversation already has an active response in progress. Wait until it is finished.",
                code="conversation_already_has_active_response",
            )
        else:
            self._performing.reply(request)

    def cancel_reply(self, reply_id: str | None = None) -> None:
        """Stop the active reply, or the one named. BadRequest `response_cancel_not_active`: there is none."""
        if reply_id and self._side_replies.cancel(reply_id):
            return
        active = self._minutes.turn_of(reply_id=reply_id) is not None
        if active or (reply_id is None and self._performing.dialogue.replying):
            self._performing.handle(ev.CancelRequested())
        else:
            raise BadRequest(
                "Cancellation failed: no active response found", code="response_cancel_not_active"
            )

    def acknowledge_playout(self, item_id: str, played_ms: int) -> None:
        """The listener has now played this much of an item: makes heard times and heard words true."""
        turn = self._minutes.turn_of(item_id=item_id)
        if turn is not None:
            self._performing.playout.acknowledge(turn, ticks(played_ms))

    async def close(self) -> None:
        """End everything under way and let go of it. Nothing is emitted afterwards.

        Nobody who reports to the session holds it any longer, so that it is freed with its last user, and not
        when the cyclic garbage collector comes by, which is seldom.
        """
        if self._closed:
            return
        self._diary.note("session_closed", {})
        self._closed = True
        self._performing.close()
        self._side_replies.close()
        if self._playing is not None:
            self._playing.close()
        self._diary.close()
        self._minutes.close()
        self._emit_out = nobody

    # What it is put together with.

    def _play(self, staged: Staged, earlier: Earlier) -> CastPlaying:
        return CastPlaying(
            staged,
            self._parts,
            self._config,
            self._diary,
            session=self.id,
            emit=self._emit,
            shifted=lambda: self._performing.handle(ev.GroundShifted()),
            entries=earlier.entries,
            late=earlier.late,
        )

    def _journal_failed(self, message: str) -> None:
        self._emit(SessionFailed("journal_failed", message))

    def _check_voice(self, voice: str) -> None:
        known = [known.name for known in self._parts.synthesizer.voices]
        if voice and voice not in known:
            raise BadRequest(
                f"There is no voice {voice!r}; there are {', '.join(known)}.",
                code="invalid_value",
                param="session.audio.output.voice",
            )

    def _alive(self) -> None:
        if self._closed:
            raise ConversationClosed("the session is closed")

    def _new_id(self, kind: str) -> str:
        self._ids += 1
        again = f"r{self._generation}_" if self._generation else ""
        return f"{kind}_{self.id.removeprefix('sess_')}_{again}{self._ids}"

    def _emit(self, event: SessionEvent) -> None:
        if not self._closed:
            if (fact := shown(event)) is not None:
                self._diary.note(TOLD, {"name": fact[0], "data": fact[1]})
            self._emit_out(event)
            if isinstance(event, LEARNED):
                self._performing.memory.told(event, self._minutes.record)


def _described(settings: SessionSettings) -> dict[str, Any]:
    return {"settings": msgspec.to_builtins(settings)}
