"""What recall needs of every turn, in columns; grown at the end, never changed below it.

A reader holds how many rows there were when it began and looks at none above. Rows are written before that
number is published, so writer and readers share the arrays without a lock. The one value written into an old
row is who comes next, and a reader takes a next above its own number for none.
"""

import numpy as np
from numpy.typing import NDArray

from antiphon.memory.marks import MARKS

_FIRST_ROWS = 1024

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]


def products(rows: Floats, vector: Floats) -> Floats:
    """The inner product of each of `rows`, shape [n, d], with `vector`; float32, shape [n].

    On the calling thread alone: threads of a linear algebra library spin for one another, and on a busy
    machine a tenth of a millisecond becomes ten.
    """
    return np.vecdot(rows, vector)


class Columns:
    """Arrays of equal length, at least as long as the number of turns.

    `previous` and `next` lead along a conversation, `own_previous` and `own_next` along what one speaker says
    in it. `of_self` and `of_other` tell whether a turn speaks of its speaker or of whom it is said to.
    `size` is about how many characters its line takes. `marks`, `kin` and `form` are of `marks.marks_of`,
    `telling` is of `telling.telling`.
    """

    def __init__(self, dimensions: int, rows: int = _FIRST_ROWS) -> None:
        self.dimensions = dimensions
        self.speaker = np.zeros(rows, np.int32)
        self.conversation = np.zeros(rows, np.int32)
        self.persona = np.zeros(rows, np.int32)
        self.day = np.zeros(rows, np.int32)
        self.previous = np.full(rows, -1, np.int32)
        self.next = np.full(rows, -1, np.int32)
        self.own_previous = np.full(rows, -1, np.int32)
        self.own_next = np.full(rows, -1, np.int32)
        self.size = np.zeros(rows, np.float32)
        self.length = np.zeros(rows, np.float32)
        self.distinct = np.zeros(rows, np.float32)
        self.of_self = np.zeros(rows, np.float32)
        self.of_other = np.zeros(rows, np.float32)
        self.asks = np.zeros(rows, np.float32)
        self.dated = np.zeros(rows, np.float32)
        self.marks = np.zeros((rows, len(MARKS)), np.uint8)
        self.kin = np.zeros(rows, np.int64)
        self.form = np.zeros(rows, np.int64)
        self.telling = np.zeros(rows, np.float32)
        self.vectors = np.zeros((rows, dimensions), np.float16)

    @property
    def room(self) -> int:
        """How many turns fit."""
        return len(self.speaker)

    def grown(self, rows: int) -> "Columns":
        """A copy with room for at least `rows`; the old arrays stay as they are for whoever reads them."""
        new = Columns(self.dimensions, max(rows, 2 * self.room))
        for name, column in vars(self).items():
            if isinstance(column, np.ndarray):
                getattr(new, name)[: self.room] = column
        return new
