"""The suite of `VoiceActivity`."""

from collections.abc import Sequence
from itertools import cycle
from math import isfinite

import numpy as np

from antiphon.contracts.audio import LISTENING_HZ, Audio
from antiphon.contracts.conformance.check import Samples, Suite, demand
from antiphon.contracts.conformance.engine import hears_at
from antiphon.contracts.conformance.signals import buzz, frozen, noise, silence
from antiphon.contracts.conformance.threads import at_once
from antiphon.contracts.voice_activity import SpeechProbability, VoiceActivity, VoiceActivityStream

CUTS = (1, 160, 7, 320, 0, 513, 1024, 333)
"""Lengths of consecutive pushes, in samples: shorter, longer and stranger than any window."""


def check_window_is_sensible(engine: VoiceActivity) -> None:
    """Between 1 ms and a tenth of a second."""
    demand(
        LISTENING_HZ // 1000 <= engine.window_samples <= LISTENING_HZ // 10,
        f"window_samples is {engine.window_samples}; a window must last between 1 and 100 ms at 16 kHz",
    )


def check_answers_for_each_window(engine: VoiceActivity) -> None:
    """One answer per completed window, oldest first, each a probability."""
    audio = _mixture()
    answers = engine.stream().push(frozen(audio))
    _check_windows(engine, answers, len(audio))


def check_waits_for_a_whole_window(engine: VoiceActivity) -> None:
    """Less than a window is kept, not answered."""
    stream = engine.stream()
    first = stream.push(noise(100)[: engine.window_samples - 1])
    demand(not first, "one sample less than a window was answered; an answer must wait for its whole window")
    nothing = stream.push(np.zeros(0, np.float32))
    demand(not nothing, "an empty push was answered; only a completed window has an answer")
    last = stream.push(noise(100)[:1])
    demand(
        len(last) == 1 and last[0].end_sample == engine.window_samples,
        f"the sample that completed the first window gave {list(last)!r}; "
        f"it must give that window's one answer",
    )


def check_cuts_do_not_matter(engine: VoiceActivity) -> None:
    """The same sound gives the same answers however it is cut."""
    audio = _mixture()
    whole = engine.stream().push(audio)
    pieces = _push_in_pieces(engine.stream(), audio)
    _check_same(whole, pieces, "cut into pieces, the same audio gave other answers", "how the audio was cut")


def check_keeps_no_hold_of_the_audio(engine: VoiceActivity) -> None:
    """A caller may reuse its buffer the moment `push` returns."""
    audio = _mixture()
    expected = engine.stream().push(audio)
    stream, buffer = engine.stream(), np.empty(200, np.float32)
    answers: list[SpeechProbability] = []
    for start in range(0, len(audio), 200):
        piece = audio[start : start + 200]
        buffer[: len(piece)] = piece
        answers += stream.push(buffer[: len(piece)])
        buffer[:] = 1.0
    _check_same(
        expected,
        answers,
        "overwriting a pushed buffer changed later answers",
        "the caller's buffer: copy the rest",
    )


def check_streams_are_independent(engine: VoiceActivity) -> None:
    """Two callers at once hear nothing of each other."""
    loud, quiet = _mixture(), silence(900)
    alone = engine.stream().push(loud), engine.stream().push(quiet)
    one, other = engine.stream(), engine.stream()
    answers: tuple[list[SpeechProbability], list[SpeechProbability]] = ([], [])
    for start in range(0, max(len(loud), len(quiet)), 480):
        answers[0].extend(one.push(loud[start : start + 480]))
        answers[1].extend(other.push(quiet[start : start + 480]))
    for expected, got in zip(alone, answers, strict=True):
        _check_same(expected, got, "two streams fed in turn gave other answers", "another stream")


def check_reset_forgets(engine: VoiceActivity) -> None:
    """After `reset` a stream is as good as new."""
    audio = _mixture()
    fresh = engine.stream().push(audio)
    stream = engine.stream()
    stream.push(noise(333, level=0.3))
    stream.reset()
    again = stream.push(audio)
    demand(
        bool(again) and again[0].end_sample == engine.window_samples,
        f"after reset() the first answer ends at sample {again[0].end_sample if again else None}; "
        f"counting must start at 0 again",
    )
    _check_same(fresh, again, "a reset stream answered unlike a fresh one", "anything heard before reset()")


