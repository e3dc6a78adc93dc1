"""Who is speaking: the height of a voice, and which of the engine's voices it sounds like. By numpy alone.

The listener knows each voice from sentences of its own and nothing of the conversation. Of every voiced
frame it takes thirteen cepstral coefficients, which tell the shape of a throat, and the pitch; a voice is a
Gaussian over these, with all its covariances (Reynolds and Rose 1995 use several), and a stretch of speech is
taken for the voice under which its frames are likeliest.
"""

from collections.abc import Mapping
from math import log10

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import CLOCK_HZ, Audio, Synthesizer

Rows = NDArray[np.float64]

_SENTENCES = (
    "The quick brown fox jumps over the lazy dog, and nobody minds.",
    "We have known each other for seven years, haven't we?",
    "Please leave the blue bottle on the wooden table by the window.",
    "My name is Jo, and I will gladly take you there on Friday.",
    "Could you tell me how many of them are coming?",
    "Good morning, there is room at ten past four.",
)
_FRAME, _HOP = 1200, 480  # 50 ms, every 20 ms
_LOW_HZ, _HIGH_HZ = 60.0, 420.0
_VOICED = 0.5
_QUIET = 0.01  # of the loudest frame's power
_BANDS, _COEFFICIENTS = 25, 13
_SHRINK = 0.05
"""So much of each variance is added to the covariances: a few seconds do not fill all of them."""


class Known(msgspec.Struct, frozen=True):
    """How the frames of a voice are spread."""

    mean: Rows
    precision: Rows
    log_volume: float


def median_pitch_hz(audio: Audio) -> float | None:
    """Of the voiced frames of 24 kHz speech; None when there are none."""
    rows = _features(audio)
    return float(2 ** np.median(rows[:, -1])) if len(rows) else None


def enrol(voice: Synthesizer) -> Mapping[str, Known]:
    """Every voice of a speech engine, known from a few sentences."""
    known: dict[str, Known] = {}
    for one in voice.voices:
        speech = [chunk.audio for text in _SENTENCES for chunk in voice.synthesize(text, voice=one.name)]
        rows = _features(np.concatenate(speech))
        spread = np.cov(rows.T) + _SHRINK * np.diag(rows.var(axis=0))
        volume = float(np.linalg.slogdet(spread)[1])
        known[one.name] = Known(rows.mean(axis=0), np.asarray(np.linalg.inv(spread), np.float64), volume)
    return known


def recognised(audio: Audio, voices: Mapping[str, Known]) -> str:
    """The voice a stretch of 24 kHz speech is taken for; empty when nothing in it is voiced."""
    rows = _features(audio)
    if not len(rows):
        return ""
    return max(voices, key=lambda name: _likelihood(rows, voices[name]))


def _likelihood(rows: Rows, known: Known) -> float:
    away = rows - known.mean
    return -float(np.einsum("ij,jk,ik->i", away, known.precision, away).mean() + known.log_volume)


def _features(audio: Audio) -> Rows:
    """Of each voiced frame its cepstral coefficients and the logarithm of its pitch."""
    count = max(0, (len(audio) - _FRAME) // _HOP)
    frames = np.array([audio[n * _HOP : n * _HOP + _FRAME] for n in range(count)], np.float64)
    if not count or not frames.any():
        return np.zeros((0, _COEFFICIENTS + 1))
    power = (frames**2).mean(axis=1)
    frames = frames[power > power.max() * _QUIET]
    pitches = np.array([_pitch_hz(frame) for frame in frames])
    voiced = pitches > 0
    return np.hstack([_cepstra(frames[voiced]), np.log2(pitches[voiced])[:, None]])


def _pitch_hz(frame: Rows) -> float:
    """By the first high peak of the normalised autocorrelation; 0 in an unvoiced frame."""
    frame = frame - frame.mean()
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frame, 2 * _FRAME)) ** 2)[:_FRAME]
    correlation = correlation / (correlation[0] + 1e-9) / (1 - np.arange(_FRAME) / _FRAME + 1e-3)
    first, last = int(CLOCK_HZ / _HIGH_HZ), int(CLOCK_HZ / _LOW_HZ)
    window = correlation[first:last]
    best = float(window.max())
    if best < _VOICED:
        return 0.0
    # Later peaks that are as high are the same period twice.
    place = int(np.argmax(window > 0.9 * best))
    while place + 1 < len(window) and window[place + 1] > window[place]:
        place += 1
    return CLOCK_HZ / (first + place)


def _cepstra(frames: Rows) -> Rows:
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1)) ** 2
    hz = np.fft.rfftfreq(_FRAME, 1 / CLOCK_HZ)
    low, high = (2595 * log10(1 + edge / 700) for edge in (100.0, 8000.0))
    mels = [low + (high - low) * place / (_BANDS + 1) for place in range(_BANDS + 2)]
    edges = [700 * (10 ** (mel / 2595) - 1) for mel in mels]
    inside = np.array(
        [(hz >= begin) & (hz < end) for begin, end in zip(edges, edges[2:], strict=False)], float
    )
    bands = np.log(power @ (inside / inside.sum(axis=1, keepdims=True)).T + 1e-9)
    waves = np.pi * np.arange(1, _COEFFICIENTS + 1)[:, None] * (np.arange(_BANDS) + 0.5) / _BANDS
    return bands @ np.cos(waves).T
