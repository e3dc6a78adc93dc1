"""Words as tones, and back.

A word is one burst. Each byte of its UTF-8 lasts `BYTE_MS` and is two tones, its upper and its lower half,
each one of sixteen frequencies. A second voice sings the same an eighth of a kilohertz higher. Bursts are
loud and the gaps between them silent, so voice activity, bursts and words agree, and any word in any language
comes back.
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from antiphon.contracts import Audio, TimedWord

BYTE_MS = 20.0
GAP_MS = 60.0
LEVEL = 0.3

_LOWEST_HZ = 500.0
_STEP_HZ = 250.0
_VOICE_HZ = 125.0
_LOUD = 0.03
_SPLIT_MS = 30.0  # a silence this long separates words; no tone is silent longer than half a period
_SEEN = 0.6  # the share of a tone that is looked at: its middle, since resampling blurs the ends


def sing(word: str, *, rate_hz: int, voice: int = 0, speed: float = 1.0) -> Audio:
    """`word` as one burst, with no silence around it.

    Args:
        word: any text without spaces, with its punctuation.
        rate_hz: samples a second of the audio to make; at least 16,000.
        voice: 0 or 1.
        speed: 2.0 sings twice as fast.
    """
    tone = max(1, round(rate_hz * BYTE_MS / 2000 / speed))
    halves = [half for byte in word.encode() for half in (byte >> 4, byte & 15)]
    return np.concatenate([_tone(half, voice, tone, rate_hz) for half in halves])


def bursts(audio: Audio, rate_hz: int) -> list[tuple[int, int]]:
    """Where each burst of `audio` begins and ends, in samples, the end being the first sample after it."""
    loud = np.flatnonzero(np.abs(audio) > _LOUD)
    if len(loud) == 0:
        return []
    split = np.flatnonzero(np.diff(loud) > rate_hz * _SPLIT_MS / 1000)
    starts = [loud[0], *loud[split + 1]]
    ends = [*loud[split], loud[-1]]
    return [(int(start), int(end) + 1) for start, end in zip(starts, ends, strict=True)]


def decode(audio: Audio, rate_hz: int, *, speed: float = 1.0) -> list[TimedWord]:
    """The words that were sung in `audio`, and where; what is no word is left out.

    A word that was cut off is as long as what is left of it.
    """
    found = ((_word(audio[start:end], rate_hz, speed), start, end) for start, end in bursts(audio, rate_hz))
    return [TimedWord(word, start, end) for word, start, end in found if word]


def decode_words(audio: Audio, rate_hz: int, *, speed: float = 1.0) -> list[str]:
    """The words that `ScriptedSynthesizer` sang in `audio`, in order, with their punctuation.

    Args:
        audio: any stretch of its speech, also resampled, also with silence before, between and after.
        rate_hz: samples a second; at least 16,000.
        speed: at which it was sung.
    """
    return [word.text for word in decode(audio, rate_hz, speed=speed)]


@lru_cache(maxsize=256)
def _tone(half: int, voice: int, samples: int, rate_hz: int) -> Audio:
    time_s = np.arange(samples) / rate_hz
    hz = _LOWEST_HZ + _STEP_HZ * half + _VOICE_HZ * voice
    return (LEVEL * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def _word(burst: Audio, rate_hz: int, speed: float) -> str:
    tone = rate_hz * BYTE_MS / 2000 / speed
    count = round(len(burst) / tone)
    if count < 2:
        return ""
    edges = np.linspace(0, count, count + 1) * tone
    halves = [_half(burst[int(start) : int(end)], rate_hz) for start, end in pairwise(edges)]
    coded = bytes(upper << 4 | lower for upper, lower in zip(halves[::2], halves[1::2], strict=False))
    text = coded.decode("utf-8", "ignore")
    return text if text.isprintable() and " " not in text else ""


def _half(tone: Audio, rate_hz: int) -> int:
    margin = round(len(tone) * (1 - _SEEN) / 2)
    middle = tone[margin : len(tone) - margin]
    time_s = np.arange(len(middle)) / rate_hz
    hz = _LOWEST_HZ + _VOICE_HZ * np.arange(32)
    strength = np.abs(np.exp(-2j * np.pi * hz[:, None] * time_s) @ middle)
    return int(np.argmax(strength)) // 2
