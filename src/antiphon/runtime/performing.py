"""The core's commands carried out, in order: events of one conversation go in here, and nowhere else.

Nothing is decided about turns. Work goes to the lanes, sound to the playout, and what became of either comes
back as an event. What the model reads before it is asked is begun here too.
"""

from collections import deque
from collections.abc import Callable, Sequence

from antiphon.contracts import Audio, Prompt, Ticks, ms, ticks
from antiphon.dialogue import Dialogue
from antiphon.dialogue import commands as do
from antiphon.dialogue import events as ev
from antiphon.runtime.alarm import Alarm
from antiphon.runtime.cast_playing import CastPlaying
from antiphon.runtime.clock import Clock
from antiphon.runtime.config import Config
from antiphon.runtime.diary import Diary
from antiphon.runtime.events import SessionEvent, SessionFailed
from antiphon.runtime.hearing import Hearing
from antiphon.runtime.jobs import Jobs
from antiphon.runtime.minutes import Minutes
from antiphon.runtime.parts import Parts
from antiphon.runtime.playout import Playout
from antiphon.runtime.prompt import Prompts
from antiphon.runtime.remembering import Remembering
from antiphon.runtime.settings import ReplyRequest, SessionSettings, policy_of, sampling_of

KEPT_WHILE_QUIET: Ticks = ticks(2000)
"""Audio kept uncommitted while nobody speaks and the server listens for speech."""
NOTE_PIECE_TOKENS = 16
"""How much of a note is read at a time while the caller speaks: an answer waits for what has begun."""
NOTED_EVERY: Ticks = ticks(500)
"""How often it is written down what was heard of an answer that is not over."""


