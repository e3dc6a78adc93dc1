"""Conversations in memories of their own, and every question with its vector and its evidence."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.bench.locomo import Query, Talk
from antiphon.contracts import Embedder
from antiphon.memory.candidates import candidates
from antiphon.memory.question import Question, read
from antiphon.memory.values import Ask, turn_of
from antiphon.memory.view import View, empty_view, grown, settled

Vectors = NDArray[np.float32]
_STRIDE = 256


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One question to one memory."""

    talk: str
    query: Query
    ask: Ask
    question: Question
    vector: Vectors
    view: View
    rows: NDArray[np.int64]
    """Candidates, all of them where the memory is small."""
    evidence: NDArray[np.int64]
    """Rows of the evidence."""

    @property
    def answerable(self) -> bool:
        """Whether the memory holds an answer."""
        return self.query.category != 5


def view_of(talk: Talk, vectors: Vectors) -> View:
    """The graph of `talk`, whose turns have these vectors, shape [len(talk.utterances), d]."""
    view = empty_view(vectors.shape[1])
    turns = [turn_of(utterance) for utterance in talk.utterances]
    for start in range(0, len(turns), _STRIDE):
        view = grown(view, turns[start : start + _STRIDE], vectors[start : start + _STRIDE])
        view = settled(view)
    return view


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
                rows=candidates(view, ask, question, vector),
                evidence=np.array(sorted(rows[one] for one in query.evidence), np.int64),
            )
        )
    return made


def embedded(talks: Sequence[Talk], embedder: Embedder) -> list[tuple[Vectors, Vectors]]:
    """For each talk the vectors of its turns and of its questions."""
    return [
        (
            embedder.embed([spoken(talk, place) for place in range(len(talk.utterances))]),
            embedder.embed([query.text for query in talk.queries]),
        )
        for talk in talks
    ]


def spoken(talk: Talk, place: int) -> str:
    """A turn as it is embedded: who speaks belongs to what is meant."""
    one = talk.utterances[place]
    return f"{one.speaker}: {one.text}"
