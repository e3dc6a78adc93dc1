"""Where a voice begins and ends in a recording: the published anchor of the response time.

Mouth-to-ear time runs from the caller's last voiced sample to the first audible sample of the answer. Server
and client each look at their own copy of the sound, at different rates, cut at different places, and must
find the same instant; so the rule is here once, and needs nothing but the samples.

The rule. Power between 20 Hz and 8 kHz is averaged over 20 ms, every 5 ms. Two levels are read off the
stretch: *loud*, which its loudest 200 ms reach (or its loudest third, when it is short), and *floor*, which
its quietest 100 ms stay under (digital silence tells nothing about a room, and does not count). What lies
above a threshold is a voice:

    threshold = max(loud − 27 dB, min(floor + 8 dB, loud − 12 dB))

In a quiet room the first term decides, so that breath and the dying room do not count; in a noisy one the
second; and the third keeps an utterance without a pause from being taken for its own room. Parts less than
125 ms apart belong together (the closure of a final "t"), and a part without 30 ms at 6 dB above the
threshold is a noise.

A throat is told from a breath by its pitch: between 80 and 400 Hz a part must come within 18 dB of the
loudest for 30 ms. Without that it counts only when no part has it, as in a whisper. After the last such
moment a voice goes on for 300 ms at most, as long as a final "sts" lasts; a breath drawn right behind it ends
there.
"""

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import Audio

_HOPS_PER_SECOND = 200
_HOPS_PER_WINDOW = 4
_BAND_HZ = (20.0, 8000.0)  # what both ends have, whichever rate they listen at

_PITCH_HZ = (80.0, 400.0)

_LOUD_HOPS = 40
_FLOOR_HOPS = 20
_BELOW_LOUD_DB = 27.0
_ABOVE_FLOOR_DB = 8.0
_LEAST_BELOW_LOUD_DB = 12.0
_BRIDGED_HOPS = 25
_SURE_HOPS = 6
_SURE_DB = 6.0
_PITCH_BELOW_LOUD_DB = 18.0
_AFTER_PITCH_HOPS = 60

_DIGITAL_SILENCE_DB = -90.0
_INAUDIBLE_DB = -60.0
AUDIBLE_AMPLITUDE = 0.005
"""A sample of an answer this far from zero is heard: −46 dB of full scale; synthesizers make no noise."""


def voiced_span(audio: Audio, rate_hz: int) -> tuple[int, int] | None:
    """The first voiced sample and the end of the last, or None when nobody is heard.

    Args:
        audio: one utterance, pauses and all, with some of the silence around it.
        rate_hz: its sample rate; the answer is in samples at this rate.
    """
    level, pitch = _levels_db(audio, rate_hz)
    loud_hops = min(_LOUD_HOPS, (len(level) + 2) // 3)
    if loud_hops == 0 or (loud := _loudest(level, loud_hops)) < _INAUDIBLE_DB:
        return None
    threshold = _threshold_db(level, loud)
    sure = level >= min(threshold + _SURE_DB, loud)
    above = level > threshold
    parts = [part for part in _joined(_runs(above)) if _often(sure, part)]
    if not parts:
        return None
    pitched = pitch >= _loudest(pitch, loud_hops) - _PITCH_BELOW_LOUD_DB
    voices = [part for part in parts if _often(pitched, part)] or parts
    hop = rate_hz / _HOPS_PER_SECOND
    return round(voices[0][0] * hop), min(round(_end(voices[-1], above, pitched) * hop), len(audio))


def first_audible_sample(audio: Audio, rate_hz: int) -> int | None:
    """Where a piece of an answer is first heard, or None when it is silent.

    It looks at single samples, so it matters neither how a stream was cut into pieces nor at what rate.
    """
    del rate_hz
    heard = np.abs(audio) >= AUDIBLE_AMPLITUDE
    return int(np.argmax(heard)) if bool(heard.any()) else None


def _levels_db(audio: Audio, rate_hz: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Power around each hop, in decibels of full scale: of everything, and where a throat sounds."""
    # Silence behind keeps the end from being mixed with the beginning, as a discrete spectrum would have it.
    length = _without_large_primes(len(audio) + rate_hz // 4)
    spectrum = np.fft.rfft(audio - audio.mean() if len(audio) else audio, length)
    frequency = np.fft.rfftfreq(length, 1 / rate_hz)

    def level(low: float, high: float) -> NDArray[np.float64]:
        hop = rate_hz // _HOPS_PER_SECOND
        hops = len(audio) // hop
        if hops == 0:
            return np.zeros(0)
        kept = np.where((frequency >= low) & (frequency <= high), spectrum, 0)
        heard = np.fft.irfft(kept, length)[: hops * hop]
        power = (heard.reshape(hops, hop) ** 2).mean(axis=1)
        window = np.full(_HOPS_PER_WINDOW, 1 / _HOPS_PER_WINDOW)
        smooth = np.convolve(power, window)[_HOPS_PER_WINDOW // 2 :][:hops]
        return 10 * np.log10(smooth + 1e-10)

    return level(*_BAND_HZ), level(*_PITCH_HZ)


def _without_large_primes(length: int) -> int:
    """`length` and at most an eighth more: a transform takes the longer the larger its prime factors."""
    step = 1 << max(0, length.bit_length() - 4)
    return -(-length // step) * step


def _loudest(level: NDArray[np.float64], hops: int) -> float:
    """What the loudest `hops` reach."""
    return float(np.sort(level)[-hops])


def _threshold_db(level: NDArray[np.float64], loud: float) -> float:
    room = np.sort(level[level > _DIGITAL_SILENCE_DB])
    floor = float(room[min(_FLOOR_HOPS, len(room)) - 1])
    return max(loud - _BELOW_LOUD_DB, min(floor + _ABOVE_FLOOR_DB, loud - _LEAST_BELOW_LOUD_DB))


def _often(happens: NDArray[np.bool_], part: tuple[int, int]) -> bool:
    return int(np.count_nonzero(happens[slice(*part)])) >= _SURE_HOPS


def _end(part: tuple[int, int], above: NDArray[np.bool_], pitched: NDArray[np.bool_]) -> int:
    start, end = part
    throat = np.flatnonzero(pitched[start:end])
    if len(throat) == 0:
        return end
    last = start + int(throat[-1]) + 1
    limit = min(end, last + _AFTER_PITCH_HOPS)
    gaps = np.flatnonzero(~above[last:limit])
    if limit < end and above[limit] and len(gaps):
        limit = last + int(gaps[-1])  # what goes on beyond the limit after a pause is a breath, all of it
    return start + int(np.flatnonzero(above[start:limit])[-1]) + 1


def _runs(voiced: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _joined(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and start - joined[-1][1] <= _BRIDGED_HOPS:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
