"""One live conversation: the shell around the dialogue core.

It owns a clock, a timer, the caller's audio, the playout and the record, and decides nothing about turns:
events go into the core, and whatever commands come out are carried out in order.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from antiphon.contracts import (
    Audio,
    BadRequest,
    ConversationClosed,
    Prompt,
    Sampling,
    Ticks,
    TurnReport,
    ms,
    ticks,
)
from antiphon.dialogue import Dialogue
from antiphon.dialogue import commands as do
from antiphon.dialogue import events as ev
from antiphon.runtime.alarm import Alarm
from antiphon.runtime.cast_playing import CastPlaying
from antiphon.runtime.casting import Staged
from antiphon.runtime.clock import Clock
from antiphon.runtime.config import Config
from antiphon.runtime.conversation import Item
from antiphon.runtime.diary import Diary
from antiphon.runtime.ear import Ear
from antiphon.runtime.earlier import NOTHING_EARLIER, Earlier
from antiphon.runtime.echo import Echo
from antiphon.runtime.events import AudioCleared, ItemAdded, SessionEvent, SessionFailed
from antiphon.runtime.jobs import Jobs
from antiphon.runtime.lanes import nobody
from antiphon.runtime.minutes import Minutes
from antiphon.runtime.parts import Parts
from antiphon.runtime.playout import Playout
from antiphon.runtime.prompt import Prompts
from antiphon.runtime.remembering import LEARNED, Remembering
from antiphon.runtime.settings import ReplyRequest, SessionSettings, policy_of
from antiphon.runtime.shown import TOLD, shown
from antiphon.runtime.side_reply import SideReply
from antiphon.runtime.uplink import Uplink, to_listening

SHORTEST_COMMIT: Ticks = ticks(100)
KEPT_WHILE_QUIET: Ticks = ticks(2000)
"""Audio kept uncommitted while nobody speaks and the server listens for speech."""
NOTE_PIECE_TOKENS = 16
"""How much of a note is read at a time while the caller speaks: an answer waits for what has begun."""
NOTED_EVERY: Ticks = ticks(500)
"""How often it is written down what was heard of an answer that is not over."""
SIDE_REPLIES_MAX = 16
"""Replies out of band that may be under way at once in one session."""


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
        self._settings = settings
        self._clock = Clock(asyncio.get_running_loop().time, start=earlier.at)
        self._dialogue = Dialogue(policy_of(settings), turns=earlier.turns)
        self._happened: deque[ev.Event] = deque()
        """Events the core has not yet seen."""
        self._handling = False
        self._echo = Echo()
        self._uplink = Uplink(self._echo.clean)
        self._ear = self._open_ear()
        self._attention = parts.demand.attend()
        self._jobs = Jobs(parts, self._clock, self._uplink, session=session_id, tell=self._handle)
        self._diary = Diary(
            session_id,
            self._clock,
            parts.journal,
            parts.lanes["journal"],
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
        self._prompts = Prompts(parts.language_model, config)
        self._playout = Playout(
            self._clock, lead=ticks(config.playout_lead_ms), send=self._sound, tell=self._handle
        )
        self._alarm = Alarm(
            self._clock, lambda: self._dialogue.deadline, lambda: self._handle(ev.TimePassed())
        )
        self._memory = Remembering(
            session_id,
            settings.user,
            parts=parts,
            prompts=self._prompts,
            config=config.memory,
            emit=self._emit,
            note=self._diary.note,
            read=self._read_recalled,
            playing=self._playing,
        )
        self._saying = 0, ""
        """The turn that is being spoken, and how much of it the model has read."""
        self._asked: ReplyRequest | None = None
        """What the client asked of the reply that is about to be generated."""
        self._side_replies: dict[str, SideReply] = {}
        self._noted: tuple[str, Ticks] = "", 0
        """What was heard of the answer under way when that was last written down, and when."""
        self._prefill()

    # What can be known of it.

    @property
    def settings(self) -> SessionSettings:
        """As they are now."""
        return self._settings

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

    # What a client may do.

    def configure(self, settings: SessionSettings) -> None:
        """Use `settings` from now on. BadRequest: unknown voice, or a new one after audio was sent."""
        self._alive()
        self._check_voice(settings.voice)
        before = self._settings
        if self._minutes.audio_sent and settings.voice != before.voice:
            raise BadRequest(
                "Cannot update a conversation's voice after audio was sent.",
                code="cannot_update_voice",
                param="session.audio.output.voice",
            )
        self._settings = settings
        if settings != before:
            self._diary.note("session_configured", _described(settings))
        if (before.turn_detection is None) != (settings.turn_detection is None):
            self._ear.close()
            self._ear = self._open_ear()
        self._handle(ev.PolicyChanged(policy_of(settings)))
        if (before.instructions, before.tools) != (settings.instructions, settings.tools):
            self._prefill()

    def push_audio(self, audio: Audio) -> None:
        """Hear 24 kHz audio. BadRequest: more than the limit is uncommitted."""
        self._alive()
        longest = ticks(self._config.limits.buffered_audio_seconds * 1000)
        if self._uplink.uncommitted + len(audio) > longest:
            raise BadRequest(
                f"More than {self._config.limits.buffered_audio_seconds} s of audio are uncommitted.",
                code="input_audio_buffer_too_large",
            )
        if self._playing is not None and self._playing.owes and self._dialogue.free:
            self._speak_first()
        heard = self._uplink.push(audio, self._clock.now())
        if self._settings.turn_detection is not None:
            self._ear.push(heard)

    def commit_audio(self) -> None:
        """End the caller's turn here; emits AudioCommitted and so on.

        BadRequest: less than 100 ms to commit.
        """
        self._alive()
        if self._uplink.uncommitted < SHORTEST_COMMIT:
            raise BadRequest(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
                f"but buffer only has {ms(self._uplink.uncommitted):.2f}ms of audio.",
                code="input_audio_buffer_commit_empty",
            )
        self._handle(ev.CommitRequested(self._uplink.free, self._uplink.end))

    def clear_audio(self) -> None:
        """Drop uncommitted audio; emits AudioCleared."""
        self._alive()
        self._handle(ev.ClearRequested())
        self._uplink.release(self._uplink.end)
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
        if self._playing is not None and item.kind == "message" and item.role == "user" and item.text.strip():
            self._playing.typed(item.id, item.text)
        self._emit(ItemAdded(item, previous))

    def delete_item(self, item_id: str) -> None:
        """Remove from the record. BadRequest: unknown."""
        self._alive()
        self._minutes.record.delete(item_id)
        self._diary.note("item_deleted", {"id": item_id})

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
            self._respond_aside(request)
            return
        if self._dialogue.replying:
            raise BadRequest(
                "Conversation already has an active response in progress. Wait until it is finished.",
                code="conversation_already_has_active_response",
            )
        self._asked = request
        self._handle(ev.ReplyRequested(self._settings.speak if request.speak is None else request.speak))

    def cancel_reply(self, reply_id: str | None = None) -> None:
        """Stop the active reply, or the one named. BadRequest `response_cancel_not_active`: there is none."""
        aside = self._side_replies.get(reply_id or "")
        active = self._minutes.turn_of(reply_id=reply_id) is not None
        if aside is not None:
            aside.cancel()
        elif active or (reply_id is None and self._dialogue.replying):
            self._handle(ev.CancelRequested())
        else:
            raise BadRequest(
                "Cancellation failed: no active response found", code="response_cancel_not_active"
            )

    def acknowledge_playout(self, item_id: str, played_ms: int) -> None:
        """The listener has now played this much of an item: makes heard times and heard words true."""
        turn = self._minutes.turn_of(item_id=item_id)
        if turn is not None:
            self._playout.acknowledge(turn, ticks(played_ms))

    async def close(self) -> None:
        """End everything under way and let go of it. Nothing is emitted afterwards.

        Nobody who reports to the session holds it any longer, so that it is freed with its last user, and not
        when the cyclic garbage collector comes by, which is seldom.
        """
        if self._closed:
            return
        self._diary.note("session_closed", {})
        self._closed = True
        self._memory.close()
        self._ear.close()
        self._attention.close()
        self._jobs.close()
        self._playout.close()
        for aside in self._side_replies.values():
            aside.close()
        self._side_replies.clear()
        self._alarm.close()
        if self._playing is not None:
            self._playing.close()
        self._diary.close()
        self._minutes.close()
        self._emit_out = nobody

    # Events in, commands out.

    def _open_ear(self) -> Ear:
        return Ear(
            self._parts.voice_activity,
            self._parts.lanes["voice_activity"],
            start_sample=to_listening(self._uplink.end),
            heard=self._heard,
            failed=self._ear_failed,
        )

    def _heard(self, windows: Sequence[ev.VoiceWindow]) -> None:
        self._handle(*map(self._echo.judge, windows))
        if self._dialogue.quiet:
            self._uplink.release(windows[-1].end - KEPT_WHILE_QUIET)

    def _sound(self, audio: Audio) -> None:
        if self._settings.echo_rejection != "off":
            self._echo.sent(audio, self._clock.now())
        self._minutes.sound(audio)

    def _handle(self, *events: ev.Event) -> None:
        """Give the core `events` and do what it says; what happens meanwhile waits for its turn."""
        if self._closed:
            return
        if self._playing is not None:
            for event in events:
                self._playing.observe(event)
        self._happened.extend(events)
        self._memory.notice(events)
        if self._handling:
            return
        self._handling = True
        try:
            while self._happened and not self._closed:
                event = self._happened.popleft()
                for command in self._dialogue.handle(event, self._clock.now()):
                    self._do(command)
                self._after(event)
        finally:
            self._handling = False
            self._attention.press(self._dialogue.pressing)
            if not self._closed:
                self._alarm.look()
        if not self._dialogue.replying:
            self._asked = None

    def _do(self, command: do.Command) -> None:
        match command:
            case do.Transcribe() | do.ListenAhead():
                self._transcribe(command)
            case do.ScoreEndOfTurn():
                self._jobs.score(command)
            case do.Prefill():
                self._minutes.heard_so_far(command.turn, command.text)
                self._saying = command.turn, command.text
                self._memory.pin(command.turn)
                self._prefill(command.text)
            case do.Generate():
                self._generate(command)
            case do.Synthesize():
                self._jobs.synthesize(command, voice=self._voice(command.turn), speed=self._settings.speed)
            case do.CancelWork():
                self._jobs.cancel(command.turn, command.revision)
            case do.Play():
                sound = self._jobs.take_sound(command)
                self._playout.queue(command.turn, self._minutes.segment(command.turn, sound))
            case do.PausePlayout():
                self._playout.pause(command.turn)
            case do.ResumePlayout():
                self._playout.resume(command.turn)
            case do.FlushPlayout():
                self._playout.flush(command.turn)
            case do.AnnounceIdle():
                self._minutes.idle(int(ms(self._uplink.free)), int(ms(self._uplink.end)))
            case _:
                self._note(command)

    def _transcribe(self, command: do.Transcribe | do.ListenAhead) -> None:
        self._jobs.transcribe(command, self._hint())
        if self._memory.unread and not self._dialogue.hearing:
            # The model may be wanted at once, and what is half read would not be used.
            self._jobs.stop_reading()

    def _note(self, command: do.Command) -> None:
        """Let the record and the client know, and let go of what is over."""
        if isinstance(command, do.CommitCallerAudio | do.StartReply):
            self._jobs.confirm(command.turn)
        if isinstance(command, do.CommitCallerAudio):
            self._jobs.measure(command)
            self._uplink.release(command.end)
        elif isinstance(command, do.EndTurn):
            self._jobs.forget(command.report.turn)
        self._minutes.take(command, speak=self._settings.speak)
        self._memory.took(command, self._minutes.record)
        if isinstance(command, do.CommitCallerAudio):
            self._minutes.record.keep(self._config.limits.items)
        if self._playing is not None:
            if isinstance(command, do.StartReply):
                self._playing.started(command.turn)
                self._read_on(command.turn)
            elif isinstance(command, do.EndTurn):
                self._playing.forget(command.report.turn)

    def _after(self, event: ev.Event) -> None:
        """What follows from `event` beyond what the core has said."""
        if isinstance(event, ev.GenerationEnded):
            self._read_on(event.turn)
        elif isinstance(event, ev.PlayoutProgress):
            self._note_heard()

    def _note_heard(self) -> None:
        """Write down what is heard of a long answer before its end, for the case that there is none."""
        now = self._clock.now()
        if now - self._noted[1] < NOTED_EVERY:
            return
        heard = self._dialogue.heard
        if heard is not None and heard[1] and heard[1] != self._noted[0]:
            self._noted = heard[1], now
            place = {} if self._playing is None else self._playing.speaker(heard[0])
            self._diary.note("reply_progressed", {"turn": heard[0], "heard": heard[1], **place})

    # The cast, where one is played.

    @property
    def playing(self) -> CastPlaying | None:
        """The conversation's cast; None: it follows instructions."""
        return self._playing

    def _play(self, staged: Staged, earlier: Earlier) -> CastPlaying:
        return CastPlaying(
            staged,
            self._parts,
            self._config,
            self._diary,
            session=self.id,
            emit=self._emit,
            shifted=lambda: self._handle(ev.GroundShifted()),
            entries=earlier.entries,
        )

    def _speak_first(self) -> None:
        """Say what the agent owes; where a client asks for answers itself, it asks for this one too."""
        vad = self._settings.turn_detection
        if vad is not None and vad.create_response:
            self._handle(ev.ReplyRequested(self._settings.speak))

    def _read_on(self, turn: int) -> None:
        """All of an answer is generated, and it sounds: the model may read what the next one begins with."""
        build = self._playing.after_reply(turn) if self._playing is not None else None
        if build is not None:
            self._read(self._memory.expecting(build))

    def _hint(self) -> str:
        """Words that are likely to occur: the client's, else the cast's."""
        if self._playing is None or self._settings.transcription_hint:
            return self._settings.transcription_hint
        return self._playing.likely_words()

    def _voice(self, turn: int) -> str:
        if self._playing is not None:
            return self._playing.voice(turn)
        request = self._minutes.requests.get(turn)
        return (request.voice if request is not None else None) or self._settings.voice

    # The agent's replies.

    def _generate(self, command: do.Generate) -> None:
        request = self._minutes.requests.setdefault(command.turn, self._asked or ReplyRequest())
        self._asked = None
        if self._playing is not None:
            self._jobs.answer(command, self._playing.answer(command, self._sampling(request)))
            return
        prompt = self._memory.answer(self._settings, request, self.items, command)
        weigh = None
        if command.weigh:
            weigh = self._memory.weighed(self._settings, self.items, command.weigh)
        self._jobs.generate(command, prompt, self._sampling(request), weigh)

    def _sampling(self, request: ReplyRequest) -> Sampling:
        limit = request.max_output_tokens or self._settings.max_output_tokens or self._config.answer_tokens
        temperature = self._settings.temperature if request.temperature is None else request.temperature
        return Sampling(max_tokens=limit, temperature=temperature)

    def _prefill(self, saying: str = "") -> None:
        """Have the model read what is certain of the next prompt."""
        self._read(self._certain(saying))

    def _read(self, build: Callable[[], Prompt]) -> None:
        pieces = NOTE_PIECE_TOKENS if self._memory.unread and self._dialogue.hearing else None
        self._jobs.prefill(build, told=self._memory.reading(), piece_tokens=pieces)

    def _read_recalled(self, turn: int) -> None:
        """Something was recalled for `turn`: have it read, unless the model may be wanted at any moment."""
        if self._dialogue.hearing and self._memory.pin(turn):
            self._prefill(self._saying[1] if self._saying[0] == turn else "")
        elif self._dialogue.quiet and not self._dialogue.pressing and self._memory.unread:
            self._prefill()

    def _certain(self, saying: str) -> Callable[[], Prompt]:
        if self._playing is not None:
            return self._memory.expecting(self._playing.expected(saying))
        return self._memory.certain(self._settings, self.items, saying)

    def _respond_aside(self, request: ReplyRequest) -> None:
        if len(self._side_replies) >= SIDE_REPLIES_MAX:
            raise BadRequest(
                f"{SIDE_REPLIES_MAX} responses out of band are in progress; wait for one to finish.",
                code="too_many_responses",
            )
        speak = self._settings.speak if request.speak is None else request.speak
        view = self._minutes.view(request, speak=speak, record=None)
        aside = SideReply(self._parts, view, ended=self._side_reply_ended)
        self._side_replies[aside.id] = aside
        aside.begin(
            self._prompts.answer(self._settings, request, self.items, None),
            self._sampling(request),
            speak=speak,
            voice=request.voice or self._settings.voice,
            speed=self._settings.speed,
        )

    def _side_reply_ended(self, reply_id: str) -> None:
        self._side_replies.pop(reply_id, None)

    # Small things.

    def _ear_failed(self, message: str) -> None:
        self._emit(SessionFailed("voice_activity_failed", message))

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
                self._diary.note(TOLD, {"name": fact[0], "data": msgspec.to_builtins(fact[1])})
            self._emit_out(event)
            if isinstance(event, LEARNED):
                self._memory.told(event, self._minutes.record)


def _described(settings: SessionSettings) -> dict[str, Any]:
    return {"settings": msgspec.to_builtins(settings)}
