"""Conversations in memories of their own, and every question with its vector and its evidence."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.bench.locomo import Query, Talk
from antiphon.contracts import Embedder
from antiphon.memory.candidates import candidates
from antiphon.memory.question import Question, read
from antiphon.memory.values import Ask, Turn, turn_of
from antiphon.memory.view import View, empty_view, grown, settled

Vectors = NDArray[np.float32]
Places = NDArray[np.int64]
_STRIDE = 256


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One question to one memory."""

    talk: str
    query: Query
    ask: Ask
    question: Question
    vector: Vectors
    view: View
    rows: Places
    """Candidates, all of them where the memory is small."""
    evidence: Places
    """Rows of the evidence."""

    @property
    def answerable(self) -> bool:
        """Whether the memory holds an answer."""
        return self.query.category != 5


def view_of(talk: Talk, vectors: Vectors, view: View | None = None) -> View:
    """The graph of `talk`, whose turns have these vectors; added to `view` when there is one."""
    return view_of_turns([turn_of(utterance) for utterance in talk.utterances], vectors, view)


def view_of_turns(turns: Sequence[Turn], vectors: Vectors, view: View | None = None) -> View:
    """As `view_of`, of turns."""
    view = view or empty_view(vectors.shape[1])
    for start in range(0, len(turns), _STRIDE):
        view = grown(view, turns[start : start + _STRIDE], vectors[start : start + _STRIDE])
    return settled(view)


def cases_of(talk: Talk, view: View, asked: Vectors) -> list[Case]:
    """Every question of `talk`; `asked` holds their vectors, row by row."""
    rows = {turn.id: row for row, turn in enumerate(view.turns)}
    made: list[Case] = []
    for query, vector in zip(talk.queries, asked, strict=True):
        ask = Ask(text=query.text, budget_tokens=0)
        question = read(ask, view)
        made.append(
            Case(
                talk=talk.name,
                query=query,
                ask=ask,
                question=question,
                vector=vector,
                view=view,
                rows=candidates(view, ask, question, vector).rows,
                evidence=np.array(sorted(rows[one] for one in query.evidence), np.int64),
            )
        )
    return made


class Embeddings:
    """Vectors of texts, kept in a folder from run to run: embedding is most of what a run would cost."""

    def __init__(self, embedder: Callable[[], Embedder], folder: Path) -> None:
        self._open = embedder
        self._embedder: Embedder | None = None
        self._folder = folder

    def embedder(self) -> Embedder:
        """The embedder itself."""
        if self._embedder is None:
            self._embedder = self._open()
        return self._embedder

    def of(self, texts: Sequence[str]) -> Vectors:
        """One row per text."""
        name = sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()[:24]
        kept = self._folder / f"{name}.npy"
        if kept.exists():
            return np.load(kept)
        vectors = self.embedder().embed(texts)
        self._folder.mkdir(parents=True, exist_ok=True)
        np.save(kept, vectors)
        return vectors


def spoken(talk: Talk) -> list[str]:
    """The turns as they are embedded: who speaks belongs to what is meant."""
    return [f"{one.speaker}: {one.text}" for one in talk.utterances]


def windows(talk: Talk) -> list[str]:
    """Each turn between the one before and the one after, where they are of the same conversation."""
    said, texts = talk.utterances, spoken(talk)
    near = [range(max(0, at - 1), min(len(said), at + 2)) for at in range(len(said))]
    return [
        " ".join(texts[one] for one in places if said[one].conversation == said[at].conversation)
        for at, places in enumerate(near)
    ]
