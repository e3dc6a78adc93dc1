"""Ears that break their contracts are caught, and told how."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from antiphon.contracts import (
    NEVER,
    Audio,
    Cancel,
    EngineBroken,
    EngineSetup,
    SpeechProbability,
    TimedWord,
    Transcript,
    VoiceActivityStream,
)
from antiphon.contracts.conformance import Broken, Samples, run
from antiphon.contracts.conformance import end_of_turn as turns
from antiphon.contracts.conformance import transcriber as words
from antiphon.contracts.conformance import voice_activity as ears
from antiphon.engines.scripted import ScriptedEndOfTurn, ScriptedTranscriber, ScriptedVoiceActivity

Setup = Callable[..., EngineSetup]


class Changed:
    """A stream whose answers go through a function."""

    def __init__(
        self,
        inner: VoiceActivityStream,
        change: Callable[[Sequence[SpeechProbability]], Sequence[SpeechProbability]],
    ) -> None:
        self.inner, self.change = inner, change

    def push(self, audio: Audio) -> Sequence[SpeechProbability]:
        return self.change(self.inner.push(audio))

    def reset(self) -> None:
        self.inner.reset()


class DropsTheRest(ScriptedVoiceActivity):
    """What does not fill a window is lost."""

    def stream(self) -> VoiceActivityStream:
        inner = super().stream()

        class Stream:
            def push(self, audio: Audio) -> Sequence[SpeechProbability]:
                return inner.push(audio[: len(audio) - len(audio) % 512])

            def reset(self) -> None:
                inner.reset()

        return Stream()


class OneEarForAll(ScriptedVoiceActivity):
    """Every caller gets the same stream."""

    def __init__(self, loud: float = 0.01) -> None:
        super().__init__(loud)
        self.only = super().stream()

    def stream(self) -> VoiceActivityStream:
        return self.only


class NeverForgets(ScriptedVoiceActivity):
    """reset() keeps counting."""

    def stream(self) -> VoiceActivityStream:
        inner = super().stream()

        class Stream:
            def push(self, audio: Audio) -> Sequence[SpeechProbability]:
                return inner.push(audio)

            def reset(self) -> None:
                pass

        return Stream()


class LendsTheBuffer(ScriptedVoiceActivity):
    """What is left over stays in the caller's array."""

    def stream(self) -> VoiceActivityStream:
        inner = super().stream()

        class Stream:
            rest: Audio = np.zeros(0, np.float32)

            def push(self, audio: Audio) -> Sequence[SpeechProbability]:
                answers = inner.push(self.rest)
                self.rest = audio
                return answers

            def reset(self) -> None:
                inner.reset()

        return Stream()


class UpsideDown(ScriptedVoiceActivity):
    """Silence is speech and speech is silence."""

    def stream(self) -> VoiceActivityStream:
        def turned(answers: Sequence[SpeechProbability]) -> Sequence[SpeechProbability]:
            return [SpeechProbability(answer.end_sample, 1 - answer.probability) for answer in answers]

        return Changed(super().stream(), turned)


class TooSure(ScriptedVoiceActivity):
    """A probability of 200 %."""

    def stream(self) -> VoiceActivityStream:
        def doubled(answers: Sequence[SpeechProbability]) -> Sequence[SpeechProbability]:
            return [SpeechProbability(answer.end_sample, 2 * answer.probability) for answer in answers]

        return Changed(super().stream(), doubled)


@pytest.mark.parametrize(
    ("kind", "check", "sentence"),
    [
        (DropsTheRest, ears.check_cuts_do_not_matter, "answers must not depend on how the audio was cut"),
        (DropsTheRest, ears.check_waits_for_a_whole_window, "it must give that window's one answer"),
        (OneEarForAll, ears.check_streams_are_independent, "answers must not depend on another stream"),
        (NeverForgets, ears.check_reset_forgets, "counting must start at 0 again"),
        (
            LendsTheBuffer,
            ears.check_keeps_no_hold_of_the_audio,
            "overwriting a pushed buffer changed later answers",
        ),
        (
            UpsideDown,
            ears.check_silence_is_not_speech,
            "silence scored 1.00 on average; no speech must score below",
        ),
        (TooSure, ears.check_answers_for_each_window, "a probability must lie between 0 and 1"),
    ],
)
def test_broken_voice_activity(
    kind: type[ScriptedVoiceActivity],
    check: Callable[[ScriptedVoiceActivity], None],
    sentence: str,
    setup: Setup,
) -> None:
    with pytest.raises(Broken, match=sentence):
        check(kind.open(setup()))


def test_voice_activity_deaf_to_speech(setup: Setup, samples: Samples) -> None:
    with pytest.raises(Broken, match=r"speech scored 0\.00 at its clearest; a clear voice must reach 0\.5"):
        ears.check_speech_scores_above_silence_and_noise(ScriptedVoiceActivity.open(setup(loud=0.9)), samples)


