"""From the bytes of tokens to text that may be handed out."""

from codecs import getincrementaldecoder
from collections.abc import Sequence


class TokenText:
    """The text of one answer, as far as it is certain.

    A letter may take several tokens and waits until it is whole; what may be the beginning of a stop text
    waits until it is none.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._decoder = getincrementaldecoder("utf-8")("ignore")
        self._held = ""
        self.stopped = False
        """Whether a stop text has come: the answer ended before it."""

    def feed(self, data: bytes) -> str:
        """What is now certain."""
        self._held += self._decoder.decode(data)
        ends = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if ends:
            self.stopped = True
            text, self._held = self._held[: min(ends)], ""
            return text
        keep = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        at = len(self._held) - keep
        text, self._held = self._held[:at], self._held[at:]
        return text

    def finish(self) -> str:
        """What the end of the answer makes certain. Half a letter is dropped."""
        held, self._held = self._held, ""
        return "" if self.stopped else held


def _overlap(text: str, stop: str) -> int:
    """How many letters at the end of `text` may be the beginning of `stop`."""
    longest = min(len(stop) - 1, len(text))
    return next((length for length in range(longest, 0, -1) if text.endswith(stop[:length])), 0)