class Performing:
    """Drives one conversation's dialogue. Every method runs on the loop's thread and never blocks.

    Attributes:
        settings: as they are now.
        hearing: the caller's audio.
        dialogue: the core, for others to read.
        playout: the agent's sound.
        memory: what is recalled and learned.
    """

    def __init__(
        self,
        session: str,
        parts: Parts,
        config: Config,
        settings: SessionSettings,
        *,
        clock: Clock,
        diary: Diary,
        minutes: Minutes,
        prompts: Prompts,
        playing: CastPlaying | None,
        emit: Callable[[SessionEvent], None],
        turns: int,
    ) -> None:
        """Begin, after so many `turns`; `emit` takes what `minutes` does not tell.

        BadRequest: the user is no name.
        """
        self.settings, self._config = settings, config
        self._clock, self._diary, self._minutes, self._playing = clock, diary, minutes, playing
        self.dialogue = Dialogue(policy_of(settings), turns=turns)
        self._happened: deque[ev.Event] = deque()
        """Events the core has not yet seen."""
        self._handling = self._closed = False
        self.hearing = Hearing(
            parts,
            clock,
            heard=self._heard,
            failed=lambda message: emit(SessionFailed("voice_activity_failed", message)),
        )
        self._attention = parts.demand.attend()
        self._jobs = Jobs(parts, clock, self.hearing.uplink, session=session, tell=self.handle)
        self.playout = Playout(clock, lead=ticks(config.playout_lead_ms), send=self._sound, tell=self.handle)
        self._alarm = Alarm(clock, lambda: self.dialogue.deadline, lambda: self.handle(ev.TimePassed()))
        self.memory = Remembering(
            session,
            settings.user,
            parts=parts,
            prompts=prompts,
            config=config.memory,
            emit=emit,
            note=diary.note,
            read=self._read_recalled,
            playing=playing,
        )
        self._saying = 0, ""
        """The turn that is being spoken, and how much of it the model has read."""
        self._asked: ReplyRequest | None = None
        """What the client asked of the reply that is about to be generated."""
        self._noted: tuple[str, Ticks] = "", 0
        """What was heard of the answer under way when that was last written down, and when."""
        self._prefill()

    def configure(self, settings: SessionSettings) -> None:
        """Use `settings` from now on."""
        before, self.settings = self.settings, settings
        if (before.turn_detection is None) != (settings.turn_detection is None):
            self.hearing.begin_anew()
        self.handle(ev.PolicyChanged(policy_of(settings)))
        if (before.instructions, before.tools) != (settings.instructions, settings.tools):
            self._prefill()

    def reply(self, request: ReplyRequest) -> None:
        """A reply in the conversation is asked for."""
        self._asked = request
        self.handle(ev.ReplyRequested(self.settings.speak if request.speak is None else request.speak))

    def speak_first(self) -> None:
        """Say what the agent owes; where a client asks for answers itself, it asks for this one too."""
        vad = self.settings.turn_detection
        if vad is not None and vad.create_response:
            self.handle(ev.ReplyRequested(self.settings.speak))

    def close(self) -> None:
        """End everything under way; nothing is handled any more."""
        self._closed = True
        self.memory.close()
        self.hearing.close()
        self._attention.close()
        self._jobs.close()
        self.playout.close()
        self._alarm.close()

    # Events in, commands out.

    def _heard(self, windows: Sequence[ev.VoiceWindow]) -> None:
        self.handle(*windows)
        if self.dialogue.quiet:
            self.hearing.uplink.release(windows[-1].end - KEPT_WHILE_QUIET)

    def handle(self, *events: ev.Event) -> None:
        """Give the core `events` and do what it says; what happens meanwhile waits for its turn."""
        if self._closed:
            return
        if self._playing is not None:
            for event in events:
                self._playing.observe(event)
        self._happened.extend(events)
        self.memory.notice(events)
        if self._handling:
            return
        self._handling = True
        try:
            while self._happened and not self._closed:
                event = self._happened.popleft()
                for command in self.dialogue.handle(event, self._clock.now()):
                    self._do(command)
                self._after(event)
        finally:
            self._handling = False
            self._attention.press(self.dialogue.pressing)
            if not self._closed:
                self._alarm.look()
        if not self.dialogue.replying:
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
                self.memory.pin(command.turn)
                self._prefill(command.text)
            case do.Generate():
                self._generate(command)
            case do.Synthesize():
                self._jobs.synthesize(command, voice=self._voice(command.turn), speed=self.settings.speed)
            case do.CancelWork():
                self._jobs.cancel(command.turn, command.revision)
            case do.Play():
                sound = self._jobs.take_sound(command)
                self.playout.queue(command.turn, self._minutes.segment(command.turn, sound))
            case do.PausePlayout():
                self.playout.pause(command.turn)
            case do.ResumePlayout():
                self.playout.resume(command.turn)
            case do.FlushPlayout():
                self.playout.flush(command.turn)
            case do.AnnounceIdle():
                self._minutes.idle(int(ms(self.hearing.uplink.free)), int(ms(self.hearing.uplink.end)))
            case _:
                self._note(command)

    def _transcribe(self, command: do.Transcribe | do.ListenAhead) -> None:
        self._jobs.transcribe(command, self._hint())
        if self.memory.unread and not self.dialogue.hearing:
            # The model may be wanted at once, and what is half read would not be used.
            self._jobs.stop_reading()

    def _note(self, command: do.Command) -> None:
        """Let the record and the client know, and let go of what is over."""
        if isinstance(command, do.CommitCallerAudio | do.StartReply):
            self._jobs.confirm(command.turn)
        if isinstance(command, do.CommitCallerAudio):
            self._jobs.measure(command)
            self.hearing.uplink.release(command.end)
        elif isinstance(command, do.EndTurn):
            self._jobs.forget(command.report.turn)
        self._minutes.take(command, speak=self.settings.speak)
        self.memory.took(command, self._minutes.record)
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
        heard = self.dialogue.heard
        if heard is not None and heard[1] and heard[1] != self._noted[0]:
            self._noted = heard[1], now
            place = {} if self._playing is None else self._playing.speaker(heard[0])
            self._diary.note("reply_progressed", {"turn": heard[0], "heard": heard[1], **place})

    # Who answers, and how.

    def _hint(self) -> str:
        """Words that are likely to occur: the client's, else the cast's."""
        if self._playing is None or self.settings.transcription_hint:
            return self.settings.transcription_hint
        return self._playing.likely_words()

    def _voice(self, turn: int) -> str:
        if self._playing is not None:
            return self._playing.voice(turn)
        request = self._minutes.requests.get(turn)
        return (request.voice if request is not None else None) or self.settings.voice

    def _generate(self, command: do.Generate) -> None:
        request = self._minutes.requests.setdefault(command.turn, self._asked or ReplyRequest())
        self._asked = None
        sampling = sampling_of(self.settings, request, self._config.answer_tokens)
        if self._playing is not None:
            self._jobs.answer(command, self._playing.answer(command, sampling))
            return
        prompt = self.memory.answer(self.settings, request, self._minutes.record.items, command)
        weigh = None
        if command.weigh:
            weigh = self.memory.weighed(self.settings, self._minutes.record.items, command.weigh)
        self._jobs.generate(command, prompt, sampling, weigh)

    # What the model reads before it is asked.

    def _prefill(self, saying: str = "") -> None:
        """Have the model read what is certain of the next prompt."""
        self._read(self._certain(saying))

    def _read(self, build: Callable[[], Prompt]) -> None:
        pieces = NOTE_PIECE_TOKENS if self.memory.unread and self.dialogue.hearing else None
        self._jobs.prefill(build, told=self.memory.reading(), piece_tokens=pieces)

    def _read_recalled(self, turn: int) -> None:
        """Something was recalled for `turn`: have it read, unless the model may be wanted at any moment."""
        if self.dialogue.hearing and self.memory.pin(turn):
            self._prefill(self._saying[1] if self._saying[0] == turn else "")
        elif self.dialogue.quiet and not self.dialogue.pressing and self.memory.unread:
            self._prefill()

    def _certain(self, saying: str) -> Callable[[], Prompt]:
        if self._playing is not None:
            return self.memory.expecting(self._playing.expected(saying))
        return self.memory.certain(self.settings, self._minutes.record.items, saying)

    def _read_on(self, turn: int) -> None:
        """All of an answer is generated, and it sounds: the model may read what the next one begins with."""
        build = self._playing.after_reply(turn) if self._playing is not None else None
        if build is not None:
            self._read(self.memory.expecting(build))

    def _sound(self, audio: Audio) -> None:
        if self.settings.echo_rejection != "off":
            self.hearing.sent(audio)
        self._minutes.sound(audio)
