"""The graph memory as an engine: a record that lasts, an image that is read, and one writer between them.

`recall` works on the published view: no lock, no SQL. `ingest` and `forget` take turns; each ends by
publishing the next view with one assignment, so the turn that was just learned is recalled at once.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import (
    BadRequest,
    ContractBroken,
    Embedder,
    EngineCard,
    EngineSetup,
    Recall,
    RecallQuery,
    Utterance,
)
from antiphon.contracts.discovery import find
from antiphon.contracts.settings import decode
from antiphon.memory.addressing import addressed
from antiphon.memory.facts import facts_of, says_one_thing
from antiphon.memory.log import Log
from antiphon.memory.noticing import Noticed, Noticing, drafts_of
from antiphon.memory.opening import opening
from antiphon.memory.recalling import recall_of, recalled, with_facts
from antiphon.memory.record import IN_PROCESS, Record
from antiphon.memory.refining import Refining, likelihood, weighing
from antiphon.memory.stating import Superseded
from antiphon.memory.updates import outdated_rows
from antiphon.memory.values import Ask, Entity, Fact, Found, Turn, turn_of
from antiphon.memory.view import View, empty_view, grown, settled, tail_is_full
from antiphon.memory.weights import LIKELY

TEXT_CHARS_MAX = 2**20
"""Of one utterance. Longer texts are documents and come in passages."""
_EMBEDDED_CHARS = 2000
"""More than any encoder here reads."""
REFINED_AT_MOST = 4
"""Doubts that are put to a language model at a time."""
_STRIDE = 256
"""Turns learned in one transaction: a killed ingest loses less than this many."""


class GraphSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `memory.graph`."""

    path: str = ""
    """The memory's file; empty: in this process only, and gone with it."""
    embedder: str = "minilm"
    """The engine whose vectors are compared; empty: words and graph only."""
    reach: Literal["all", "conversation"] = "all"
    """Whether other conversations in the file may be recalled: right where a file is one person's."""


