"""Where a caller is: what is heard behind the voice, what walls do to it, and what falls into a conversation.

All of it is made here, from chance that is passed in; levels are relative to the voice. 24 kHz, float32.
"""

from collections.abc import Callable

import numpy as np

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.evals.scenario import Background, Room

LOOP_S = 6.0
"""A background is so long and then begins anew; its ends meet."""
QUIET_RMS = 3e-4
"""No room is digitally silent: -70 dB."""
_FADE = CLOCK_HZ // 2
# Reverberation: seconds to fall by 60 dB, and how loud the first reflections are beside the direct sound.
_ROOMS: dict[Room, tuple[float, float]] = {"small": (0.25, 0.35), "hall": (0.9, 0.45)}


def background(kind: Background, below_voice_db: float, voice_rms: float, dice: np.random.Generator) -> Audio:
    """A loop of what is always heard, `below_voice_db` under a voice of that level."""
    samples = round(LOOP_S * CLOCK_HZ)
    if kind == "none":
        return (QUIET_RMS * dice.standard_normal(samples)).astype(np.float32)
    noise = _closed(_BACKGROUNDS[kind](samples + _FADE, dice), samples)
    level = voice_rms * 10 ** (-below_voice_db / 20)
    return (noise * (level / max(_rms(noise), 1e-9))).astype(np.float32)


def in_room(voice: Audio, room: Room, dice: np.random.Generator) -> Audio:
    """`voice` as the room gives it back, as loud as before, with its last reflections behind it."""
    if room == "none" or not len(voice):
        return voice
    fall_s, share = _ROOMS[room]
    time = np.arange(round(fall_s * CLOCK_HZ)) / CLOCK_HZ
    tail = dice.standard_normal(len(time)) * 10 ** (-3 * time / fall_s)
    tail[: CLOCK_HZ // 200] = 0.0  # what comes back within 5 ms is heard as the voice itself
    response = tail * (share / max(np.sqrt(np.square(tail).sum()), 1e-9))
    response[0] = 1.0
    length = len(voice) + len(response) - 1
    wet = np.fft.irfft(np.fft.rfft(voice, length) * np.fft.rfft(response, length), length).astype(np.float32)
    return (wet * (_rms(voice) / max(_rms(wet[: len(voice)]), 1e-9))).astype(np.float32)


def cough(voice_rms: float, dice: np.random.Generator) -> Audio:
    """Two bursts of breath, as loud as the voice."""
    bursts = [_burst(0.16, 900.0, dice), np.zeros(CLOCK_HZ // 12, np.float32), _burst(0.22, 700.0, dice)]
    return _as_loud(np.concatenate(bursts), voice_rms)


def door(voice_rms: float, dice: np.random.Generator) -> Audio:
    """A thud."""
    time = np.arange(CLOCK_HZ // 3) / CLOCK_HZ
    thud = np.sin(2 * np.pi * 85 * time) * np.exp(-time * 18)
    thud += 0.3 * dice.standard_normal(len(time)) * np.exp(-time * 40)
    return _as_loud(thud.astype(np.float32), 1.5 * voice_rms)


def rms(audio: Audio) -> float:
    """How loud the loud half of it is: pauses do not count."""
    frames = audio[: len(audio) // 480 * 480].reshape(-1, 480)
    if not len(frames):
        return 0.0
    levels = np.sort(np.sqrt(np.square(frames).mean(axis=1)))
    return float(np.sqrt(np.square(levels[len(levels) // 2 :]).mean()))


def _hum(samples: int, dice: np.random.Generator) -> Audio:
    time = np.arange(samples) / CLOCK_HZ
    hum = 0.1 * dice.standard_normal(samples)
    for harmonic in (1, 2, 3, 5):
        hum += np.sin(2 * np.pi * 50 * harmonic * time + dice.uniform(0, 6)) / harmonic
    return hum.astype(np.float32)


def _street(samples: int, dice: np.random.Generator) -> Audio:
    """Mostly low, and never the same loudness for long."""
    swell = _between(samples, 0.05, 0.4, dice)
    return _between(samples, 20, 400, dice) * (1 + 0.6 * swell / np.abs(swell).max())


def _voices(samples: int, dice: np.random.Generator) -> Audio:
    """Several people at once: the spectrum of speech, each with syllables of their own."""
    crowd = np.zeros(samples, np.float32)
    for _ in range(6):
        syllables = _between(samples, 0.3, 4, dice)
        crowd += _between(samples, 200, 3200, dice) * np.clip(syllables / syllables.std(), 0, None)
    return crowd


def _between(samples: int, low_hz: float, high_hz: float, dice: np.random.Generator) -> Audio:
    """Noise of a band, falling by 12 dB an octave on either side."""
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / CLOCK_HZ), 1e-3)
    gain = 1 / (1 + (low_hz / frequency) ** 2) / (1 + (frequency / high_hz) ** 2)
    return np.fft.irfft(np.fft.rfft(dice.standard_normal(samples)) * gain, samples).astype(np.float32)


_BACKGROUNDS: dict[Background, Callable[[int, np.random.Generator], Audio]] = {
    "hum": _hum,
    "street": _street,
    "voices": _voices,
}


def _burst(seconds: float, centre_hz: float, dice: np.random.Generator) -> Audio:
    samples = round(seconds * CLOCK_HZ)
    noise = _between(samples, centre_hz / 2, centre_hz * 3, dice)
    shape = np.minimum(np.arange(samples) / 240, 1.0) * np.exp(-np.arange(samples) / (samples / 3))
    return (noise * shape).astype(np.float32)


def _closed(noise: Audio, samples: int) -> Audio:
    """A loop without a seam: what is too long is blended into the beginning."""
    loop, over = noise[:samples].copy(), noise[samples:]
    fade = np.linspace(0, 1, len(over), dtype=np.float32)
    loop[: len(over)] = loop[: len(over)] * np.sqrt(fade) + over * np.sqrt(1 - fade)
    return loop


def _as_loud(sound: Audio, level: float) -> Audio:
    return (sound * (level / max(_rms(sound), 1e-9))).astype(np.float32).clip(-0.9, 0.9)


def _rms(audio: Audio) -> float:
    return float(np.sqrt(np.square(audio, dtype=np.float64).mean())) if len(audio) else 0.0
