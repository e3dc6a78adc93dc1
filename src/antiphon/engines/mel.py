"""The log-mel spectrogram that Whisper, and every model built on its encoder, listens to.

As published with Whisper (arXiv 2212.04356, section 2.2): 16 kHz, a periodic Hann window of 25 ms every
10 ms, power, 80 triangular filters on Slaney's mel scale with unit area, log10, everything more than 8 below
the loudest cell raised to that level, then (x + 4) / 4. Frames are centred, so the edges are reflected.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import LISTENING_HZ, Audio
from antiphon.engines.native import load

N_FFT = 400
HOP = 160
MELS = 80
FRAMES_PER_SECOND = LISTENING_HZ // HOP

_LOWEST_POWER = 1e-10
_DYNAMIC_RANGE = 8.0  # in log10 of power: 80 dB

_BREAK_HZ = 1000.0  # Slaney's scale is linear below, logarithmic above
_BREAK_MEL = 15.0
_LOG_STEP = np.log(6.4) / 27.0


def log_mel(audio: Audio, frames: int | None = None) -> NDArray[np.float32]:
    """The features of `audio`, or of `audio` and silence up to `frames`.

    Args:
        audio: 16 kHz, at least 201 samples.
        frames: how many frames are wanted; None: as many as `audio` has, len(audio) // 160.

    Returns:
        float32, shape [80, frames], C-contiguous.
    """
    wanted = len(audio) // HOP if frames is None else frames
    spoken = min(wanted, (len(audio) + N_FFT // 2) // HOP + 1)
    cells = _power(audio, spoken)
    mel = np.full((MELS, wanted), _LOWEST_POWER, np.float32)  # silence needs no transform
    np.matmul(_filters(), cells.T, out=mel[:, :spoken])
    np.maximum(mel, _LOWEST_POWER, out=mel)
    np.log10(mel, out=mel)
    np.maximum(mel, mel.max() - _DYNAMIC_RANGE, out=mel)
    mel += 4.0
    mel *= 0.25
    return mel


def _power(audio: Audio, frames: int) -> NDArray[np.float32]:
    """The power spectrum of the first `frames` frames: float32, shape [frames, 201]."""
    half = N_FFT // 2
    missing = frames * HOP - len(audio)  # silence that the last frames reach into
    padded = np.pad(np.pad(audio, (0, max(0, missing))), half, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP][:frames]
    # SciPy transforms float32 as float32; NumPy would take twice the time in float64.
    spectrum = load("scipy.fft", "scipy").rfft(windows * _window(), axis=1)
    power = spectrum.real**2
    power += spectrum.imag**2
    return power


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mel scale (Auditory Toolbox, 1998), inverted."""
    linear = mel * _BREAK_HZ / _BREAK_MEL
    return np.where(mel < _BREAK_MEL, linear, _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL)))


def hz_to_mel(hz: float) -> float:
    """Slaney's mel scale."""
    if hz < _BREAK_HZ:
        return hz * _BREAK_MEL / _BREAK_HZ
    return float(_BREAK_MEL + np.log(hz / _BREAK_HZ) / _LOG_STEP)


@lru_cache(maxsize=1)
def _window() -> NDArray[np.float32]:
    turn = 2 * np.pi * np.arange(N_FFT) / N_FFT
    return (0.5 - 0.5 * np.cos(turn)).astype(np.float32)


@lru_cache(maxsize=1)
def _filters() -> NDArray[np.float32]:
    """float32, shape [80, 201]: one triangle per mel band, each of unit area over Hz."""
    bins_hz = np.arange(N_FFT // 2 + 1) * (LISTENING_HZ / N_FFT)
    edges_hz = mel_to_hz(np.linspace(0.0, hz_to_mel(LISTENING_HZ / 2), MELS + 2))
    left, centre, right = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (bins_hz - left) / (centre - left)
    falling = (right - bins_hz) / (right - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (right - left))).astype(np.float32)
