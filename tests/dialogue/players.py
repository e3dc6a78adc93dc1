"""Simulated engines: each answers after a delay of its own, or late, twice, never, or with a failure."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from antiphon.contracts import Ticks, TimedWord, ToolCall, Usage, ticks
from antiphon.dialogue.commands import Generate, ListenAhead, ScoreEndOfTurn, Synthesize, Transcribe
from antiphon.dialogue.events import (
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

ANSWER = "Certainly, I can help you with that. The first thing to do is to open the door."


def on_time(stage: Stage) -> list[float]:
    """Every answer comes once, without further delay."""
    del stage
    return [0.0]


@dataclass(kw_only=True)
class Engines:
    """How the simulated engines behave; times in milliseconds."""

    transcription_ms: float = 120
    scoring_ms: float = 50
    context_ms: float = 10
    first_token_ms: float = 100
    token_ms: float = 30
    synthesis_ms: float = 60
    chunk_ms: float = 20
    word_ms: float = 250
    words_per_chunk: int = 3
    queue_ms: dict[Stage, float] = field(default_factory=dict[Stage, float])
    """How long work of a stage waits before it begins."""
    score: Callable[[str], float] = lambda text: 0.02 if text.endswith("…") else 0.95
    """How finished the words so far sound: with an ellipsis, not at all."""
    may_end: Callable[[bool], float] | None = lambda unfinished: -8.0 if unfinished else -1.0
    """How likely the words end a sentence, as they read; None: nobody weighs them."""
    answer: Callable[[str | None], str] = lambda text: ANSWER
    finish: Literal["stop", "length", "tool_calls"] = "stop"
    tool_calls: tuple[ToolCall, ...] = ()
    dead: set[Stage] = field(default_factory=set[Stage])
    """Stages that never answer."""
    broken: set[Stage] = field(default_factory=set[Stage])
    """Stages that fail."""
    fate: Callable[[Stage], list[float]] = on_time
    """For each answer, the extra delays with which it comes: [] for never, two for twice."""
    obeys: bool = True
    """Whether cancelled work stops; otherwise its answers come all the same."""
    thins: bool = False
    """Whether taking our own sound out of the caller's leaves only the first two of their words."""


class Ears(Protocol):
    """What the caller has said, as far as it came over the line."""

    def words_between(self, start: Ticks, end: Ticks) -> str: ...
    def transcript(self, start: Ticks, end: Ticks) -> str: ...
    def unfinished(self, words: str) -> bool: ...


Tell = Callable[[Event, Ticks], None]


@dataclass
class Players:
    """Does the work the core asks for; `tell(event, delay)` brings the answers."""

    engines: Engines
    ears: Ears
    tell: Tell
    chunks: dict[tuple[int, int, int, int], tuple[int, tuple[TimedWord, ...]]] = field(
        default_factory=dict[tuple[int, int, int, int], tuple[int, tuple[TimedWord, ...]]]
    )
    """Sound by turn, revision, clause and chunk."""
    cancelled: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    voice_free: dict[tuple[int, int], Ticks] = field(
        default_factory=lambda: defaultdict[tuple[int, int], Ticks](int)
    )
    """When the synthesizer has done all that was asked for a revision: it makes one clause at a time."""

    def transcribe(self, ask: Transcribe | ListenAhead, now: Ticks) -> None:
        timing = self._timing("transcription", self.engines.transcription_ms, now)
        text = self.ears.transcript(ask.start, ask.end)
        if isinstance(ask, Transcribe):
            thinned = self.engines.thins and ask.clean_to >= ask.end
            if thinned:
                text = " ".join(text.split()[:2])
            heard = Transcribed(ask.turn, ask.revision, text, timing, thinned)
            self._answer("transcription", ask, heard, timing, now)
        elif "transcription" not in self.engines.dead:
            broken = "transcription" in self.engines.broken
            heard = HeardAhead(ask.turn, ask.end, None if broken else text, timing)
            for extra_ms in self.engines.fate("transcription"):
                self.tell(heard, timing.ended - now + ticks(extra_ms))

    def score(self, ask: ScoreEndOfTurn, now: Ticks) -> None:
        timing = self._timing("end_of_turn", self.engines.scoring_ms, now)
        score = self.engines.score(self.ears.words_between(ask.start, ask.end))
        self._answer("end_of_turn", ask, EndOfTurnScored(ask.turn, ask.revision, score, timing), timing, now)

    def generate(self, ask: Generate, now: Ticks) -> None:
        engines, number, revision = self.engines, ask.turn, ask.revision
        if "generation" in engines.dead:
            return
        context = self._timing("generation", engines.context_ms, now)
        self._answer("generation", ask, PromptBuilt(number, revision, context), context, now)
        if "generation" in engines.broken:
            return
        if ask.weigh and engines.may_end is not None:
            may_end = engines.may_end(self.ears.unfinished(ask.weigh))
            weighed = Timing(context.ended, context.ended, context.ended + ticks(engines.first_token_ms / 2))
            self._answer("generation", ask, WordsWeighed(number, revision, may_end), weighed, now)
        words = engines.answer(ask.text).split(" ")
        at = context.ended + ticks(engines.first_token_ms)
        for place, word in enumerate(words):
            timing = Timing(context.ended, context.ended, at, "language")
            text = word if place == len(words) - 1 else word + " "
            self._answer("generation", ask, TextGenerated(number, revision, text, timing), timing, now)
            at += ticks(engines.token_ms)
        usage = Usage(40, 30, len(words))
        end = GenerationEnded(number, revision, engines.finish, usage, engines.tool_calls)
        self._answer("generation", ask, end, Timing(now, now, at), now)

    def synthesize(self, ask: Synthesize, now: Ticks) -> None:
        engines, key = self.engines, (ask.turn, ask.revision)
        words, size = ask.text.split(), ticks(engines.word_ms)
        groups = [
            words[first : first + engines.words_per_chunk]
            for first in range(0, len(words), engines.words_per_chunk)
        ]
        began = max(now + self._queue("synthesis"), self.voice_free[key])
        ended = began + ticks(engines.synthesis_ms)
        for chunk, group in enumerate(groups):
            places = tuple(TimedWord(w, i * size, (i + 1) * size) for i, w in enumerate(group))
            self.chunks[(*key, ask.clause, chunk)] = len(group) * size, places
            timing = Timing(now, began, ended, "voice")
            last = chunk == len(groups) - 1
            event = SpeechReady(*key, ask.clause, chunk, len(group) * size, places, last, timing)
            self._answer("synthesis", ask, event, timing, now)
            began, ended = ended, ended + ticks(engines.chunk_ms)
        self.voice_free[key] = began

    def _queue(self, stage: Stage) -> Ticks:
        return ticks(self.engines.queue_ms.get(stage, 0))

    def _timing(self, stage: Stage, work_ms: float, now: Ticks) -> Timing:
        began = now + self._queue(stage)
        return Timing(now, began, began + ticks(work_ms), stage)

    def _answer(
        self,
        stage: Stage,
        ask: Transcribe | ScoreEndOfTurn | Generate | Synthesize,
        event: Event,
        timing: Timing,
        now: Ticks,
    ) -> None:
        if stage in self.engines.dead:
            return
        if stage in self.engines.broken:
            event = WorkFailed(ask.turn, ask.revision, stage, "the engine broke")
        for extra_ms in self.engines.fate(stage):
            self.tell(event, timing.ended - now + ticks(extra_ms))
