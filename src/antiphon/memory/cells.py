"""Many vectors in cells around common centres, so that a question is compared with a few cells only.

An inverted file (Jégou, Douze and Schmid 2011) of halved floats, each cell's vectors side by side.
"""

import numpy as np
from numpy.typing import NDArray

from antiphon.memory.columns import Floats, Rows, products

PROBED = 6
"""Cells that are looked into."""
_PER_CELL = 512
_SAMPLE_PER_CELL = 24
_ROUNDS = 4
_BATCH = 8192


class Cells:
    """Immutable."""

    def __init__(
        self, centres: Floats, starts: NDArray[np.int64], rows: Rows, vectors: NDArray[np.float16]
    ) -> None:
        self._centres = centres
        self._starts = starts
        self._rows = rows
        self._vectors = vectors

    @classmethod
    def of(cls, vectors: NDArray[np.float16], before: "Cells | None" = None) -> "Cells":
        """Cells of `vectors`, shape [n, d]; the centres of `before` are kept while there are enough."""
        wanted = max(1, len(vectors) // _PER_CELL)
        kept = before is not None and len(before._centres) * 2 >= wanted
        centres = before._centres if before is not None and kept else _centres(vectors, wanted)
        homes = np.concatenate([_home(part, centres) for part in _parts(vectors)])
        order = np.argsort(homes, kind="stable")
        starts = np.searchsorted(homes[order], np.arange(len(centres) + 1)).astype(np.int64)
        return cls(centres, starts, order.astype(np.int32), vectors[order])

    def near(self, vector: Floats) -> tuple[Rows, Floats]:
        """The rows in the cells nearest to `vector`, and how near each is."""
        probed = min(PROBED, len(self._centres))
        best = np.argpartition(-products(self._centres, vector), probed - 1)[:probed]
        spans = [slice(self._starts[cell], self._starts[cell + 1]) for cell in best]
        similarity = [products(self._vectors[span].astype(np.float32), vector) for span in spans]
        return np.concatenate([self._rows[span] for span in spans]), np.concatenate(similarity)


def _parts(vectors: NDArray[np.float16]) -> list[Floats]:
    return [vectors[at : at + _BATCH].astype(np.float32) for at in range(0, len(vectors), _BATCH)]


def _home(vectors: Floats, centres: Floats) -> NDArray[np.int64]:
    return np.argmax(vectors @ centres.T, 1)


def _centres(vectors: NDArray[np.float16], wanted: int) -> Floats:
    """Spherical k-means over an even sample; no dice, so the same vectors always give the same cells."""
    step = max(1, len(vectors) // (wanted * _SAMPLE_PER_CELL))
    sample = vectors[::step].astype(np.float32)
    centres = sample[:: max(1, len(sample) // wanted)][:wanted].copy()
    for _ in range(_ROUNDS):
        homes = _home(sample, centres)
        sums = np.zeros_like(centres)
        np.add.at(sums, homes, sample)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-9), centres)
    return centres
