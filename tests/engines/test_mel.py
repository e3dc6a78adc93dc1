"""The ear that Whisper and Smart Turn share."""

import numpy as np
import pytest

from antiphon.engines.mel import HOP, MELS, hz_to_mel, log_mel, mel_to_hz

SECOND = 16_000


def tone(hz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * SECOND)) / SECOND).astype(np.float32)


def test_shape_is_eighty_bands_by_ten_milliseconds() -> None:
    features = log_mel(tone(440, 8.0))
    assert features.shape == (MELS, 800)
    assert features.dtype == np.float32
    assert features.flags.c_contiguous


@pytest.mark.parametrize("hz", [200.0, 440.0, 1000.0, 3000.0, 7000.0])
def test_a_tone_is_loudest_in_its_own_band(hz: float) -> None:
    centres = mel_to_hz(np.linspace(0.0, hz_to_mel(SECOND / 2), MELS + 2))[1:-1]
    loudest = int(log_mel(tone(hz))[:, 50].argmax())
    assert loudest == pytest.approx(int(np.abs(centres - hz).argmin()), abs=1)


def test_the_mel_scale_turns_back() -> None:
    for hz in (0.0, 500.0, 1000.0, 4000.0, 8000.0):
        assert mel_to_hz(np.array(hz_to_mel(hz))) == pytest.approx(hz)


def test_the_range_is_eighty_decibels() -> None:
    features = log_mel(np.concatenate([tone(440), np.zeros(SECOND, np.float32)]))
    assert features.max() - features.min() == pytest.approx(8.0 / 4, abs=1e-5)


def test_digital_silence_is_finite() -> None:
    assert np.allclose(log_mel(np.zeros(SECOND, np.float32)), (-10 + 4) / 4)


@pytest.mark.parametrize("samples", [1, 160, 399, 5000, 15_999, 16_000])
def test_silence_after_the_end_costs_nothing_and_changes_nothing(samples: int) -> None:
    audio = np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)
    padded = np.concatenate([audio, np.zeros(3 * SECOND - samples, np.float32)])
    assert np.allclose(log_mel(audio, 300), log_mel(padded, 300), atol=1e-5)
    assert log_mel(audio, 300).shape == (MELS, 3 * SECOND // HOP)


def test_the_audio_is_only_lent() -> None:
    audio = tone(440)
    audio.flags.writeable = False
    log_mel(audio)
