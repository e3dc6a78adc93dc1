"""Is somebody speaking in this moment of sound?"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import msgspec

from antiphon.contracts.audio import Audio
from antiphon.contracts.engine import Engine


class SpeechProbability(msgspec.Struct, frozen=True):
    """One window's answer."""

    end_sample: int
    """The first sample after the window, at 16 kHz, counted from the stream's start."""
    probability: float
    """Between 0 (certainly no speech) and 1 (certainly speech)."""


class VoiceActivityStream(Protocol):
    """One caller's ear. Streams of one engine share its weights and nothing else."""

    def push(self, audio: Audio) -> Sequence[SpeechProbability]:
        """Hear `audio` (16 kHz, any length) and answer for each window it completes, oldest first.

        What is left over waits for the next call, so the answers never depend on how the audio was cut.
        """
        ...

    def reset(self) -> None:
        """Forget everything heard; counting starts at 0 again."""
        ...


@runtime_checkable
class VoiceActivity(Engine, Protocol):
    """Opens one stream per caller."""

    window_samples: int
    """Samples at 16 kHz each answer covers."""

    def stream(self) -> VoiceActivityStream:
        """A fresh ear, cheap to make and to drop."""
        ...
