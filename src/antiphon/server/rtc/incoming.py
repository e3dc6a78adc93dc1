"""The caller's packets, put in order and made one stream: pure, with time as an argument.

A packet in its turn is heard at once: whoever waits to see whether the network is steady makes every answer
later, and a conversation needs the caller's sound early rather than even. What comes out of order waits for
what is missing, two packets long; then the gap is concealed. The length of the stream is kept true to the
sender's clock, because silence is what ends a turn.
"""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.server.rtc.opus import FRAME, RTP_PER_SAMPLE, Reader

HELD_MAX = 2
"""Packets that wait for one before them."""
RESTART = 1_000
"""A packet this far from its place belongs to a stream that began anew."""
FILL_MAX = 2 * CLOCK_HZ
"""The longest gap that is filled: a timestamp is the sender's to choose."""
STALL_S = 0.2
"""After so long without a packet, silence is heard instead: a sender may stop sending while nobody speaks."""
_SEQUENCES, _STAMPS = 1 << 16, 1 << 32


class Media(msgspec.Struct, frozen=True):
    """One RTP packet."""

    sequence: int
    timestamp: int
    """At 48 kHz."""
    payload: bytes


class Incoming:
    """One stream.

    Args:
        read: the 24 kHz sound of a payload, in order; Opus, unless it is given.

    Attributes:
        lost: packets that never came, or came too late.
    """

    def __init__(self, read: Callable[[bytes], Audio] | None = None) -> None:
        self.lost = 0
        self._read = read or Reader().read
        self._held: dict[int, Media] = {}
        self._next: int | None = None
        """The sequence number that is due."""
        self._due = 0
        """The timestamp that is due."""
        self._newest: Audio = np.zeros(0, np.float32)
        self._came_at = self._filled_to = 0.0
        self._filled = 0
        """Samples of silence that were heard instead of packets since the last one came."""

    def take(self, media: Media, now_s: float) -> list[Audio]:
        """The sound, at 24 kHz, that this packet completes."""
        if self._next is None or abs(_distance(self._next, media.sequence, _SEQUENCES)) > RESTART:
            self._held.clear()
            self._next, self._due = media.sequence, media.timestamp
        self._came_at = now_s
        ahead = _distance(self._next, media.sequence, _SEQUENCES)
        if ahead < 0:
            return []
        self._held[media.sequence] = media
        sound = list(self._in_turn())
        if len(self._held) > HELD_MAX:
            sound += self._skip()
        return sound

    def silence(self, now_s: float) -> Audio | None:
        """What is heard at `now_s` when nothing comes; None while packets do."""
        if self._next is None or now_s - self._came_at < STALL_S:
            return None
        since = max(self._came_at, self._filled_to)
        length = int((now_s - since) * CLOCK_HZ)
        self._filled_to = since + length / CLOCK_HZ
        self._filled += length
        return np.zeros(length, np.float32)

    def _in_turn(self) -> Iterator[Audio]:
        while self._next in self._held:
            media = self._held.pop(self._next)
            self._next = (self._next + 1) % _SEQUENCES
            missing = self._missing(media.timestamp)
            if missing:
                yield np.zeros(missing, np.float32)
            sound = self._read(media.payload)
            if not len(sound):
                sound = self._concealed(FRAME)
            self._due = (media.timestamp + len(sound) * RTP_PER_SAMPLE) % _STAMPS
            self._newest = sound
            yield sound

    def _skip(self) -> Iterator[Audio]:
        """Give up on what is missing before the packets that wait."""
        assert self._next is not None
        due = self._next
        self._next = min(self._held, key=lambda sequence: _distance(due, sequence, _SEQUENCES))
        self.lost += _distance(due, self._next, _SEQUENCES)
        missing = self._missing(self._held[self._next].timestamp)
        if missing:
            yield self._concealed(missing)
        self._due = self._held[self._next].timestamp
        yield from self._in_turn()

    def _missing(self, timestamp: int) -> int:
        """Samples between what is due and `timestamp`, less the silence that was heard already."""
        gap = _distance(self._due, timestamp, _STAMPS) // RTP_PER_SAMPLE
        filled, self._filled = self._filled, 0
        return min(max(0, gap - filled), FILL_MAX)

    def _concealed(self, length: int) -> Audio:
        """The last sound once more, dying away, and silence."""
        out = np.zeros(length, np.float32)
        tail = self._newest[-FRAME:][:length]
        out[: len(tail)] = tail * np.linspace(1, 0, len(tail), dtype=np.float32)
        return out


def _distance(start: int, end: int, size: int) -> int:
    """From `start` to `end` on a counter that wraps at `size`, the shorter way round."""
    return (end - start + size // 2) % size - size // 2
