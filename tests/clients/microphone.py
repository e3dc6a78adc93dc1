"""A microphone for clients of any kind: 20 ms of 16-bit sound at a time, in real time."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np

from antiphon.contracts import Audio

FRAME = 480


class Microphone:
    """What `say` was given, and otherwise silence."""

    def __init__(self) -> None:
        self._ahead: Audio = np.zeros(0, np.float32)

    def say(self, audio: Audio) -> None:
        """Say it from the next frame on."""
        self._ahead = np.concatenate((self._ahead, audio))

    async def frames(self) -> AsyncIterator[bytes]:
        """For as long as anybody listens."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            frame, self._ahead = self._ahead[:FRAME], self._ahead[FRAME:]
            frame = np.concatenate((frame, np.zeros(FRAME - len(frame), np.float32)))
            yield (frame * 32_767).astype("<i2").tobytes()
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))


def sound(pcm: bytes) -> Audio:
    """16-bit sound as ours."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32_768
