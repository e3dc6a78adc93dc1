"""Sounds made by arithmetic, the same every time. None of them is speech, and no check pretends it is."""

import numpy as np

from antiphon.contracts.audio import LISTENING_HZ, Audio


def silence(duration_ms: float) -> Audio:
    """Digital silence, 16 kHz."""
    return np.zeros(_samples(duration_ms), np.float32)


def noise(duration_ms: float, level: float = 0.05, seed: int = 1) -> Audio:
    """White noise of root mean square `level`, 16 kHz."""
    dice = np.random.default_rng(seed)
    return np.clip(dice.normal(0.0, level, _samples(duration_ms)), -1, 1).astype(np.float32)


def buzz(duration_ms: float, pitch_hz: float = 120.0) -> Audio:
    """A buzz with a voice's pitch that swells four times a second, 16 kHz: loud, and unlike silence."""
    time_s = np.arange(_samples(duration_ms)) / LISTENING_HZ
    harmonics = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 12))
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * 4.0 * time_s)
    return np.asarray(0.3 * swell * harmonics, np.float32)


def frozen(audio: Audio) -> Audio:
    """A copy that nobody can write to: an engine that changes its input stumbles over it."""
    copy = audio.copy()
    copy.flags.writeable = False
    return copy


def _samples(duration_ms: float) -> int:
    return round(duration_ms * LISTENING_HZ / 1000)
