"""The work a session has under way on the lanes, by `(turn, revision)`, and the sounds it has made so far.

Which class each kind of work has is decided here. Live: the words of a turn that has paused or speaks over
the agent, and how finished it sounds. Speculative until the turn is confirmed: what is listened to ahead, the
answer, its sound. Reading ahead is speculative and gives way to every answer, also to other callers'.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Event as Flag

import msgspec

from antiphon.contracts import (
    LISTENING_HZ,
    Audio,
    Busy,
    Cancel,
    Part,
    Prefilled,
    Prompt,
    Sampling,
    TimedWord,
)
from antiphon.dialogue import commands as do
from antiphon.dialogue.events import Event, HeardAhead, Stage, WorkFailed
from antiphon.runtime import working
from antiphon.runtime.clock import Clock
from antiphon.runtime.lanes import Lane, Submitted, nobody, post
from antiphon.runtime.parts import Parts
from antiphon.runtime.reflective import Pauses, in_stretches, read
from antiphon.runtime.scheduler import LIVE, SMALL_PIECE_TOKENS, SPECULATIVE, Priority, When
from antiphon.runtime.uplink import Uplink


class Sound(msgspec.Struct, frozen=True):
    """A chunk of synthesized speech at 24 kHz."""

    audio: Audio
    words: tuple[TimedWord, ...]


class Jobs:
    """Sends work to the lanes and brings answers back to the loop, through `tell`."""

    def __init__(
        self, parts: Parts, clock: Clock, uplink: Uplink, *, session: str, tell: Callable[[Event], None]
    ) -> None:
        self._parts, self._clock, self._uplink, self._session = parts, clock, uplink, session
        self._loop = asyncio.get_running_loop()
        self._tell_now = tell
        self._flags: dict[tuple[int, int], Flag] = {}
        self._ahead: dict[int, tuple[Flag, Submitted | None]] = {}
        """Of each turn, the newest listening ahead."""
        self._guessed: dict[int, list[tuple[Lane, Submitted]]] = {}
        """What was asked for each turn before it was confirmed."""
        self._confirmed: set[int] = set()
        self._sounds: dict[tuple[int, int], dict[tuple[int, int], Sound]] = {}
        self._speaking: dict[int, int] = {}
        """The revision that answers each turn."""
        self._prefilling = Flag()

    def transcribe(self, command: do.Transcribe | do.ListenAhead, hint: str) -> None:
        """Carry out `command`; what was listened to ahead before it is no longer of interest."""
        self._stop_listening_ahead(command.turn)
        audio = self._uplink.slice(command.start, command.end, clean_to=command.clean_to)
        transcriber = self._parts.transcriber
        if isinstance(command, do.Transcribe):
            job = self._job(command.turn, command.revision)
            thinned = command.clean_to >= command.end and self._uplink.changed(command.start, command.end)
            call = partial(working.transcribe, job, transcriber, audio, hint=hint, thinned=thinned)
            self._submit("transcriber", "transcription", job, call)
            return
        flag = Flag()
        self._ahead[command.turn] = flag, None
        job = self._job(command.turn, 0, flag)
        call = partial(working.listen_ahead, job, transcriber, audio, end=command.end, hint=hint)
        lane = self._parts.lanes["transcriber"]
        try:
            self._ahead[command.turn] = flag, lane.submit(call, flag, priority=SPECULATIVE)
        except Busy:
            heard = HeardAhead(command.turn, command.end, None, job.timing(""))
            self._loop.call_soon(self._tell, heard, flag)

    def measure(self, command: do.CommitCallerAudio) -> None:
        """Find out where the voice ended in the audio that `command` commits."""
        start = max(command.start, self._uplink.kept_from)
        audio, arrived_at = self._uplink.slice(start, command.end), self._uplink.arrivals(start)
        job = self._job(command.turn, 0)
        call = partial(working.measure, job, audio, start=start, arrived_at=arrived_at)
        self._submit("end_of_turn", "end_of_turn", job, call, priority=SPECULATIVE)

    def score(self, command: do.ScoreEndOfTurn) -> None:
        """Carry out `command`. The caller has paused: what was listened to ahead may be all the words."""
        self._promote_ahead(command.turn)
        audio = self._uplink.slice(command.start, command.end)[-8 * LISTENING_HZ :]
        job = self._job(command.turn, command.revision)
        call = partial(working.score_end_of_turn, job, self._parts.end_of_turn, audio)
        self._submit("end_of_turn", "end_of_turn", job, call)

    def generate(
        self,
        command: do.Generate,
        build: Callable[[], Prompt],
        sampling: Sampling,
        weigh: Callable[[], Prompt] | None = None,
    ) -> None:
        """Carry out `command` with the prompt that `build` makes on the lane; see `working.generate`."""

        def work(job: working.Job) -> None:
            model = self._parts.language_model
            working.generate(job, model, build, sampling, cache_key=self._session, weigh=weigh)

        self.answer(command, work)

    def answer(self, command: do.Generate, work: Callable[[working.Job], None]) -> None:
        """Carry out `command` by `work` on the language model's lane."""
        self._prefilling.set()
        self._speaking[command.turn] = command.revision
        job = self._job(command.turn, command.revision)
        self._guess("language_model", "generation", job, partial(work, job))

    def synthesize(self, command: do.Synthesize, *, voice: str, speed: float) -> None:
        """Carry out `command`."""
        job = self._job(command.turn, command.revision)
        sounds = self._sounds.setdefault((command.turn, command.revision), {})

        def keep(clause: int, chunk: int, audio: Audio, words: tuple[TimedWord, ...]) -> None:
            sounds[clause, chunk] = Sound(audio, words)

        call = partial(
            working.synthesize,
            job,
            self._parts.synthesizer,
            command,
            voice=voice,
            speed=speed,
            keep=keep,
        )
        self._guess("synthesizer", "synthesis", job, call)

    def confirm(self, turn: int) -> None:
        """The turn is no guess any more: what still waits of it, and what is yet to come, is live."""
        if turn in self._confirmed:
            return
        self._confirmed.add(turn)
        self._promote_ahead(turn)
        for lane, submitted in self._guessed.pop(turn, ()):
            lane.promote(submitted)

    def prefill(
        self,
        build: Callable[[], Prompt],
        *,
        told: Callable[[Prefilled, float], None] = nobody,
        piece_tokens: int | None = None,
    ) -> None:
        """Read what is certain of the next prompt into the cache, unless something better comes up first.

        `told` hears, on the lane, what was read and how many milliseconds it took. A piece cannot be broken
        off; `piece_tokens` is the longest, where the engine's own choice would be felt.
        """
        self._prefilling.set()
        flag = self._prefilling = Flag()
        lane = self._parts.lanes["language_model"]
        stretch = in_stretches(self._reading(build, flag, lane.answering, told, piece_tokens))

        def call() -> bool:
            try:
                return stretch()
            except Exception:
                # A prefill only saves time; what is wrong will be told by the reply that needs the model.
                return False

        with suppress(Busy):
            lane.submit(call, flag, priority=SPECULATIVE, gives_way=lane.answering)

    def take_sound(self, command: do.Play) -> Sound:
        """The chunk that is to be played; it is kept no longer."""
        return self._sounds[command.turn, self._speaking[command.turn]].pop((command.clause, command.chunk))

    def cancel(self, turn: int, revision: int) -> None:
        """Nothing of this revision is wanted."""
        flag = self._flags.pop((turn, revision), None)
        if flag is not None:
            flag.set()
        self._sounds.pop((turn, revision), None)

    def forget(self, turn: int) -> None:
        """The turn has ended."""
        self._stop_listening_ahead(turn)
        for key in [key for key in self._flags if key[0] == turn]:
            self.cancel(*key)
        self._speaking.pop(turn, None)
        self._guessed.pop(turn, None)
        self._confirmed.discard(turn)
        for key in [key for key in self._sounds if key[0] == turn]:
            del self._sounds[key]

    def close(self) -> None:
        """Nothing is wanted any more, and nothing will be told."""
        self._prefilling.set()
        for flag in (*self._flags.values(), *(flag for flag, _ in self._ahead.values())):
            flag.set()
        self._flags.clear()
        self._sounds.clear()
        self._tell_now = nobody

    def _stop_listening_ahead(self, turn: int) -> None:
        flag, _ = self._ahead.pop(turn, (None, None))
        if flag is not None:
            flag.set()

    def _promote_ahead(self, turn: int) -> None:
        _, submitted = self._ahead.get(turn, (None, None))
        if submitted is not None:
            self._parts.lanes["transcriber"].promote(submitted)

    def stop_reading(self) -> None:
        """The model may be wanted at once."""
        self._prefilling.set()

    def _reading(
        self,
        build: Callable[[], Prompt],
        flag: Flag,
        answering: Cancel,
        told: Callable[[Prefilled, float], None],
        piece_tokens: int | None,
    ) -> Pauses:
        demand = self._parts.demand
        yield from read(
            self._parts.language_model,
            build(),
            cache_key=self._session,
            gives_way=When(lambda: answering.is_set() or flag.is_set()),
            piece_tokens=lambda: SMALL_PIECE_TOKENS if demand.conversations > 1 else piece_tokens,
            told=told,
        )

    def _job(self, turn: int, revision: int, flag: Flag | None = None) -> working.Job:
        if flag is None and (flag := self._flags.get((turn, revision))) is None:
            flag = self._flags[turn, revision] = Flag()

        def tell(event: Event) -> None:
            post(self._loop, partial(self._tell, event, flag))

        return working.Job(turn, revision, clock=self._clock, tell=tell, cancel=flag)

    def _guess(self, part: Part, stage: Stage, job: working.Job, call: Callable[[], None]) -> None:
        """Submit what is live if the turn is confirmed, and until then speculative."""
        if job.turn in self._confirmed:
            self._submit(part, stage, job, call)
        elif submitted := self._submit(part, stage, job, call, priority=SPECULATIVE):
            self._guessed.setdefault(job.turn, []).append((self._parts.lanes[part], submitted))

    def _submit(
        self,
        part: Part,
        stage: Stage,
        job: working.Job,
        call: Callable[[], None],
        *,
        priority: Priority = LIVE,
    ) -> Submitted | None:
        try:
            return self._parts.lanes[part].submit(call, job.cancel, priority=priority)
        except Busy as error:
            failure = WorkFailed(job.turn, job.revision, stage, str(error))
            self._loop.call_soon(self._tell, failure, job.cancel)
            return None

    def _tell(self, event: Event, cancel: Flag) -> None:
        # A cancelled job may have told its news before it noticed; nobody is to hear of sounds that are gone.
        if not cancel.is_set():
            self._tell_now(event)
