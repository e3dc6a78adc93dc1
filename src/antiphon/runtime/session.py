"""One live conversation: the shell around the dialogue core.

It owns a clock, a timer, the caller's audio, the playout and the record, and decides nothing about turns:
events go into the core, and whatever commands come out are carried out in order.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from antiphon.contracts import (
    Audio,
    BadRequest,
    ConversationClosed,
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
from antiphon.runtime.clock import Clock
from antiphon.runtime.config import Config
from antiphon.runtime.conversation import Item
from antiphon.runtime.diary import Diary
from antiphon.runtime.ear import Ear
from antiphon.runtime.echo import Echo
from antiphon.runtime.events import AudioCleared, ItemAdded, SessionEvent, SessionFailed
from antiphon.runtime.jobs import Jobs
from antiphon.runtime.lanes import nobody
from antiphon.runtime.minutes import Minutes
from antiphon.runtime.parts import Parts
from antiphon.runtime.playout import Playout
from antiphon.runtime.prompt import Prompts
from antiphon.runtime.settings import ReplyRequest, SessionSettings, policy_of
from antiphon.runtime.shown import TOLD, shown
from antiphon.runtime.side_reply import SideReply
from antiphon.runtime.uplink import Uplink, to_listening

SHORTEST_COMMIT: Ticks = ticks(100)
KEPT_WHILE_QUIET: Ticks = ticks(2000)
"""Audio kept uncommitted while nobody speaks and the server listens for speech."""
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
    ) -> None:
        self.id = session_id
        self._parts, self._config, self._emit_out = parts, config, emit
        self._settings = settings
        self._clock = Clock(asyncio.get_running_loop().time)
        self._dialogue = Dialogue(policy_of(settings))
        self._happened: deque[ev.Event] = deque()
        """Events the core has not yet seen."""
        self._handling = False
        self._echo = Echo()
        self._uplink = Uplink(self._echo.clean)
        self._ear = self._open_ear()
        self._attention = parts.demand.attend()
        self._jobs = Jobs(parts, self._clock, self._uplink, session=session_id, tell=self._handle)
        self._diary = Diary(
            session_id, self._clock, parts.journal, parts.lanes["journal"], warn=self._journal_failed
        )
        self._minutes = Minutes(self._new_id, self._emit, self._diary)
        self._prompts = Prompts(parts.language_model, config)
        self._playout = Playout(
            self._clock, lead=ticks(config.playout_lead_ms), send=self._sound, tell=self._handle
        )
        self._alarm = Alarm(
            self._clock, lambda: self._dialogue.deadline, lambda: self._handle(ev.TimePassed())
        )
        self._asked: ReplyRequest | None = None
        """What the client asked of the reply that is about to be generated."""
        self._side_replies: dict[str, SideReply] = {}
        self._ids = 0
        self._closed = False
        self._diary.note("session_opened", {"opened_at": datetime.now(UTC).isoformat(timespec="seconds")})
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
        self._diary.note("item_created", {"id": item.id, "kind": item.kind, "role": item.role})
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
        self._ear.close()
        self._attention.close()
        self._jobs.close()
        self._playout.close()
        for aside in self._side_replies.values():
            aside.close()
        self._side_replies.clear()
        self._alarm.close()
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
        self._happened.extend(events)
        if self._handling:
            return
        self._handling = True
        try:
            while self._happened and not self._closed:
                for command in self._dialogue.handle(self._happened.popleft(), self._clock.now()):
                    self._do(command)
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
                self._jobs.transcribe(command, self._settings.transcription_hint)
            case do.ScoreEndOfTurn():
                self._jobs.score(command)
            case do.Prefill():
                self._minutes.heard_so_far(command.turn, command.text)
                self._prefill(command.text)
            case do.Generate():
                self._generate(command)
            case do.Synthesize():
                request = self._minutes.requests.get(command.turn)
                voice = (request.voice if request is not None else None) or self._settings.voice
                self._jobs.synthesize(command, voice=voice, speed=self._settings.speed)
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
        if isinstance(command, do.CommitCallerAudio):
            self._minutes.record.keep(self._config.limits.items)

    # The agent's replies.

    def _generate(self, command: do.Generate) -> None:
        request = self._minutes.requests.setdefault(command.turn, self._asked or ReplyRequest())
        self._asked = None
        prompt = self._prompts.answer(self._settings, request, self.items, command.text)
        weigh = None
        if command.weigh:
            weigh = self._prompts.certain(self._settings, self.items, command.weigh)
        self._jobs.generate(command, prompt, self._sampling(request), weigh)

    def _sampling(self, request: ReplyRequest) -> Sampling:
        limit = request.max_output_tokens or self._settings.max_output_tokens or self._config.answer_tokens
        temperature = self._settings.temperature if request.temperature is None else request.temperature
        return Sampling(max_tokens=limit, temperature=temperature)

    def _prefill(self, saying: str = "") -> None:
        """Have the model read what is certain of the next prompt."""
        self._jobs.prefill(self._prompts.certain(self._settings, self.items, saying))

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
        return f"{kind}_{self.id.removeprefix('sess_')}_{self._ids}"

    def _emit(self, event: SessionEvent) -> None:
        if not self._closed:
            if (fact := shown(event)) is not None:
                self._diary.note(TOLD, {"name": fact[0], "data": msgspec.to_builtins(fact[1])})
            self._emit_out(event)
