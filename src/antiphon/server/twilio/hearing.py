"""The caller's pieces of μ-law sound, put in order and made one stream at 24 kHz: pure, time is an argument.

Order, gaps and a network that falls silent are handled as for packets (`server.rtc.incoming`). What differs
is the clock: pieces are stamped in whole milliseconds, which waver around the true twenty. That is no gap.
"""

from antiphon.contracts import Audio
from antiphon.server.formats import Uplink
from antiphon.server.rtc.incoming import Incoming, Media

STAMPS_PER_MS = 48
SEQUENCES = 1 << 16
WAVER_MS = 40
"""A timestamp this close to where the count of samples puts it is taken to mean that place: a late one would
leave silence behind, and an early one after it would take none away."""
SAMPLES_PER_MS = 8


class Hearing:
    """One call's ear."""

    def __init__(self) -> None:
        self._incoming = Incoming(Uplink("audio/pcmu").decode)
        self._newest: tuple[int, int] | None = None
        """The number and the end, in milliseconds, of the piece that was numbered highest."""

    @property
    def lost(self) -> int:
        """Pieces that never came, or came too late."""
        return self._incoming.lost

    def take(self, chunk: int, timestamp_ms: int, sound: bytes, now_s: float) -> list[Audio]:
        """The sound that this piece completes."""
        if not sound:
            return []
        length_ms = len(sound) / SAMPLES_PER_MS
        begins_ms: float = timestamp_ms
        if self._newest is not None:
            number, end_ms = self._newest
            expected_ms = end_ms + (chunk - number - 1) * length_ms
            if abs(timestamp_ms - expected_ms) <= WAVER_MS:
                begins_ms = expected_ms
        if self._newest is None or chunk > self._newest[0]:
            self._newest = chunk, round(begins_ms + length_ms)
        stamp = round(begins_ms * STAMPS_PER_MS) % (1 << 32)
        return self._incoming.take(Media(chunk % SEQUENCES, stamp, sound), now_s)

    def silence(self, now_s: float) -> Audio | None:
        """What is heard at `now_s` when nothing comes; None while pieces do."""
        return self._incoming.silence(now_s)
