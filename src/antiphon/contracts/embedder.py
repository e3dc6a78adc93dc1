"""Where a text lies among all meanings."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts.engine import Engine


@runtime_checkable
class Embedder(Engine, Protocol):
    """Maps texts to unit vectors whose dot product is their similarity."""

    dimensions: int

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text: float32, shape [len(texts), dimensions], each row of length 1.

        A text longer than the model reads is cut. The same text always gives the same row.
        """
        ...
