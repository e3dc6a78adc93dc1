"""The agent's voice as μ-law frames of 20 ms, with marks that come back when they were played: pure.

A carrier has a buffer that we cannot see into. It says where it is by sending our marks back, so there is one
behind the first frame of an item (how late is everything heard?) and one behind every word (was it heard?).
"""

import msgspec

from antiphon.contracts import Audio
from antiphon.server.formats import Downlink

FRAME_BYTES = 160
BYTES_PER_MS = 8
SILENCE = b"\xff"
MARK_EVERY = 500 * BYTES_PER_MS
"""The longest stretch of sound without a mark, words or no words."""
WORDS_MAX = 512
"""Ends of words that wait for their sound; of more, the newest get no mark of their own."""
MARKS_MAX = 1_024
"""Marks that are out; of more, the oldest is given up."""


class Played(msgspec.Struct, frozen=True):
    """So much of an item was played."""

    item_id: str
    played_ms: int


class Frame(msgspec.Struct, frozen=True):
    """20 ms of sound, and the mark that follows it, if one does."""

    sound: bytes
    mark: str | None


class Saying:
    """One call's voice. Places in an item are counted in bytes, of which a millisecond has eight."""

    def __init__(self) -> None:
        self._line = Downlink("audio/pcmu")
        self._rest = b""
        """What does not fill a frame."""
        self._item_id = ""
        self._pushed = self._framed = self._marked = 0
        """How far the item has come in, has left, and is marked."""
        self._words: list[int] = []
        """Where words of the item end that have not left."""
        self._out: dict[str, Played] = {}
        """What each mark that is out will tell."""
        self._marks = 0

    def expect(self, item_id: str, end_ms: int | None) -> None:
        """A word of an item ends there."""
        self._turn_to(item_id)
        if end_ms is not None and len(self._words) < WORDS_MAX:
            self._words.append(end_ms * BYTES_PER_MS)

    def push(self, item_id: str, audio: Audio) -> list[Frame]:
        """The frames that 24 kHz sound of an item completes."""
        self._turn_to(item_id)
        sound = self._line.encode(audio)
        self._pushed += len(sound)
        self._rest += sound
        return self._frames()

    def flush(self) -> list[Frame]:
        """What does not fill a frame, filled with silence: nothing follows it for now."""
        self._rest += SILENCE * (-len(self._rest) % FRAME_BYTES)
        return self._frames()

    def clear(self) -> None:
        """Nothing that is out will be heard: marks that still come back tell nothing."""
        self._out.clear()
        self._words.clear()
        self._rest = b""
        self._line = Downlink("audio/pcmu")

    def returned(self, name: str) -> Played | None:
        """What a mark tells that came back; None when it was cleared, or is none of ours."""
        return self._out.pop(name, None)

    def _turn_to(self, item_id: str) -> None:
        if item_id != self._item_id:
            self._item_id = item_id
            self._pushed = self._marked = 0
            self._framed = -len(self._rest)
            self._words.clear()

    def _frames(self) -> list[Frame]:
        frames: list[Frame] = []
        while len(self._rest) >= FRAME_BYTES:
            sound, self._rest = self._rest[:FRAME_BYTES], self._rest[FRAME_BYTES:]
            frames.append(Frame(sound, self._mark_behind()))
        return frames

    def _mark_behind(self) -> str | None:
        """A mark behind the frame that leaves now, where one is wanted."""
        first = self._framed <= 0
        # Silence that fills a frame is no part of the item.
        self._framed = min(self._framed + FRAME_BYTES, self._pushed)
        left = [end for end in self._words if end > self._framed]
        ended, self._words = len(left) < len(self._words), left
        if not (first or ended or self._framed - self._marked >= MARK_EVERY):
            return None
        if len(self._out) >= MARKS_MAX:
            del self._out[next(iter(self._out))]
        self._marks += 1
        self._marked = self._framed
        name = f"m{self._marks}"
        self._out[name] = Played(self._item_id, self._framed // BYTES_PER_MS)
        return name
