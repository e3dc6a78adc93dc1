"""The anchor of the response time, on sounds whose edges are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import Audio
from antiphon.runtime.voiced import first_audible_sample, voiced_span


def tone(seconds: float, rate_hz: int, amplitude: float = 0.3) -> Audio:
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * 180 * t) * (1 + 0.3 * np.sin(2 * np.pi * 4 * t))).astype(
        np.float32
    )


def room(seconds: float, rate_hz: int, amplitude: float = 0.0) -> Audio:
    noise = np.random.default_rng(7).standard_normal(round(seconds * rate_hz))
    return (amplitude * noise).astype(np.float32)


def utterance(rate_hz: int, noise: float = 0.0) -> Audio:
    """A voice from 0.40 s to 1.60 s with a short closure in it, in two seconds of a room."""
    parts = [
        room(0.4, rate_hz),
        tone(1.0, rate_hz),
        room(0.12, rate_hz),
        tone(0.08, rate_hz),
        room(0.4, rate_hz),
    ]
    voice = np.concatenate(parts)
    return voice + room(len(voice) / rate_hz, rate_hz, noise)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01])
def test_finds_both_edges_at_any_rate_and_in_noise(rate_hz: int, noise: float) -> None:
    span = voiced_span(utterance(rate_hz, noise), rate_hz)
    assert span is not None
    assert span[0] / rate_hz == pytest.approx(0.40, abs=0.015)
    assert span[1] / rate_hz == pytest.approx(1.60, abs=0.015)


@given(cut=st.integers(0, 4_000), noise=st.sampled_from([0.0, 0.003, 0.01]))
def test_does_not_depend_on_where_the_recording_was_cut(cut: int, noise: float) -> None:
    whole = utterance(16_000, noise)
    first, second = voiced_span(whole, 16_000), voiced_span(whole[cut:], 16_000)
    assert first is not None
    assert second is not None
    assert second[1] + cut == pytest.approx(first[1], abs=160)


def test_a_click_after_the_voice_is_not_a_voice() -> None:
    audio = np.concatenate([utterance(16_000), room(1.0, 16_000)])
    audio[30_000:30_048] += room(0.003, 16_000, 0.3)
    span = voiced_span(audio, 16_000)
    assert span is not None
    assert span[1] / 16_000 == pytest.approx(1.60, abs=0.015)


def test_a_breath_after_the_voice_is_not_a_voice() -> None:
    breath = np.diff(room(0.3, 16_000, 0.05), prepend=0).astype(np.float32)  # all hiss, no hum
    span = voiced_span(np.concatenate([utterance(16_000), breath, room(0.3, 16_000)]), 16_000)
    assert span is not None
    assert span[1] / 16_000 == pytest.approx(1.60, abs=0.015)


def test_a_whisper_is_a_voice_when_there_is_no_other() -> None:
    whisper = np.diff(room(0.6, 16_000, 0.05), prepend=0).astype(np.float32)
    span = voiced_span(np.concatenate([room(0.4, 16_000), whisper, room(0.4, 16_000)]), 16_000)
    assert span is not None
    assert span[1] / 16_000 == pytest.approx(1.0, abs=0.015)


def test_digital_silence_around_a_noisy_recording_is_not_its_room() -> None:
    silence = room(0.5, 16_000)
    span = voiced_span(np.concatenate([silence, utterance(16_000, 0.01), silence]), 16_000)
    assert span is not None
    assert span[1] / 16_000 == pytest.approx(2.10, abs=0.015)


def test_speech_without_any_silence_is_voiced_to_its_end() -> None:
    span = voiced_span(tone(0.5, 16_000), 16_000)
    assert span is not None
    assert span[0] <= 160
    assert span[1] >= 7_840


@pytest.mark.parametrize(
    "audio", [room(0, 16_000), room(0.003, 16_000), room(1, 16_000), room(1, 16_000, 1e-4)]
)
def test_silence_has_no_voice(audio: Audio) -> None:
    assert voiced_span(audio, 16_000) is None


def test_an_answer_is_heard_from_its_first_audible_sample_however_it_is_cut() -> None:
    answer = np.concatenate([room(0.1, 24_000, 1e-4), tone(0.2, 24_000)])
    first = first_audible_sample(answer, 24_000)
    assert first is not None
    assert first / 24_000 == pytest.approx(0.1, abs=0.002)
    assert first_audible_sample(answer[:first], 24_000) is None
    assert first_audible_sample(answer[first:], 24_000) == 0
