"""A loudspeaker that plays into time instead of air: what came when, and what was heard by when.

Pure: every call is told the time, in seconds of the caller's clock. Sound is played as soon as it comes, and
in order, one sample after the other; nothing is held back to smooth a late network.
"""

from itertools import pairwise

import msgspec
import numpy as np

from antiphon.contracts import CLOCK_HZ, Audio


class Played(msgspec.Struct, frozen=True):
    """A stretch of an item's sound and when it begins to be heard."""

    item_id: str
    offset: int
    """The item's sample it begins with."""
    begins_at: float
    audio: Audio

    @property
    def ends_at(self) -> float:
        """When its last sample has been heard."""
        return self.begins_at + len(self.audio) / CLOCK_HZ


class Loudspeaker:
    """Plays items one after another and remembers all of it."""

    def __init__(self) -> None:
        self._played: list[Played] = []
        self._received: dict[str, int] = {}
        self._dead: set[str] = set()

    @property
    def played(self) -> tuple[Played, ...]:
        """Everything, what is still to be heard included."""
        return tuple(self._played)

    def push(self, item_id: str, audio: Audio, now: float) -> float:
        """Play `audio` after all that waits; returns when its first sample is heard."""
        offset = self._received.get(item_id, 0)
        self._received[item_id] = offset + len(audio)
        begins_at = max(now, self.busy_until)
        if item_id not in self._dead:
            self._played.append(Played(item_id, offset, begins_at, audio))
        return begins_at

    @property
    def busy_until(self) -> float:
        """When the last sample has been heard; in the past when it is silent."""
        return self._played[-1].ends_at if self._played else 0.0

    def position(self, now: float) -> tuple[str, int] | None:
        """The item heard last, or now, and how many of its samples have been heard; None before any sound."""
        for stretch in reversed(self._played):
            if stretch.begins_at <= now:
                heard = min(len(stretch.audio), round((now - stretch.begins_at) * CLOCK_HZ))
                return stretch.item_id, stretch.offset + heard
        return None

    def flush(self, now: float) -> tuple[str, int] | None:
        """Fall silent: drop what has not been heard, and whatever else comes of the item.

        Returns:
            The item that was cut and how many of its samples were heard; None when nothing was playing.
        """
        if self.busy_until <= now:
            return None
        cut = self.position(now) or (self._played[0].item_id, 0)
        self._dead.update(stretch.item_id for stretch in self._played if stretch.ends_at > now)
        self._played = [_until(stretch, now) for stretch in self._played if stretch.begins_at < now]
        return cut

    def gaps_s(self, item_id: str) -> float:
        """How long the loudspeaker ran dry in the middle of an item."""
        stretches = [stretch for stretch in self._played if stretch.item_id == item_id]
        return sum(b.begins_at - a.ends_at for a, b in pairwise(stretches))

    def track(self, origin: float, samples: int) -> Audio:
        """What was heard in the `samples` after the moment `origin`."""
        track = np.zeros(samples, np.float32)
        for stretch in self._played:
            start = round((stretch.begins_at - origin) * CLOCK_HZ)
            audio = stretch.audio[max(-start, 0) : max(samples - start, 0)]
            track[max(start, 0) : max(start, 0) + len(audio)] = audio
        return track


def _until(stretch: Played, now: float) -> Played:
    heard = min(len(stretch.audio), round((now - stretch.begins_at) * CLOCK_HZ))
    return Played(stretch.item_id, stretch.offset, stretch.begins_at, stretch.audio[:heard])
