"""WebRTC's echo canceller, put off for as long as there is nothing that it could take out.

Every conversation begins without knowing whether the microphone hears us, and with most it does not. While it
gives no more than its own floor, audio passes as it came, and what the canceller would have been given is
kept. Once there is more, be it an echo or a caller, the canceller is made and given all of that at once, and
so is in the state it would be in had it worked all along. A fresh one would take a caller who cuts in for an
echo.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from pywebrtc_audio import EchoCanceller

from antiphon.contracts import LISTENING_HZ, Audio

KEPT = LISTENING_HZ * 2
"""How much is kept for it, which is more than it takes to know whether there is an echo."""
_RISEN = 4.0
"""A stretch of 10 ms with so many times the floor's power is more than the floor."""
_SILENCE = 1e-8
"""The power of what is nowhere louder than silence; no floor is lower."""
_RISE_PER_SAMPLE = 10 ** (0.15 / LISTENING_HZ)
"""The floor falls at once and rises by 1.5 dB a second."""


class LateCanceller:
    """A canceller for one caller, at 16 kHz, in pieces of whole 10 ms."""

    def __init__(self) -> None:
        self._canceller: EchoCanceller | None = None
        self._kept: deque[tuple[Audio, Audio]] = deque()
        self._kept_samples = 0
        self._floor: float | None = None

    def overhear(self, near: Audio) -> None:
        """The caller's audio while nothing of ours can be in it: this is how loud their room is."""
        if self._canceller is None and len(near):
            power = float(np.vdot(near, near)) / len(near)
            floor = power if self._floor is None else self._floor * _RISE_PER_SAMPLE ** len(near)
            self._floor = max(min(power, floor), _SILENCE)

    def process(self, near: Audio, far: Audio, powers: Sequence[float]) -> Audio:
        """`near` without what is of `far` in it; `powers` are those of each 10 ms of it."""
        if self._canceller is None and max(powers, default=0.0) <= _RISEN * (self._floor or _SILENCE):
            self._keep(near, far)
            return near
        return self.begin().process(near, far)

    def begin(self) -> EchoCanceller:
        """Wait no longer."""
        if self._canceller is None:
            self._canceller = EchoCanceller(sample_rate=LISTENING_HZ)
            for near, far in self._kept:
                self._canceller.process(near, far)
            self._kept.clear()
        return self._canceller

    def _keep(self, near: Audio, far: Audio) -> None:
        self._kept.append((near, far))
        self._kept_samples += len(near)
        while self._kept_samples > KEPT:
            self._kept_samples -= len(self._kept.popleft()[0])
