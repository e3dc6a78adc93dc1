"""How far a pull has come."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec


class PullProgress(msgspec.Struct, frozen=True):
    """A pull's position."""

    model: str
    done_bytes: int
    """Fetched so far, those of earlier, interrupted pulls included."""
    total_bytes: int
    """0 while it is not known."""
    note: str = ""
    """Something worth a line of its own: a part fetched again, another source tried."""


OnProgress: TypeAlias = Callable[[PullProgress], None]


class Meter:
    """Counts the bytes of one pull: settled ones for good, arriving ones until they are settled or lost."""

    def __init__(self, model: str, total: int, tell: OnProgress) -> None:
        self._model = model
        self._tell = tell
        self._total = total
        self._settled = 0
        self._arriving = 0

    def start(self, total: int) -> None:
        """Count from nothing, towards `total` bytes."""
        self._total, self._settled, self._arriving = total, 0, 0

    def settle(self, count: int) -> None:
        """`count` more bytes are verified and in place; whatever was arriving is among them."""
        self._settled += count
        self.arriving(0)

    def arriving(self, count: int) -> None:
        """`count` bytes of what is being fetched now have come in."""
        self._arriving = count
        self._say("")

    def note(self, text: str) -> None:
        """Say `text`."""
        self._say(text)

    def _say(self, note: str) -> None:
        self._tell(PullProgress(self._model, self._settled + self._arriving, self._total, note))
