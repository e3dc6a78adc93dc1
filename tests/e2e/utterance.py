"""Things to say: recordings at 24 kHz of which it is known, to the sample, where the voice ends."""

import csv
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import soundfile
import soxr

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.engines.hibari import HibariVoices

_FRAME = CLOCK_HZ // 100
_ROOM = 3e-4


class Utterance(msgspec.Struct, frozen=True):
    """Something to say."""

    audio: Audio
    text: str
    """What is said in it."""
    first_voiced: int
    last_voiced: int
    room: float = _ROOM
    """Root mean square of the noise of the room it was recorded in."""


def room_tone(samples: int, level: float, seed: int = 0) -> Audio:
    """Noise of a quiet room."""
    return np.random.default_rng(seed).normal(0, level, samples).astype(np.float32)


def spoken(voices: HibariVoices, text: str, voice: str) -> Utterance:
    """`text` in one of our own voices: it makes no noise, so the voice ends where the sound does."""
    audio = np.concatenate([chunk.audio for chunk in voices.synthesize(text, voice=voice)])
    voiced = np.flatnonzero(np.abs(audio) > 0.01 * np.abs(audio).max())  # 40 dB below its peak
    return Utterance(audio, text, int(voiced[0]), int(voiced[-1]))


def recorded(folder: Path, name: str) -> Utterance:
    """A recording of a real person, from the folder of recordings and its manifest."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as rows:
        text = next(row["transcript"] for row in csv.DictReader(rows) if row["file"] == name)
    audio = excerpt(folder, name)
    return measured(audio, text)


def excerpt(folder: Path, name: str, start_s: float = 0.0, end_s: float | None = None) -> Audio:
    """A stretch of a recording's first channel."""
    sound, rate_hz = soundfile.read(folder / name, dtype="float32", always_2d=True)
    end = None if end_s is None else round(end_s * rate_hz)
    part = sound[round(start_s * rate_hz) : end, 0]
    return np.asarray(soxr.resample(part, rate_hz, CLOCK_HZ), np.float32)


def measured(audio: Audio, text: str) -> Utterance:
    """A recording with noise in it: the voice is what stands out of its room, to 30 dB below its peak.

    Frames of 10 ms are compared with the quietest and the loudest of them.
    """
    whole = len(audio) // _FRAME
    power = np.mean(np.square(audio[: whole * _FRAME].reshape(whole, _FRAME)), axis=1)
    level = 10 * np.log10(power + 1e-12)
    room, loud = np.percentile(level, 3), np.percentile(level, 95)
    voiced = np.flatnonzero(level > max(loud - 30, min(room + 10, loud - 12)))
    return Utterance(
        audio,
        text,
        int(voiced[0]) * _FRAME,
        int(voiced[-1] + 1) * _FRAME - 1,
        room=float(min(10 ** (room / 20), 0.01)),
    )


Speak = Callable[[str, str], Utterance]
"""`speak(text, voice)`."""
