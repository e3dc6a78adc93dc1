"""The suite of `Embedder`."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts.conformance.check import Suite, demand
from antiphon.contracts.conformance.threads import at_once
from antiphon.contracts.embedder import Embedder

NEAR = ("The cat sat on the mat.", "A cat sat on a mat.")
FAR = "Quarterly tax revenue fell sharply in northern provinces."
ODD = ("", " ", "a", "Ça va ? 你好 🙂", "word " * 5000, "\n\t")

SAME = 1e-3
"""How far two rows of one text may lie apart: a batch may be padded, which moves the last digits."""


def check_dimensions_are_positive(engine: Embedder) -> None:
    """A vector needs somewhere to point."""
    demand(engine.dimensions > 0, f"dimensions is {engine.dimensions}; it must be positive")


def check_rows_are_unit_vectors(engine: Embedder) -> None:
    """One row per text: float32, each of length 1."""
    _embed(engine, (*NEAR, FAR))


def check_no_texts_give_no_rows(engine: Embedder) -> None:
    """Nothing in, an empty matrix out."""
    _embed(engine, ())


def check_takes_odd_texts(engine: Embedder) -> None:
    """Empty, foreign and far too long texts have unit vectors too."""
    for text in ODD:
        _embed(engine, (text,))


def check_same_text_same_row(engine: Embedder) -> None:
    """A text's row depends neither on the day nor on its neighbours."""
    texts = (*NEAR, FAR, "short")
    alone = np.concatenate([_embed(engine, (text,)) for text in texts])
    for order in ((0, 1, 2, 3), (3, 1, 0, 2), (0, 0, 2, 1)):
        together = _embed(engine, tuple(texts[index] for index in order))
        for row, index in zip(together, order, strict=True):
            apart = float(np.max(np.abs(row - alone[index])))
            demand(
                apart <= SAME,
                f"{texts[index]!r} moved by {apart:.4f} when embedded beside others; "
                f"the same text must always give the same row",
            )


def check_similar_texts_lie_near(engine: Embedder) -> None:
    """The dot product is the similarity."""
    one, other, far = _embed(engine, (*NEAR, FAR))
    near_by, far_off = float(one @ other), float(one @ far)
    demand(
        near_by > far_off,
        f"{NEAR[0]!r} is {near_by:.2f} similar to {NEAR[1]!r} and {far_off:.2f} to {FAR!r}; "
        f"texts that say the same must be more similar",
    )


def check_works_on_its_threads(engine: Embedder) -> None:
    """As many calls at once as the card promises."""
    expected = _embed(engine, NEAR)
    for got in at_once(engine.card.concurrency, lambda _: _embed(engine, NEAR)):
        demand(
            float(np.max(np.abs(got - expected))) <= SAME,
            "another thread got other rows; the same text must always give the same row",
        )


SUITE: Suite[Embedder] = Suite(
    protocol=Embedder,
    checks=(
        check_dimensions_are_positive,
        check_rows_are_unit_vectors,
        check_no_texts_give_no_rows,
        check_takes_odd_texts,
        check_same_text_same_row,
        check_similar_texts_lie_near,
        check_works_on_its_threads,
    ),
)


def _embed(engine: Embedder, texts: Sequence[str]) -> NDArray[np.float32]:
    rows = engine.embed(texts)
    wanted = (len(texts), engine.dimensions)
    demand(
        rows.shape == wanted and rows.dtype == np.float32,
        f"embed() of {len(texts)} texts gave {rows.dtype} of shape {rows.shape}; "
        f"it must be float32 of {wanted}",
    )
    for text, row in zip(texts, rows, strict=True):
        length = float(np.linalg.norm(row.astype(np.float64)))
        demand(
            abs(length - 1.0) < 1e-3,
            f"the row of {text[:40]!r} has length {length:.4f}; every row must have length 1",
        )
    return rows