def check_silence_is_not_speech(engine: VoiceActivity) -> None:
    """A second of nothing is not taken for a voice."""
    mean = _mean(engine.stream().push(silence(1000)))
    demand(mean < 0.5, f"silence scored {mean:.2f} on average; no speech must score below 0.5")


def check_takes_a_long_push(engine: VoiceActivity) -> None:
    """Half a minute in one call."""
    audio = np.tile(_mixture(), 25)
    _check_windows(engine, engine.stream().push(audio), len(audio))


def check_works_on_its_threads(engine: VoiceActivity) -> None:
    """As many streams at once as the card promises."""
    audio = _mixture()
    expected = engine.stream().push(audio)
    for got in at_once(engine.card.concurrency, lambda _: engine.stream().push(audio)):
        _check_same(expected, got, "on another thread the same audio gave other answers", "the thread")


def check_speech_scores_above_silence_and_noise(engine: VoiceActivity, samples: Samples) -> None:
    """People talking score higher than nobody."""
    speech = [engine.stream().push(clip.audio) for clip in samples.speech()]
    best = float(np.mean([max((a.probability for a in answers), default=0.0) for answers in speech]))
    demand(best >= 0.5, f"speech scored {best:.2f} at its clearest; a clear voice must reach 0.5")
    mean = float(np.mean([_mean(answers) for answers in speech]))
    for name, sound in (("silence", silence(2000)), ("faint noise", noise(2000, level=0.001))):
        other = _mean(engine.stream().push(sound))
        demand(
            mean > other,
            f"speech scored {mean:.2f} and {name} {other:.2f} on average; speech must score higher",
        )


SUITE: Suite[VoiceActivity] = Suite(
    protocol=VoiceActivity,
    checks=(
        hears_at(LISTENING_HZ),
        check_window_is_sensible,
        check_answers_for_each_window,
        check_waits_for_a_whole_window,
        check_cuts_do_not_matter,
        check_keeps_no_hold_of_the_audio,
        check_streams_are_independent,
        check_reset_forgets,
        check_silence_is_not_speech,
        check_takes_a_long_push,
        check_works_on_its_threads,
    ),
    with_samples=(check_speech_scores_above_silence_and_noise,),
)


def _mixture() -> Audio:
    return np.concatenate([silence(200), buzz(600), noise(201), silence(203)])


def _push_in_pieces(stream: VoiceActivityStream, audio: Audio) -> list[SpeechProbability]:
    answers: list[SpeechProbability] = []
    start = 0
    for length in cycle(CUTS):
        if start >= len(audio):
            return answers
        answers += stream.push(audio[start : start + length])
        start += length
    raise AssertionError("a cycle does not end")


def _check_windows(engine: VoiceActivity, answers: Sequence[SpeechProbability], heard_samples: int) -> None:
    ends = [answer.end_sample for answer in answers]
    window = engine.window_samples
    expected = list(range(window, heard_samples + 1, window))
    demand(
        ends == expected,
        f"{heard_samples} samples gave {len(ends)} answers ending at {ends[:3]}…; windows of {window} must "
        f"follow each other without a gap, one answer each: {len(expected)} ending at {expected[:3]}…",
    )
    for answer in answers:
        demand(
            isfinite(answer.probability) and 0.0 <= answer.probability <= 1.0,
            f"the window ending at {answer.end_sample} scored {answer.probability}; "
            f"a probability must lie between 0 and 1",
        )


def _check_same(
    expected: Sequence[SpeechProbability], got: Sequence[SpeechProbability], what: str, independent_of: str
) -> None:
    rule = f"answers must not depend on {independent_of}"
    demand(len(expected) == len(got), f"{what} ({len(got)} for {len(expected)}); {rule}")
    for one, other in zip(expected, got, strict=True):
        demand(
            one.end_sample == other.end_sample and abs(one.probability - other.probability) < 1e-5,
            f"{what} ({one.probability:.4f} at sample {one.end_sample}, then {other.probability:.4f} at "
            f"{other.end_sample}); {rule}",
        )


def _mean(answers: Sequence[SpeechProbability]) -> float:
    return float(np.mean([answer.probability for answer in answers])) if answers else 0.0
