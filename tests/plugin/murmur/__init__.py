"""An embedder that compares texts by their letters: a plug-in, as small as one can be."""

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import EngineCard, EngineSetup


class Murmur:
    """Counts letters."""

    card: ClassVar[EngineCard] = EngineCard(
        name="murmur", part="embedder", summary="Compares texts by their letters.", licence="MIT"
    )
    dimensions = 64

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Nothing to load."""
        return cls()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit row per text."""
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            for letter in text.casefold():
                rows[row, ord(letter) % self.dimensions] += 1
            rows[row, 0] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def close(self) -> None:
        """Nothing to let go of."""


class Misplaced(Murmur):
    """Its card is for another part."""

    card: ClassVar[EngineCard] = EngineCard(name="misplaced", part="journal", summary="Lost.", licence="MIT")


class NoEngine:
    """Has no card."""
