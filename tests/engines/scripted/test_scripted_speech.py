"""Tones: every word can be read back, from whole speech or from what was heard of it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import Audio, EngineSetup
from antiphon.engines.scripted import ScriptedSynthesizer, ScriptedTranscriber, decode_words
from antiphon.engines.scripted.tones import BYTE_MS, GAP_MS, decode, sing


def weights(name: str) -> Path:
    raise AssertionError(name)


def spoken(text: str, **how: object) -> Audio:
    engine = ScriptedSynthesizer.open(EngineSetup(weights=weights))
    return np.concatenate([chunk.audio for chunk in engine.synthesize(text, **how)])


WORDS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=8)


@given(WORDS, st.sampled_from([16_000, 24_000, 48_000]), st.sampled_from([0, 1]))
def test_any_word_comes_back(word: str, rate_hz: int, voice: int) -> None:
    assert decode_words(sing(word, rate_hz=rate_hz, voice=voice), rate_hz) == [word]


@pytest.mark.parametrize("voice", ["", "low", "high"])
def test_speech_comes_back_after_resampling(voice: str) -> None:
    text = "Well, hello there! Is it 3.50? Zürich, 你好."
    heard = soxr.resample(spoken(text, voice=voice), 24_000, 16_000, quality="LQ")
    assert decode_words(heard.astype(np.float32), 16_000) == text.split()


@pytest.mark.parametrize("speed", [0.5, 1.5])
def test_speech_comes_back_at_its_speed(speed: float) -> None:
    assert decode_words(spoken("one two three", speed=speed), 24_000, speed=speed) == ["one", "two", "three"]


def test_speech_comes_back_from_sixteen_bits_with_noise() -> None:
    clean = spoken("louder than the noise")
    audio = clean + np.random.default_rng(1).normal(0, 0.005, len(clean))
    coarse = np.round(audio * 32767).astype(np.int16).astype(np.float32) / 32768
    assert decode_words(coarse, 24_000) == ["louder", "than", "the", "noise"]


def test_words_lie_where_they_are_said_to_lie() -> None:
    engine = ScriptedSynthesizer.open(EngineSetup(weights=weights))
    for chunk in engine.synthesize("First of all, this. And then that!"):
        for told, found in zip(chunk.words, decode(chunk.audio, 24_000), strict=True):
            assert found.text == told.text
            assert abs(found.start_sample - told.start_sample) <= 24
            assert abs(found.end_sample - told.end_sample) <= 24


def test_a_word_cut_off_is_as_long_as_what_was_heard() -> None:
    audio = spoken("hello goodbye")
    until = round(24 * (5 * BYTE_MS + GAP_MS + 4 * BYTE_MS))
    assert decode_words(audio[:until], 24_000) == ["hello", "good"]


def test_silence_and_noise_have_no_words() -> None:
    assert decode_words(np.zeros(0, np.float32), 24_000) == []
    assert decode_words(np.zeros(9000, np.float32), 24_000) == []


def test_chunks_end_with_sentences_and_after_four_words() -> None:
    engine = ScriptedSynthesizer.open(EngineSetup(weights=weights))
    chunks = engine.synthesize("Yes. One two three four five — six. (!)")
    assert [[word.text for word in chunk.words] for chunk in chunks] == [
        ["Yes."],
        ["One", "two", "three", "four"],
        ["five", "six."],
    ]


def test_a_transcriber_with_a_script_says_a_word_for_each_burst() -> None:
    setup = EngineSetup(settings={"words": "good evening"}, weights=weights)
    heard = soxr.resample(spoken("ba ba ba"), 24_000, 16_000).astype(np.float32)
    found = ScriptedTranscriber.open(setup).transcribe(heard)
    assert found.text == "good evening good"
    assert [word.text for word in found.words] == ["good", "evening", "good"]


class Raised:
    """A cancel that is raised when it is looked at the second time."""

    def __init__(self) -> None:
        self.looks: Iterator[bool] = iter([False, True])

    def is_set(self) -> bool:
        return next(self.looks, True)


def test_a_slow_synthesizer_is_cancelled_while_it_waits() -> None:
    engine = ScriptedSynthesizer.open(EngineSetup(settings={"delay_ms": 60_000}, weights=weights))
    assert list(engine.synthesize("This would take a minute.", cancel=Raised())) == []
