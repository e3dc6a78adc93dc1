"""What the engines do for a session: each function is one blocking call, made on an engine's lane.

None of them knows a session. They take values, report events through `tell`, and translate every failure into
one. A raised cancel means that nobody wants the answer any more.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event as Flag

import msgspec
import numpy as np
import soxr

from antiphon.contracts import (
    CLOCK_HZ,
    LISTENING_HZ,
    AntiphonError,
    Audio,
    EndOfTurn,
    Finish,
    LanguageModel,
    Piece,
    Prompt,
    Sampling,
    Synthesizer,
    TextDelta,
    Ticks,
    TimedWord,
    ToolCall,
    Transcriber,
    Usage,
    Weigh,
    Weighed,
)
from antiphon.dialogue.commands import Synthesize
from antiphon.dialogue.events import (
    CallerMeasured,
    EndOfTurnScored,
    Event,
    GenerationEnded,
    HeardAhead,
    PromptBuilt,
    SpeechReady,
    Stage,
    TextGenerated,
    Timing,
    Transcribed,
    WordsWeighed,
    WorkFailed,
)
from antiphon.runtime.clock import Clock
from antiphon.runtime.voiced import voiced_span

Tell = Callable[[Event], None]

SENTENCE_MARKS = (".", "?", "!")
"""What follows a caller's words, as a language model reads them, when they end a sentence."""


class Job:
    """A call on behalf of one `(turn, revision)`: when it was asked for, and where its answer goes."""

    def __init__(self, turn: int, revision: int, *, clock: Clock, tell: Tell, cancel: Flag) -> None:
        self.turn, self.revision = turn, revision
        self.tell, self.cancel = tell, cancel
        self._clock = clock
        self._queued = clock.now()
        self._began: Ticks = 0

    def began(self) -> None:
        """The lane has come to it."""
        self._began = self._clock.now()

    def timing(self, owner: str) -> Timing:
        """Up to now."""
        return Timing(self._queued, self._began, self._clock.now(), owner)

    def next_leg(self) -> None:
        """What comes now is timed by itself."""
        self._queued = self._began = self._clock.now()

    def guard(self, stage: Stage, work: Callable[[], None]) -> None:
        """Run `work`; whatever it raises becomes `WorkFailed`."""
        self.began()
        try:
            work()
        except Exception as error:
            if not self.cancel.is_set():
                self.tell(WorkFailed(self.turn, self.revision, stage, f"{type(error).__name__}: {error}"))


def transcribe(
    job: Job,
    transcriber: Transcriber,
    audio: Audio,
    *,
    hint: str,
    thinned: bool,
) -> None:
    """Words of the 16 kHz `audio`."""

    def work() -> None:
        transcript = transcriber.transcribe(audio, hint=hint, cancel=job.cancel)
        if job.cancel.is_set():
            return
        timing = job.timing(transcriber.card.name)
        job.tell(Transcribed(job.turn, job.revision, transcript.text, timing, thinned))

    job.guard("transcription", work)


def listen_ahead(job: Job, transcriber: Transcriber, audio: Audio, *, end: Ticks, hint: str) -> None:
    """Words of the 16 kHz `audio` of a turn that may go on beyond `end`; a failure is told by having none."""
    job.began()
    text: str | None = None
    with suppress(Exception):  # whoever needs the words asks again, and is told
        text = transcriber.transcribe(audio, hint=hint, cancel=job.cancel).text
    job.tell(HeardAhead(job.turn, end, text, job.timing(transcriber.card.name)))


def measure(job: Job, audio: Audio, *, start: Ticks, arrived_at: Callable[[Ticks], Ticks]) -> None:
    """When the voice ended in the committed 16 kHz `audio` that begins at `start` of the caller's audio."""
    span = voiced_span(audio, LISTENING_HZ)
    if span is not None:
        last = start + span[1] * CLOCK_HZ // LISTENING_HZ - 1
        job.tell(CallerMeasured(job.turn, arrived_at(last)))


def score_end_of_turn(job: Job, end_of_turn: EndOfTurn, audio: Audio) -> None:
    """How finished the 16 kHz `audio` sounds."""

    def work() -> None:
        probability = end_of_turn.score(audio)
        timing = job.timing(end_of_turn.card.name)
        job.tell(EndOfTurnScored(job.turn, job.revision, probability, timing))

    job.guard("end_of_turn", work)


