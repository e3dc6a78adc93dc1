"""What the live loop knows at every moment of a pause, recorded once so that any policy can be asked.

The windows are those of the real voice activity through the real `Hearing`; the end-of-turn model is asked
about the sound up to each age of the pause, the transcriber about the words, and the language model about
whether they could end there, as the live loop asks them. An answer counts from the moment it can have come:
the time it took, measured here, is added to the time of asking.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

import msgspec
import numpy as np

from antiphon.bench.endpointing_cases import Case
from antiphon.contracts import (
    CLOCK_HZ,
    LISTENING_HZ,
    EndOfTurn,
    LanguageModel,
    Message,
    Prompt,
    Sampling,
    Ticks,
    Transcriber,
    VoiceActivity,
    Weigh,
    Weighed,
    ms,
    ticks,
)
from antiphon.dialogue.completeness import without_mark
from antiphon.dialogue.events import VoiceWindow
from antiphon.dialogue.hearing import PAUSE, Hearing
from antiphon.dialogue.policy import ASK_AT, Pause
from antiphon.runtime.settings import DEFAULT_INSTRUCTIONS
from antiphon.runtime.working import SENTENCE_MARKS

PREFIX_SAMPLES = round(0.3 * LISTENING_HZ)
STOCK_ASKS_MS = 200.0
T = TypeVar("T")
_HEARD_MS = 5.0  # from a window's last sample to the core's knowing of it


class Moment(msgspec.Struct, frozen=True):
    """One window of a pause."""

    at_ms: float
    """After the turn's true last voiced sample; negative before it."""
    silence_ms: float
    stirring: bool
    """The sound may still be speech, or speech again: no turn ends here."""
    vad_silence_ms: float
    """The silence by the probability of speech alone, as other systems reckon it."""


class PauseTrace(msgspec.Struct, frozen=True, kw_only=True):
    """One pause of a turn, the last one being its end."""

    moments: tuple[Moment, ...]
    scores: tuple[tuple[float, float], ...]
    """From which age of the silence on which score is known, both in order."""
    words: str
    words_known_ms: float
    may_end: float | None
    """How likely the words end a sentence, as the language model reads them; None: there are none."""
    weighed_ms: float
    """From which age of the silence on that is known."""
    last: bool
    stock_score: float | None
    """The score when the end-of-turn model is asked just once, after 200 ms of silence by probability."""
    stock_took_ms: float


class Trace(msgspec.Struct, frozen=True):
    """One turn."""

    name: str
    speaker: str
    half: str
    made: bool
    pauses: tuple[PauseTrace, ...]


class Judges(msgspec.Struct, frozen=True):
    """Who is asked about a pause."""

    ear: VoiceActivity
    sound: EndOfTurn
    writer: Transcriber
    reader: LanguageModel


def trace(case: Case, judges: Judges) -> Trace:
    """Listen to one turn as the live loop would if no pause were its end."""
    hearing, by_probability = Hearing(), Hearing()
    moments, pauses = list[Moment](), list[PauseTrace]()
    began = 0
    for window in _windows(case, judges.ear):
        change = hearing.push(window, 0.5)
        by_probability.push(msgspec.structs.replace(window, level_db=0.0), 0.5)
        sample = _samples(window.end)
        if change == "onset" and not began:
            began = max(0, _samples(hearing.began) - PREFIX_SAMPLES)
        elif change == "resume" and moments:
            pauses.append(_pause(case, began, moments, judges, last=False))
            moments = []
        if hearing.state == "pausing":
            at_ms = (sample - case.end) * 1000 / LISTENING_HZ + _HEARD_MS
            stirs = bool(hearing.stirring) or hearing.glowing
            moments.append(Moment(at_ms, ms(hearing.silence), stirs, ms(by_probability.silence)))
    if moments:
        pauses.append(_pause(case, began, moments, judges, last=True))
    return Trace(case.name, case.speaker, case.half, case.made, tuple(pauses))