class Percent(ScriptedEndOfTurn):
    """Scores from 0 to 100."""

    def score(self, audio: Audio, text: str = "") -> float:
        return 100 * super().score(audio, text)


class Hasty(ScriptedEndOfTurn):
    """Everything is over at once, even what never began."""

    def score(self, audio: Audio, text: str = "") -> float:
        return 1.0


class Tramples(ScriptedEndOfTurn):
    """Uses the caller's array as its own."""

    def score(self, audio: Audio, text: str = "") -> float:
        audio *= 0.5
        return super().score(audio, text)


class Contrary(ScriptedEndOfTurn):
    """The more was said, the less it is over."""

    def score(self, audio: Audio, text: str = "") -> float:
        return 1 / (1 + len(text))


@pytest.mark.parametrize(
    ("kind", "check", "sentence"),
    [
        (Percent, turns.check_scores_are_probabilities, "a score must lie between 0 and 1"),
        (Hasty, turns.check_empty_audio_scores_zero, "empty audio scored 1.0; it must score exactly 0.0"),
        (Tramples, turns.check_leaves_the_audio_alone, "changed the audio it was given; audio is only lent"),
    ],
)
def test_broken_end_of_turn(
    kind: type[ScriptedEndOfTurn], check: Callable[[ScriptedEndOfTurn], None], sentence: str, setup: Setup
) -> None:
    with pytest.raises(Broken, match=sentence):
        check(kind.open(setup()))


def test_end_of_turn_that_contradicts_the_words(setup: Setup, samples: Samples) -> None:
    with pytest.raises(Broken, match="a finished turn must not score lower"):
        turns.check_whole_sentences_end_turns(Contrary.open(setup()), samples)


class Hallucinates(ScriptedTranscriber):
    """Hears what the films it was trained on end with."""

    def transcribe(self, audio: Audio, *, hint: str = "", cancel: Cancel = NEVER) -> Transcript:
        return Transcript("Thanks for watching!")


class Padded(ScriptedTranscriber):
    """Leaves the space the model begins with."""

    def transcribe(self, audio: Audio, *, hint: str = "", cancel: Cancel = NEVER) -> Transcript:
        found = super().transcribe(audio, hint=hint, cancel=cancel)
        return Transcript(f" {found.text}", found.words)


class Forgetful(ScriptedTranscriber):
    """Hears its first second only."""

    def transcribe(self, audio: Audio, *, hint: str = "", cancel: Cancel = NEVER) -> Transcript:
        return super().transcribe(audio[:16_000], hint=hint, cancel=cancel)


class InMilliseconds(ScriptedTranscriber):
    """Counts the words' places from the end."""

    def transcribe(self, audio: Audio, *, hint: str = "", cancel: Cancel = NEVER) -> Transcript:
        found = super().transcribe(audio, hint=hint, cancel=cancel)
        late = tuple(
            TimedWord(w.text, w.start_sample + len(audio), w.end_sample + len(audio)) for w in found.words
        )
        return Transcript(found.text, late)


class StumblesOverCancel(ScriptedTranscriber):
    """A cancelled call raises."""

    def transcribe(self, audio: Audio, *, hint: str = "", cancel: Cancel = NEVER) -> Transcript:
        if cancel.is_set():
            raise EngineBroken("stumbles", "cancelled")
        return super().transcribe(audio, hint=hint, cancel=cancel)


@pytest.mark.parametrize(
    ("kind", "check", "sentence"),
    [
        (
            Hallucinates,
            words.check_silence_is_empty,
            "'Thanks for watching!'; nobody spoke, so it must be ''",
        ),
        (Hallucinates, words.check_nothing_is_empty, "nobody spoke, so it must be ''"),
        (Padded, words.check_nothing_is_empty, "it must have no leading or trailing space"),
    ],
)
def test_broken_transcriber(
    kind: type[ScriptedTranscriber], check: Callable[[ScriptedTranscriber], None], sentence: str, setup: Setup
) -> None:
    with pytest.raises(Broken, match=sentence):
        check(kind.open(setup()))


@pytest.mark.parametrize(
    ("kind", "check", "sentence"),
    [
        (Hallucinates, words.check_writes_down_speech, "0% of its words, in order"),
        (Forgetful, words.check_takes_long_audio, "of clear speech at least 50% must be found"),
        (InMilliseconds, words.check_words_lie_in_the_audio, "words must follow each other inside the audio"),
    ],
)
def test_transcriber_broken_for_speech(
    kind: type[ScriptedTranscriber],
    check: Callable[[ScriptedTranscriber, Samples], None],
    sentence: str,
    setup: Setup,
    samples: Samples,
) -> None:
    with pytest.raises(Broken, match=sentence):
        check(kind.open(setup()), samples)


def test_an_exception_is_a_failure_with_its_place(setup: Setup) -> None:
    report = run("transcriber", StumblesOverCancel.open(setup()))
    (failed,) = report.failed
    assert failed.check == "cancel_is_obeyed"
    assert "raised EngineBroken: stumbles: cancelled (transcribe, line" in failed.sentence
