"""Many voices from one: the shape of a throat and the height of a voice are two numbers.

hibari's network gives, per frame of 12.5 ms, a pitch and four spectral envelopes, before any sound is made.
Scaling the pitch moves the voice; stretching the envelopes' frequency axis moves the formants, as a longer or
shorter vocal tract does (about 17.5 cm in men, 14.5 in women, 12 in children). Together they turn one reader
into several people, each as clear as the first and none any dearer.
"""

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Envelope = NDArray[np.float32]

BINS = 601  # of 20 Hz each, up to 12 kHz
_READER_HZ = 190.0  # the reader's median pitch
_VOICED_HZ = 40.0  # the network says a little more than 0 where nothing vibrates


class Timbre(msgspec.Struct, frozen=True, kw_only=True):
    """What makes one voice sound unlike another."""

    name: str
    description: str
    pitch: float = 1.0
    """Factor on the reader's pitch."""
    formants: float = 1.0
    """Factor on the frequency of every resonance; below 1 is a longer throat."""
    melody: float = 1.0
    """How far the pitch moves about its middle: 0 is a monotone."""
    pace: float = 1.0
    """Factor on the reader's speed."""
    gain: float = 1.0
    """Factor on the amplitude that makes all voices equally loud."""


TIMBRES = (
    Timbre(name="woman", description="A woman with a clear, friendly voice.", gain=1.40),
    Timbre(name="man", description="A man with a calm, even voice.", pitch=0.55, formants=0.86, gain=1.05),
    Timbre(
        name="child",
        description="A lively child.",
        pitch=1.38,
        formants=1.16,
        melody=1.1,
        pace=1.03,
        gain=0.94,
    ),
    Timbre(
        name="alto", description="A woman, low and warm.", pitch=0.78, formants=0.94, pace=0.97, gain=1.27
    ),
    Timbre(
        name="youth",
        description="A young man, quick and light.",
        pitch=0.72,
        formants=1.02,
        pace=1.08,
        gain=0.81,
    ),
    Timbre(
        name="giant", description="A huge, deep, slow man.", pitch=0.44, formants=0.78, pace=0.9, gain=1.46
    ),
    Timbre(
        name="elder",
        description="An old lady, in no hurry.",
        pitch=1.12,
        formants=0.95,
        melody=0.6,
        pace=0.84,
    ),
    Timbre(
        name="robot", description="A machine on one note.", pitch=0.62, formants=1.08, melody=0.0, gain=1.23
    ),
)
"""The first is the default. The gains bring each to -23 LUFS over the same sixteen sentences."""


class Frames(NamedTuple):
    """What the network gives for one piece of text, F frames of 12.5 ms; names as in hibari's `dsp.synth`."""

    lh: Envelope
    """Natural log of each harmonic's magnitude: shape [601, F], as are the next four."""
    theta: Envelope
    """The harmonics' phase, before a tanh."""
    ln: Envelope
    """Natural log of the noise's magnitude."""
    lr: Envelope
    """Natural log of the magnitude of bursts and hisses."""
    phi: Envelope
    """The phase of those, in radians."""
    f0: Envelope
    """Pitch in Hz, below 40 where unvoiced: shape [F]."""

    def cut(self, start: int, end: int) -> "Frames":
        """Frames `start` to `end` only."""
        return Frames(*(part[..., start:end] for part in self))


def reshape(frames: Frames, timbre: Timbre) -> Frames:
    """`frames` as another person would say them. Durations stay; pace is the network's own input."""
    lh, theta, ln, lr = (_stretched(part, timbre.formants) for part in frames[:4])
    voiced = frames.f0 > _VOICED_HZ
    relative = np.where(voiced, frames.f0, _READER_HZ) / _READER_HZ
    f0 = np.where(voiced, _READER_HZ * timbre.pitch * relative**timbre.melody, 0.0)
    # Every harmonic has the magnitude its envelope says, so twice as many would be twice the power.
    lh = lh + np.float32(0.5 * np.log(timbre.pitch))
    # phi keeps its place: its slope over frequency is where in the frame a burst lies.
    return Frames(lh, theta, ln, lr, frames.phi, f0.astype(np.float32))


def _stretched(part: Envelope, factor: float) -> Envelope:
    """Along the frequency axis; beyond the top of what is known, the topmost value."""
    if factor == 1.0:
        return part
    source = np.minimum(np.arange(BINS, dtype=np.float32) / np.float32(factor), np.float32(BINS - 1.001))
    below = source.astype(np.intp)
    share = (source - below).astype(np.float32)[:, None]
    low = part[below]
    return (low + share * (part[below + 1] - low)).astype(np.float32, copy=False)
