"""Which turns hold a term, and how often: a frozen part for most turns and a small one for the newest."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Hits: TypeAlias = tuple[NDArray[np.int32], NDArray[np.float32]]
"""Rows in ascending order, and how often each holds the term."""
Counted: TypeAlias = tuple[tuple[int, int], ...]

_NONE: Hits = (np.zeros(0, np.int32), np.zeros(0, np.float32))


class Postings:
    """Immutable. `with_tail` and `merged` give new ones that share what has not changed."""

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        starts: NDArray[np.int64],
        rows: NDArray[np.int32],
        counts: NDArray[np.float32],
        tail: Mapping[str, Counted],
    ) -> None:
        self._vocabulary = vocabulary
        self._starts = starts
        self._rows = rows
        self._counts = counts
        self._tail = tail

    @classmethod
    def empty(cls) -> "Postings":
        """Of no turns."""
        return cls({}, np.zeros(1, np.int64), *_NONE, {})

    def hits(self, term: str) -> Hits:
        """Where `term` is."""
        place = self._vocabulary.get(term)
        rows, counts = _NONE
        if place is not None:
            span = slice(self._starts[place], self._starts[place + 1])
            rows, counts = self._rows[span], self._counts[span]
        if late := self._tail.get(term):
            pairs = np.array(late, np.int32)
            rows = np.concatenate([rows, pairs[:, 0]])
            counts = np.concatenate([counts, pairs[:, 1].astype(np.float32)])
        return rows, counts

    def with_tail(self, turns: Iterable[tuple[int, Mapping[str, int]]]) -> "Postings":
        """With these rows and their terms added; rows must come in ascending order."""
        added: dict[str, list[tuple[int, int]]] = {}
        for row, counted in turns:
            for term, count in counted.items():
                added.setdefault(term, []).append((row, count))
        tail = dict(self._tail)
        for term, pairs in added.items():
            tail[term] = (*tail.get(term, ()), *pairs)
        return Postings(self._vocabulary, self._starts, self._rows, self._counts, tail)

    def merged(self) -> "Postings":
        """The same, with nothing in the tail."""
        if not self._tail:
            return self
        vocabulary = dict(self._vocabulary)
        for term in self._tail:
            vocabulary.setdefault(term, len(vocabulary))
        late = np.array(
            [(vocabulary[t], *pair) for t, pairs in self._tail.items() for pair in pairs], np.int64
        )
        early = np.repeat(np.arange(len(self._starts) - 1), np.diff(self._starts))
        terms = np.concatenate([early, late[:, 0]])
        # Stable: within a term the frozen rows come first and are the older ones.
        order = np.argsort(terms, kind="stable")
        rows = np.concatenate([self._rows, late[:, 1].astype(np.int32)])[order]
        counts = np.concatenate([self._counts, late[:, 2].astype(np.float32)])[order]
        starts = np.searchsorted(terms[order], np.arange(len(vocabulary) + 1))
        return Postings(vocabulary, starts.astype(np.int64), rows, counts, {})