def known(pause: PauseTrace, moment: Moment) -> Pause:
    """What the policy is told at `moment`."""
    scores = tuple(score for age, score in pause.scores if age <= moment.silence_ms)
    words = pause.words if moment.silence_ms >= pause.words_known_ms else None
    may_end = pause.may_end if moment.silence_ms >= pause.weighed_ms else None
    return Pause(ticks(moment.silence_ms), scores, words, may_end)


def _pause(case: Case, began: int, moments: Sequence[Moment], judges: Judges, *, last: bool) -> PauseTrace:
    scores: list[tuple[float, float]] = []
    quiet_from = _sample_at(case, moments[0]) - round(moments[0].silence_ms * LISTENING_HZ / 1000)
    for age_ms in [ms(PAUSE), *(ms(age) for age in ASK_AT if age > PAUSE)]:
        if age_ms <= moments[-1].silence_ms:
            end = quiet_from + round(age_ms * LISTENING_HZ / 1000)
            score, took_ms = _timed(lambda end=end: judges.sound.score(case.audio[began:end]))
            scores.append((age_ms + took_ms, score))
    heard_at = quiet_from + LISTENING_HZ * 32 // 1000
    words, took_ms = _timed(lambda: judges.writer.transcribe(case.audio[began:heard_at]).text)
    known_ms = 32 + took_ms
    may_end, took_ms = _weighed(judges.reader, words)
    asked = next((m for m in moments if m.vad_silence_ms >= STOCK_ASKS_MS), None)
    stock, stock_ms = None, 0.0
    if asked is not None:
        stock, stock_ms = _timed(lambda: judges.sound.score(case.audio[began : _sample_at(case, asked)]))
    return PauseTrace(
        moments=tuple(moments),
        scores=tuple(scores),
        words=words,
        words_known_ms=known_ms,
        may_end=may_end,
        weighed_ms=known_ms + took_ms,
        last=last,
        stock_score=stock,
        stock_took_ms=stock_ms,
    )


def _weighed(reader: LanguageModel, words: str) -> tuple[float | None, float]:
    """How likely `words` end a sentence, and how long that takes when all but the last two were read."""
    said = without_mark(words)
    if not said:
        return None, 0.0
    reader.prefill(_prompt(" ".join(said.split()[:-2]), open=True), cache_key="caller")
    marks, took_ms = _timed(lambda: _marks(reader, words, said))
    return (float(np.logaddexp.reduce(marks)) if marks else None), took_ms


def _marks(reader: LanguageModel, words: str, said: str) -> tuple[float, ...]:
    """As the live loop asks: on the way to an answer, or before it."""
    unfinished = _prompt(said, open=True)
    if "weigh" not in reader.card.capabilities:
        return reader.score(unfinished, SENTENCE_MARKS, cache_key="caller")
    weighing = Sampling(max_tokens=1, weigh=Weigh(unfinished, SENTENCE_MARKS))
    first, *_ = reader.generate(_prompt(words), weighing, cache_key="caller")
    return first.scores if isinstance(first, Weighed) else ()


def _prompt(saying: str, *, open: bool = False) -> Prompt:
    return Prompt((Message("system", DEFAULT_INSTRUCTIONS), Message("user", saying)), open=open)


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    start = perf_counter()
    answer = call()
    return answer, (perf_counter() - start) * 1000


def _windows(case: Case, ear: VoiceActivity) -> list[VoiceWindow]:
    size = ear.window_samples
    answers = ear.stream().push(case.audio)
    whole = case.audio[: len(answers) * size].reshape(-1, size)
    levels = 10 * np.log10((whole**2).mean(axis=1) + 1e-12)
    return [
        VoiceWindow(_ticks(a.end_sample - size), _ticks(a.end_sample), a.probability, float(level))
        for a, level in zip(answers, levels, strict=True)
    ]


def _sample_at(case: Case, moment: Moment) -> int:
    return case.end + round((moment.at_ms - _HEARD_MS) * LISTENING_HZ / 1000)


def _ticks(sample: int) -> Ticks:
    return sample * CLOCK_HZ // LISTENING_HZ


def _samples(at: Ticks) -> int:
    return at * LISTENING_HZ // CLOCK_HZ