def generate(
    job: Job,
    model: LanguageModel,
    build: Callable[[], Prompt],
    sampling: Sampling,
    *,
    cache_key: str,
    weigh: Callable[[], Prompt] | None = None,
) -> None:
    """The answer to the prompt `build` makes, told as it comes; before it, how likely its words end there.

    `weigh` makes the same prompt open behind the caller's words. What is read for it is read for the answer,
    by an engine with the capability "weigh" in one go.
    """

    def work() -> None:
        prompt = build()
        job.tell(PromptBuilt(job.turn, job.revision, job.timing("prompt")))
        job.next_leg()
        told = sampling
        if weigh is not None and "weigh" in model.card.capabilities:
            told = msgspec.structs.replace(sampling, weigh=Weigh(weigh(), SENTENCE_MARKS))
        elif weigh is not None and "score" in model.card.capabilities:
            with suppress(AntiphonError):  # the turn ends a little later without it
                tell_weighed(
                    job, model.score(weigh(), SENTENCE_MARKS, cache_key=cache_key, cancel=job.cancel)
                )
        calls: list[ToolCall] = []
        for piece in model.generate(prompt, told, cache_key=cache_key, cancel=job.cancel):
            tell_piece(job, piece, calls, model.card.name)

    job.guard("generation", work)


def tell_weighed(job: Job, marks: tuple[float, ...]) -> None:
    """How likely each mark is behind the caller's words."""
    if marks:
        job.tell(WordsWeighed(job.turn, job.revision, float(np.logaddexp.reduce(marks))))


def tell_piece(job: Job, piece: Piece, calls: list[ToolCall], owner: str) -> Usage | None:
    """More of an answer; `calls` gathers those of tools. Returns what it took, with its end."""
    match piece:
        case Weighed():
            tell_weighed(job, piece.scores)
        case TextDelta():
            job.tell(TextGenerated(job.turn, job.revision, piece.text, job.timing(owner)))
        case ToolCall():
            calls.append(piece)
        case Finish():
            job.tell(GenerationEnded(job.turn, job.revision, piece.reason, piece.usage, tuple(calls)))
            return piece.usage
    return None


def synthesize(
    job: Job,
    synthesizer: Synthesizer,
    ask: Synthesize,
    *,
    voice: str,
    speed: float,
    keep: Callable[[int, int, Audio, tuple[TimedWord, ...]], None],
) -> None:
    """Sound of a clause, chunk by chunk; `keep` gets the samples, at 24 kHz, before they are told of."""

    def work() -> None:
        chunk = 0
        rate_hz = synthesizer.card.sample_rate_hz or CLOCK_HZ
        owner = synthesizer.card.name
        speech = synthesizer.synthesize(
            ask.text,
            voice=voice,
            speed=speed,
            before=ask.before,
            goes_on=ask.goes_on,
            cancel=job.cancel,
        )
        for made in speech:
            audio, words = at_clock_rate(made.audio, made.words, rate_hz)
            keep(ask.clause, chunk, audio, words)
            event = SpeechReady(
                job.turn, job.revision, ask.clause, chunk, len(audio), words, False, job.timing(owner)
            )
            job.tell(event)
            chunk += 1
        job.tell(SpeechReady(job.turn, job.revision, ask.clause, chunk, 0, (), True, job.timing(owner)))

    job.guard("synthesis", work)


def at_clock_rate(
    audio: Audio, words: Sequence[TimedWord], rate_hz: int
) -> tuple[Audio, tuple[TimedWord, ...]]:
    """Speech and the places of its words, at 24 kHz."""
    if rate_hz == CLOCK_HZ:
        return audio, tuple(words)
    resampled: Audio = np.asarray(soxr.resample(audio, rate_hz, CLOCK_HZ), dtype=np.float32)
    moved = (
        TimedWord(w.text, w.start_sample * CLOCK_HZ // rate_hz, w.end_sample * CLOCK_HZ // rate_hz)
        for w in words
    )
    return resampled, tuple(moved)
