"""Where nobody speaks: how loud a stretch is, and where to cut it so that no word is cut in two."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import LISTENING_HZ, Audio

_FRAME_SAMPLES = LISTENING_HZ // 50
_PAUSE_FRAMES = 10  # a place is as quiet as the 200 ms around it


def loudest(audio: Audio) -> float:
    """The greatest root mean square of any 20 ms of `audio` (16 kHz); 0.0 when there is none."""
    return float(_frame_rms(audio).max(initial=0.0))


def pieces(audio: Audio, longest_samples: int) -> Iterator[Audio]:
    """`audio` (16 kHz) in order and without gaps, in pieces of at most `longest_samples`.

    Each cut lies at the quietest place of the second half of what fits.
    """
    while len(audio) > longest_samples:
        earliest = longest_samples // 2
        cut = earliest + _quietest(audio[earliest:longest_samples])
        yield audio[:cut]
        audio = audio[cut:]
    yield audio


def _quietest(audio: Audio) -> int:
    rms = _frame_rms(audio)
    if len(rms) < _PAUSE_FRAMES:
        return len(audio)
    around = np.convolve(rms, np.ones(_PAUSE_FRAMES), mode="valid")
    return (int(around.argmin()) + _PAUSE_FRAMES // 2) * _FRAME_SAMPLES


def _frame_rms(audio: Audio) -> NDArray[np.float32]:
    if len(audio) < _FRAME_SAMPLES:
        return np.sqrt(np.mean(np.square(audio), keepdims=True)) if len(audio) else np.zeros(0, np.float32)
    frames = len(audio) // _FRAME_SAMPLES
    return np.sqrt(np.mean(np.square(audio[: frames * _FRAME_SAMPLES].reshape(frames, -1)), axis=1))
