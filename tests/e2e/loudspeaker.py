"""A loudspeaker that plays into time: what came when, what was heard when, and where it fell silent.

Pure: whoever holds it says what time it is, in seconds. Sound is played as soon as it comes, one sample after
the other, and nothing is held back to smooth a late network.
"""

from itertools import pairwise

import msgspec
import numpy as np

from antiphon.contracts import CLOCK_HZ, Audio

AUDIBLE = 0.005
"""A sample this far from zero is heard."""


class Stretch(msgspec.Struct, frozen=True):
    """Sound that came in one message, and when its first sample leaves the loudspeaker."""

    item_id: str
    audio: Audio
    came_at: float
    begins_at: float

    @property
    def ends_at(self) -> float:
        return self.begins_at + len(self.audio) / CLOCK_HZ


class Loudspeaker:
    """Plays items one after another, and keeps all of it."""

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self.dropped: list[Stretch] = []
        """Sound that came for an item after it was flushed."""
        self._flushed: set[str] = set()

    def push(self, item_id: str, audio: Audio, now: float) -> None:
        """Sound has come."""
        begins_at = max(now, self.busy_until)
        stretch = Stretch(item_id, audio, now, begins_at)
        (self.dropped if item_id in self._flushed else self.stretches).append(stretch)

    @property
    def busy_until(self) -> float:
        """When the last sample will have been heard."""
        return self.stretches[-1].ends_at if self.stretches else 0.0

    def flush(self, now: float) -> tuple[str, int] | None:
        """Fall silent at `now`. Returns the item that was playing and how many of its samples were heard."""
        if not self.stretches:
            return None
        item_id = self.stretches[-1].item_id
        self._flushed.add(item_id)
        kept: list[Stretch] = []
        for stretch in self.stretches:
            heard = max(0, min(len(stretch.audio), int((now - stretch.begins_at) * CLOCK_HZ)))
            if heard:
                kept.append(msgspec.structs.replace(stretch, audio=stretch.audio[:heard]))
        self.stretches = kept
        return item_id, len(self.played(item_id))

    def of(self, item_id: str) -> list[Stretch]:
        """All that is or will be played of an item."""
        return [stretch for stretch in self.stretches if stretch.item_id == item_id]

    def played(self, item_id: str) -> Audio:
        """The item's sound, as far as it is or will be played."""
        return np.concatenate([np.zeros(0, np.float32), *(s.audio for s in self.of(item_id))])

    def first_heard(self, item_id: str) -> Stretch | None:
        """The stretch that holds the item's first audible sample."""
        return next((s for s in self.of(item_id) if bool((np.abs(s.audio) > AUDIBLE).any())), None)

    def last_heard_at(self, item_id: str) -> float:
        """When its last audible sample left the loudspeaker."""
        for stretch in reversed(self.of(item_id)):
            audible = np.flatnonzero(np.abs(stretch.audio) > AUDIBLE)
            if len(audible):
                return stretch.begins_at + float(audible[-1]) / CLOCK_HZ
        return 0.0

    def longest_gap_s(self, item_id: str) -> float:
        """The longest time within an item for which there was nothing to play."""
        gaps = (after.begins_at - before.ends_at for before, after in pairwise(self.of(item_id)))
        return max(gaps, default=0.0)
