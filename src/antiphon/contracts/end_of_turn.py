"""Has this person finished, or only paused?"""

from typing import Protocol, runtime_checkable

from antiphon.contracts.audio import Audio
from antiphon.contracts.engine import Engine


@runtime_checkable
class EndOfTurn(Engine, Protocol):
    """Scores the silence a caller has just fallen into."""

    def score(self, audio: Audio, text: str = "") -> float:
        """The probability that the turn is over.

        Args:
            audio: the turn so far with its closing silence, 16 kHz; only the last seconds may be used.
            text: its words, as far as they are known; an acoustic model ignores them.

        Returns:
            Between 0 (the caller will go on) and 1 (it is our turn). 0.0 for empty audio.
        """
        ...