class GraphMemory:
    """Remembers turns word for word, and as a graph of people, names, neighbours and facts with two times."""

    card: ClassVar[EngineCard] = EngineCard(
        name="graph",
        part="memory",
        summary="Remembers everything said in one file, and recalls what a question needs within its budget.",
        licence="Apache-2.0",
        languages=("en",),
        capabilities=frozenset({"path"}),
        concurrency=4,
    )
    settings_kind: ClassVar[type[GraphSettings]] = GraphSettings

    def __init__(
        self,
        path: Path | None = None,
        embedder: Embedder | None = None,
        *,
        reach: str = "all",
        as_it_is: bool = False,
        record: Log | None = None,
        owns_embedder: bool = False,
    ) -> None:
        """Open or create the memory at `path`; None: in this process only.

        `embedder` stays the caller's unless the memory `owns_embedder`, and is closed with it then.
        `as_it_is`: without an embedder, whosever vectors are in the file; nothing can be learned then.
        `record`: open already, in the place of a file.

        Raises:
            PrerequisiteMissing, EngineBroken, ConfigInvalid: as `Record`.
        """
        self._embedder = embedder
        self._owns_embedder = owns_embedder
        self._only_conversation = reach == "conversation"
        self._as_it_is = as_it_is
        name = "none" if embedder is None else embedder.card.name
        self._record = record or Record(
            path or IN_PROCESS, None if as_it_is else name, 0 if embedder is None else embedder.dimensions
        )
        self._dimensions = self._record.dimensions
        self._noticing = None if embedder is None else Noticing(embedder.embed)
        self._writing = threading.Lock()
        self._last_asked: tuple[str, NDArray[np.float32]] | None = None
        try:
            self._view = self._read_back()
        except BaseException:
            self._record.close()
            raise

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Settings: `path`, `embedder` and `reach`, as in `GraphSettings`."""
        settings = decode(setup.settings, GraphSettings, "memory.graph")
        embedder = open_embedder(settings.embedder, setup)
        path = Path(settings.path).expanduser() if settings.path else None
        try:
            return cls(path, embedder, reach=settings.reach, owns_embedder=True)
        except BaseException:
            if embedder is not None:
                embedder.close()
            raise

    @property
    def view(self) -> View:
        """The image as it is now."""
        return self._view

    def ingest(self, utterances: Sequence[Utterance]) -> None:
        """Learn, in the order they were said. On return they survive a killed process.

        Raises:
            BadRequest: an utterance is longer than `TEXT_CHARS_MAX`; nothing is learned.
            EngineBroken: the disk is full or the file damaged; a whole number of strides is learned.
            Busy: another process has been writing for 5 s.
        """
        self.learn([turn_of(utterance) for utterance in utterances])

    def learn(self, turns: Sequence[Turn]) -> int:
        """As `ingest`, for turns with a persona; returns how many were new."""
        if self._as_it_is:
            raise ContractBroken("this memory was opened as it is, without what learning takes")
        for turn in turns:
            if len(turn.text) > TEXT_CHARS_MAX:
                raise BadRequest(
                    f"the utterance {turn.id[:80]!r} has {len(turn.text):,} characters and the most is "
                    f"{TEXT_CHARS_MAX:,}; add long texts as documents",
                    code="utterance_too_long",
                )
        # Of two turns with one id the first is learned.
        first = {turn.id: turn for turn in reversed(turns)}
        ordered = iter([_clean(first.pop(turn.id)) for turn in turns if turn.id in first])
        count = 0
        with self._writing:
            while stride := list(islice(ordered, _STRIDE)):
                count += self._learn_stride(stride)
        return count

    def recall(self, query: RecallQuery, count_tokens: Callable[[str], int]) -> Recall:
        """The best context within `query.budget_tokens`, counted by `count_tokens`."""
        ask = Ask(
            text=query.text,
            budget_tokens=query.budget_tokens,
            speaker=query.speaker,
            conversation=query.conversation,
            persona=query.persona,
            known=query.known,
            only_conversation=self._only_conversation,
        )
        view = self._view
        if query.text.strip():
            return recall_of(view, self._looked(view, ask, count_tokens))
        return recall_of(view, opening(view, ask, self._told_by(query.speaker), count_tokens))

    def look(
        self, ask: Ask, count_tokens: Callable[[str], int], *, vector: NDArray[np.float32] | None = None
    ) -> Found:
        """Recall with an account, `Found.facts` left empty; `vector` is that of `ask.text`, if known."""
        return self._looked(self._view, ask, count_tokens, vector)

    def with_facts(self, found: Found) -> Found:
        """`found` with what holds of all that rests on the chosen turns; it reads the record."""
        with self._writing:
            return with_facts(found, lambda ids: self._record.facts(ids, current=True))

    def _told_by(self, speaker: str) -> list[str]:
        """The turns on which what holds of `speaker` rests. It reads the record."""
        return [fact.source for fact in self.facts(current=True) if fact.subject == speaker]

    def settle(self) -> None:
        """Fold the live tail into the frozen image, and what others have written; for the reflective loop."""
        with self._writing:
            self._record.refresh()
            changed = self._record.generation != self._generation
            self._view = self._read_back() if changed else settled(self._view)

    def refine(self, at_most: int = REFINED_AT_MOST) -> Refining:
        """Put up to `at_most` of the newest doubts to a language model: a generator of questions.

        Each `Weighing` it yields wants the scores of its options sent back; none (an empty tuple) ends it. A
        doubt stays one until it was answered. What the model confirms is superseded. The memory may be used
        in between.
        """
        superseded = 0
        doubts = () if self._noticing is None else self._noticing.newest_doubts(at_most)
        for held in doubts:
            old_id, new_id, doubt = held
            view = self._view
            if old_id in view.rows and new_id in view.rows:  # not forgotten since
                now = msgspec.structs.replace(doubt, old_row=view.rows[old_id], new_row=view.rows[new_id])
                scores = yield weighing(now, view)
                if not scores:
                    break
                if (likely := likelihood(now, scores)) >= LIKELY:
                    sure = msgspec.structs.replace(now, likelihood=likely)
                    superseded += self._supersede(old_id, new_id, sure)
            assert self._noticing is not None
            self._noticing.settled(held)
        return superseded

    def _supersede(self, old_id: str, new_id: str, noticed: Noticed) -> int:
        with self._writing:
            view = self._view
            if old_id not in view.rows or new_id not in view.rows:
                return 0
            now = msgspec.structs.replace(noticed, old_row=view.rows[old_id], new_row=view.rows[new_id])
            done = self._record.restate(drafts_of(now, view))
            self._view = _with_outdated(view, done)
            return int(bool(done))

    def forget(self, ids: Sequence[str]) -> int:
        """Really forget these utterances and all that rests on them; returns how many were known."""
        with self._writing:
            count = self._record.forget(ids)
            if count:
                self._view = self._read_back()
            return count

    def facts(self, *, current: bool = False) -> list[Fact]:
        """Everything read out of turns, in the order it was learned; `current`: what still holds."""
        with self._writing:
            return self._record.facts(current=current)

    def related(self, ids: Sequence[str]) -> list[tuple[str, str, str, str]]:
        """Subject, relation, object and source of what holds, of all that rests on these turns."""
        with self._writing:
            held = self._record.facts(ids, current=True)
        return [(fact.subject, fact.relation, fact.object, fact.source) for fact in held]

    def count_facts(self) -> int:
        """How many facts there are, those superseded included."""
        with self._writing:
            return self._record.count_facts()

    def entities(self) -> list[Entity]:
        """Everybody and everything with facts, most mentioned first."""
        with self._writing:
            return self._record.entities()

    def turns(self) -> Iterator[Turn]:
        """Every turn, in the order they were learned."""
        view = self._view
        return iter(view.turns[: view.count])

    def close(self) -> None:
        """Let go of the file, and of the embedder if it was opened here. Calling it twice is allowed."""
        with self._writing:
            self._record.close()
            if self._owns_embedder and self._embedder is not None:
                self._embedder.close()

    def _looked(
        self,
        view: View,
        ask: Ask,
        count_tokens: Callable[[str], int],
        vector: NDArray[np.float32] | None = None,
    ) -> Found:
        if vector is None and self._embedder is not None and view.count:
            vector = self._vector(ask.text)
        return recalled(view, ask, vector, count_tokens)

    def _learn_stride(self, stride: Sequence[Turn]) -> int:
        known = self._record.known(turn.id for turn in stride)
        new = [turn for turn in stride if turn.id not in known]
        if not new:
            return 0
        new = addressed(self._view, new)
        vectors = self._vectors(new)
        drafts = [facts_of(turn) for turn in new]
        superseded = self._record.learn(new, vectors.astype(np.float16), drafts)
        if self._record.generation != self._generation:
            self._view = self._read_back()  # others have written, too
            return len(new)
        view = _with_outdated(grown(self._view, new, vectors), superseded)
        view = self._with_noticed(view, range(view.count - len(new), view.count))
        self._view = settled(view) if tail_is_full(view) else view
        return len(new)

    def _with_noticed(self, view: View, rows: range) -> View:
        """`view` with what the turns in `rows` change in ways that no pattern knows."""
        if self._noticing is None:
            return view
        for row in rows:
            for noticed in self._noticing.notice(view, row):
                stated = drafts_of(noticed, view)
                view = _with_outdated(view, self._record.restate(stated))
        return view

    def _read_back(self) -> View:
        self._generation = self._record.generation
        view = empty_view(self._dimensions)
        stored = self._record.turns()
        while stride := list(islice(stored, _STRIDE)):
            vectors = np.frombuffer(b"".join(vector for _, _, vector in stride), np.float16)
            shaped = vectors.reshape(len(stride), self._dimensions).astype(np.float32)
            view = grown(view, [turn for _, turn, _ in stride], shaped)
            view = settled(view) if tail_is_full(view) else view
        return _with_outdated(settled(view), self._record.outdated())

    def _vector(self, text: str) -> NDArray[np.float32]:
        # The same words are asked for again when a partial transcript turns out to be the last.
        last = self._last_asked
        if last is None or last[0] != text:
            assert self._embedder is not None
            last = text, self._embedder.embed([text[:_EMBEDDED_CHARS]])[0]
            self._last_asked = last
        return last[1]

    def _vectors(self, turns: Sequence[Turn]) -> NDArray[np.float32]:
        if self._embedder is None:
            return np.zeros((len(turns), 0), np.float32)
        # Who speaks belongs to what is meant.
        return self._embedder.embed([f"{turn.speaker}: {turn.text}"[:_EMBEDDED_CHARS] for turn in turns])


def open_embedder(name: str, setup: EngineSetup) -> Embedder | None:
    """The embedder of that name, None for none, with the weights and threads of `setup`."""
    if not name:
        return None
    given = EngineSetup(weights=setup.weights, threads=setup.threads)
    return cast(Embedder, find("embedder", name).open(given))


def _with_outdated(view: View, superseded: Sequence[Superseded]) -> View:
    if not superseded:
        return view
    said = [(view.rows[id_], view.rows[by], relation, what) for id_, by, relation, what in superseded]
    alone = {row for row, *_ in said if says_one_thing(view.turns[row].text)}
    return msgspec.structs.replace(view, outdated=outdated_rows(view.outdated, said, alone))


def _clean(turn: Turn) -> Turn:
    """`turn` without halves of characters, which no file can hold."""
    fields = cast(Mapping[str, Any], msgspec.structs.asdict(turn))
    return Turn(**{name: value.encode("utf-8", "replace").decode("utf-8") for name, value in fields.items()})
