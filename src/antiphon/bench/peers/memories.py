"""One memory of somebody else's, fed and asked in a process of its own; it imports nothing of ours.

python memories.py NAME GIVEN VECTORS TOLD SERVER: reads turns, questions and all texts from GIVEN (JSON),
their vectors from VECTORS (numpy), and writes to TOLD which turns each question found, in order, with times.
No language model: mem0 with `infer=False`, Graphiti with an episode and one edge a turn, from who speaks to
who listens, whose fact is what was said. SERVER is the socket of a FalkorDB.
"""

# Each is in an environment of its own: no type is known, and the others cannot be imported at the top.
# pyright: basic, reportMissingImports=false
# ruff: noqa: PLC0415

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

AT_MOST = 60
"""Results asked for: more turns than 1,024 tokens hold."""


class Told:
    """What one peer found, and how long it took."""

    def __init__(self):
        self.found = []
        self.query_ms = []
        self.ingest_ms = 0.0


def geny(given, vectors, folder, _server):
    """Synapse, with its hashed embeddings replaced by the given vectors."""
    from geny_memory_adaptor import SynapseMemory

    memory = SynapseMemory.open(str(folder / "synapse.db"), dim=len(next(iter(vectors.values()))))
    memory.embedder.embed = lambda text, limit=2048: vectors[text]
    told = Told()
    began = perf_counter()
    memory.index_many(
        [{"node_id": str(row), "text": text} for row, (_, text, _) in enumerate(given["turns"])]
    )
    told.ingest_ms = (perf_counter() - began) * 1e3
    for question in given["questions"]:
        began = perf_counter()
        hits = memory.search(question, top_k=AT_MOST)
        told.query_ms.append((perf_counter() - began) * 1e3)
        told.found.append([int(hit.id) for hit in hits])
    memory.close()
    return told


def mem0(given, vectors, folder, _server):
    """mem0 with its own local Qdrant, inference off."""
    os.environ |= {"MEM0_TELEMETRY": "False", "MEM0_DIR": str(folder), "OPENAI_API_KEY": "none"}
    from mem0 import Memory

    size = len(next(iter(vectors.values())))
    store = {"path": str(folder / "qdrant"), "embedding_model_dims": size, "on_disk": False}
    memory = Memory.from_config(
        {
            "vector_store": {"provider": "qdrant", "config": store},
            "history_db_path": str(folder / "history.db"),
        }
    )
    memory.embedding_model.embed = lambda text, action=None: vectors[text].tolist()
    memory.embedding_model.embed_batch = lambda texts, action=None: [vectors[text].tolist() for text in texts]
    told = Told()
    began = perf_counter()
    for row, (speaker, text, _) in enumerate(given["turns"]):
        message = {"role": "user", "content": text, "name": speaker}
        memory.add([message], user_id="one", metadata={"row": row}, infer=False)
    told.ingest_ms = (perf_counter() - began) * 1e3
    for question in given["questions"]:
        began = perf_counter()
        hits = memory.search(question, filters={"user_id": "one"}, top_k=AT_MOST)["results"]
        told.query_ms.append((perf_counter() - began) * 1e3)
        told.found.append([hit["metadata"]["row"] for hit in hits])
    return told


def graphiti(given, vectors, _folder, server):
    """Graphiti on the FalkorDB at the socket `server`."""
    os.environ |= {"GRAPHITI_TELEMETRY_ENABLED": "false", "OPENAI_API_KEY": "none"}
    os.environ["EMBEDDING_DIM"] = str(len(next(iter(vectors.values()))))
    return asyncio.run(_graphiti(given, vectors, server))


async def _graphiti(given, vectors, server):
    from falkordb.asyncio import FalkorDB
    from graphiti_core import Graphiti
    from graphiti_core.cross_encoder.client import CrossEncoderClient
    from graphiti_core.driver.falkordb_driver import FalkorDriver
    from graphiti_core.edges import EntityEdge, EpisodicEdge
    from graphiti_core.embedder.client import EmbedderClient
    from graphiti_core.nodes import EntityNode, EpisodeType, EpisodicNode

    class Given(EmbedderClient):
        async def create(self, input_data):
            text = input_data if isinstance(input_data, str) else input_data[0]
            return vectors[text].tolist()

    class Nobody(CrossEncoderClient):
        async def rank(self, query, passages):
            raise NotImplementedError

    driver = FalkorDriver(falkor_db=FalkorDB.from_url(f"unix://{server}"), database="peer")
    memory = Graphiti(graph_driver=driver, embedder=Given(), cross_encoder=Nobody())
    await memory.build_indices_and_constraints()
    told = Told()
    rows = {}
    group = driver.default_group_id
    now = datetime.now(UTC)
    speakers = sorted({speaker for speaker, _, _ in given["turns"]})
    began = perf_counter()
    people = {
        name: EntityNode(name=name, group_id=group, name_embedding=vectors[name].tolist())
        for name in speakers
    }
    for person in people.values():
        await person.save(driver)
    for row, (speaker, text, said_at) in enumerate(given["turns"]):
        when = datetime.fromisoformat(said_at).replace(tzinfo=UTC) if said_at else now
        episode = EpisodicNode(
            name=str(row),
            group_id=group,
            source=EpisodeType.message,
            source_description="conversation",
            content=text,
            valid_at=when,
            created_at=now,
        )
        await episode.save(driver)
        speaks = people[speaker]
        listens = next((one for name, one in people.items() if name != speaker), speaks)
        edge = EntityEdge(
            source_node_uuid=speaks.uuid,
            target_node_uuid=listens.uuid,
            name="SAID",
            fact=text,
            fact_embedding=vectors[text].tolist(),
            group_id=group,
            created_at=now,
            valid_at=when,
            episodes=[episode.uuid],
        )
        await edge.save(driver)
        for one in (speaks, listens):
            mention = EpisodicEdge(
                source_node_uuid=episode.uuid, target_node_uuid=one.uuid, group_id=group, created_at=now
            )
            await mention.save(driver)
        rows[edge.uuid] = row
    told.ingest_ms = (perf_counter() - began) * 1e3
    for question in given["questions"]:
        began = perf_counter()
        edges = await memory.search(question, num_results=AT_MOST)
        told.query_ms.append((perf_counter() - began) * 1e3)
        told.found.append([rows[edge.uuid] for edge in edges])
    await memory.close()
    return told


PEERS = {"geny": geny, "mem0": mem0, "graphiti": graphiti}


def main():
    """Do as the command line says."""
    name, given_path, vectors_path, told_path, server = sys.argv[1:]
    given = json.loads(Path(given_path).read_text("utf-8"))
    rows = np.load(vectors_path)
    vectors = dict(zip(given["texts"], rows, strict=True))
    with TemporaryDirectory() as folder:
        told = PEERS[name](given, vectors, Path(folder), server)
    Path(told_path).write_text(json.dumps(vars(told)), "utf-8")


if __name__ == "__main__":
    main()
