"""The engine `falkordb`: a graph memory whose record is a graph server."""

from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Literal, Self

import msgspec

from antiphon.contracts import EngineCard, EngineSetup, Recall, RecallQuery, Utterance
from antiphon.contracts.settings import decode
from antiphon.memory.falkor import NAME, FalkorRecord
from antiphon.memory.graph import REFINED_AT_MOST, GraphMemory, open_embedder
from antiphon.memory.refining import Refining


class FalkorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `memory.falkordb`."""

    url: str = "redis://127.0.0.1:6379"
    """The server: "redis://[[name]:password@]host:port", "rediss://..." or "unix:///path/to/socket"."""
    user: Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[\w.@-]+$")] = "default"
    """Whose graph: one each, and nobody's facts are in another's."""
    embedder: str = "minilm"
    """The engine whose vectors are compared; empty: words and graph only."""
    reach: Literal["all", "conversation"] = "all"
    """Whether other conversations in the graph may be recalled."""


class FalkorMemory:
    """As `GraphMemory`; what is learned is on the server before `ingest` returns."""

    card: ClassVar[EngineCard] = EngineCard(
        name=NAME,
        part="memory",
        summary="The graph memory on a FalkorDB server, one graph per user; recall never waits for it.",
        licence="Apache-2.0",
        languages=("en",),
        capabilities=frozenset({"user"}),
        concurrency=4,
    )
    settings_kind: ClassVar[type[FalkorSettings]] = FalkorSettings

    def __init__(self, graph: GraphMemory) -> None:
        self.graph = graph
        """Everything that a graph memory can do besides."""

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Settings as in `FalkorSettings`; the graph is read from the server.

        Raises:
            ConfigInvalid, PrerequisiteMissing, EngineBroken: as `FalkorRecord`.
        """
        settings = decode(setup.settings, FalkorSettings, "memory.falkordb")
        embedder = open_embedder(settings.embedder, setup)
        name, dimensions = ("none", 0) if embedder is None else (embedder.card.name, embedder.dimensions)
        try:
            record = FalkorRecord(settings.url, settings.user, name, dimensions)
        except BaseException:
            if embedder is not None:
                embedder.close()
            raise
        return cls(GraphMemory(embedder=embedder, reach=settings.reach, record=record, owns_embedder=True))

    def ingest(self, utterances: Sequence[Utterance]) -> None:
        """Learn, in the order they were said. On return the server has them.

        Whether it keeps them over its own end is its setting (`appendonly yes`).
        """
        self.graph.ingest(utterances)

    def recall(self, query: RecallQuery, count_tokens: Callable[[str], int]) -> Recall:
        """The best context within `query.budget_tokens`; the server is not asked."""
        return self.graph.recall(query, count_tokens)

    def refine(self, at_most: int = REFINED_AT_MOST) -> Refining:
        """As `GraphMemory.refine`."""
        return self.graph.refine(at_most)

    def forget(self, ids: Sequence[str]) -> int:
        """Really forget these utterances and all that rests on them; returns how many were known."""
        return self.graph.forget(ids)

    def close(self) -> None:
        """Let go of the server and the embedder. Calling it twice is allowed."""
        self.graph.close()
