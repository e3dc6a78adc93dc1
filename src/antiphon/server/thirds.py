"""Between the telephone's 8 kHz and our 24 kHz, sample by sample, one way at a time.

The ratio is exactly three, so one low-pass filter does both: kept at every third sample on the way down, fed
every third sample on the way up. A general resampler works in blocks and holds back 15 ms or more; this one
delays by half its length, 1.25 ms, which on a call counts twice.
"""

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import Audio

_TAPS = 61
_CUTOFF = 3_900 / 24_000
"""Flat to 3.4 kHz, the telephone's upper edge; 50 dB down where it would fold back into the band."""


def _low_pass() -> NDArray[np.float32]:
    place = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = 2 * _CUTOFF * np.sinc(2 * _CUTOFF * place) * np.kaiser(_TAPS, 4.5)
    return (taps / taps.sum()).astype(np.float32)


_FILTER = _low_pass()


class Down:
    """24 kHz to 8 kHz."""

    def __init__(self) -> None:
        self._past: Audio = np.zeros(_TAPS - 1, np.float32)
        self._skip = 0
        """Samples to pass over before the next one is kept."""

    def push(self, audio: Audio) -> Audio:
        """The 8 kHz samples that `audio` completes."""
        if not len(audio):
            return audio
        whole = np.concatenate((self._past, audio))
        self._past = whole[len(whole) - (_TAPS - 1) :]
        kept = np.convolve(whole, _FILTER, "valid")[self._skip :: 3]
        self._skip = (self._skip - len(audio)) % 3
        return kept.astype(np.float32)


class Up:
    """8 kHz to 24 kHz: three samples for each."""

    def __init__(self) -> None:
        self._past: Audio = np.zeros(_TAPS - 1, np.float32)

    def push(self, audio: Audio) -> Audio:
        """Three times as many samples."""
        if not len(audio):
            return audio
        spread = np.zeros(3 * len(audio), np.float32)
        spread[::3] = 3 * audio
        whole = np.concatenate((self._past, spread))
        self._past = whole[len(whole) - (_TAPS - 1) :]
        return np.convolve(whole, _FILTER, "valid").astype(np.float32)
