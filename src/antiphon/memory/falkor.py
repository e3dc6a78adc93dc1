"""The graph memory on a FalkorDB server: the same graph in openCypher, one graph per user.

The server is the record and nothing else: recall reads the image in this process, as it does with a file,
so no question ever waits for a network. Statements are worked out on a copy in this process and written
to the server in one transaction, under a version: who finds that somebody else has written reads the
graph anew first.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import Busy, ConfigInvalid, ContractBroken, EngineBroken, PrerequisiteMissing
from antiphon.memory.falkor_cypher import INDICES, before_first, key_of, reading, received, writes
from antiphon.memory.record import IN_PROCESS, Record
from antiphon.memory.stating import Superseded
from antiphon.memory.touched import TABLES, fill, touched, watch
from antiphon.memory.values import Draft, Entity, Fact, Turn

T = TypeVar("T")

NAME: Final = "falkordb"
_PAGE: Final = 512
_TRIES: Final = 5
_WAIT_S: Final = 10.0


class FalkorRecord:
    """A `Log` on a server."""

    def __init__(self, url: str, user: str, embedder: str, dimensions: int) -> None:
        """Connect to the server at `url` ("redis://host:port", "unix:///path"), to the graph of `user`.

        Raises:
            PrerequisiteMissing: the client is not installed, or no server answers.
            EngineBroken: it is no FalkorDB, or fails.
            ConfigInvalid: `url` is none, or the graph's vectors are another embedder's.
        """
        self.embedder, self.dimensions = embedder, dimensions
        self._where = _without_secrets(url)
        self._graph_key, self._version_key = f"antiphon:{{{user}}}", f"antiphon:{{{user}}}:version"
        self._falkordb, self._redis = _client()
        try:
            self._db: Any = self._falkordb.FalkorDB.from_url(
                url, socket_timeout=_WAIT_S, socket_connect_timeout=_WAIT_S
            )
        except ValueError as error:
            raise ConfigInvalid(
                (f"memory.falkordb.url: {self._where!r} is no address of a server",)
            ) from error
        except self._redis.RedisError as error:
            raise PrerequisiteMissing(
                f"no FalkorDB answers at {self._where}", remedy="docker run -p 6379:6379 falkordb/falkordb"
            ) from error
        self._graph: Any = self._db.select_graph(self._graph_key)
        self._mirror: Record | None = None
        self._version = -1
        self.generation = 0
        self._closed = False
        self._asked(self._prepare)
        self._current()

    def turns(self) -> Iterator[tuple[int, Turn, bytes]]:
        """As `Record`, like all that follow."""
        return self._current().turns()

    def known(self, ids: Iterable[str]) -> set[str]:
        """Those of `ids` that have been learned, by anybody."""
        return self._current().known(ids)

    def learn(
        self, turns: Sequence[Turn], vectors: NDArray[np.float16], drafts: Sequence[Sequence[Draft]]
    ) -> list[Superseded]:
        """Write `turns`, unknown until now; all or nothing."""

        def learn(mirror: Record) -> list[Superseded]:
            # What somebody else has learned in the meantime is theirs.
            known = mirror.known(turn.id for turn in turns)
            left = [place for place, turn in enumerate(turns) if turn.id not in known]
            return mirror.learn([turns[at] for at in left], vectors[left], [drafts[at] for at in left])

        return self._write(learn)

    def restate(self, stated: Sequence[tuple[str, Draft]]) -> list[Superseded]:
        """Write facts that were read out of known turns later."""
        return self._write(lambda mirror: mirror.restate(stated))

    def forget(self, ids: Sequence[str]) -> int:
        """Delete these turns and all that rests on them alone."""
        return self._write(lambda mirror: mirror.forget(ids))

    def facts(self, sources: Sequence[str] | None = None, *, current: bool = False) -> list[Fact]:
        """Facts, in the order they were learned."""
        return self._current().facts(sources, current=current)

    def count_facts(self) -> int:
        """How many facts there are."""
        return self._current().count_facts()

    def entities(self) -> list[Entity]:
        """Everybody and everything with a name."""
        return self._current().entities()

    def outdated(self) -> list[Superseded]:
        """Of every fact that a turn has superseded, both turns."""
        return self._current().outdated()

    def refresh(self) -> None:
        """Look whether others have written; if so, the graph is read anew."""
        if self._asked(lambda: int(self._db.connection.get(self._version_key) or 0)) != self._version:
            self._drop()
        self._current()

    def close(self) -> None:
        """Let go of the server. Calling it twice is allowed."""
        if not self._closed:
            self._db.close()
            self._drop()
        self._closed = True

    def _write(self, statement: Callable[[Record], T]) -> T:
        for _ in range(_TRIES):
            mirror = self._current()
            try:
                done = statement(mirror)
                with mirror.use() as connection:
                    queries = list(writes(touched(connection)))
                if self._asked(lambda queries=queries: self._sent(queries)):
                    return done
            except BaseException:
                # What was worked out here is not what the server has.
                self._drop()
                raise
            self._drop()  # somebody else has written since
        raise Busy(f"others have been writing to the graph at {self._where} all the time; try again")

    def _sent(self, queries: Sequence[tuple[str, Any]]) -> bool:
        """Send all `queries` in one transaction; False when the graph is not of the version we know."""
        with self._db.connection.pipeline(transaction=True) as pipe:
            pipe.watch(self._version_key)
            if int(pipe.get(self._version_key) or 0) != self._version:
                return False
            pipe.multi()
            for query, parameters in queries:
                pipe.execute_command(
                    "GRAPH.QUERY", self._graph_key, self._text(query, parameters), "--compact"
                )
            pipe.incr(self._version_key)
            try:
                pipe.execute()
            except self._redis.WatchError:
                return False
        self._version += 1
        return True

    def _text(self, query: str, parameters: Any) -> str:
        stringify = self._falkordb.helpers.stringify_param_value
        given = " ".join(f"{name}={stringify(value)}" for name, value in parameters.items())
        return f"CYPHER {given} {query}" if given else query

    def _current(self) -> Record:
        """The copy in this process, read anew if there is none."""
        if self._closed:
            raise ContractBroken("this memory is closed")
        if self._mirror is None:
            self._mirror = self._asked(self._read)
            self.generation += 1
        return self._mirror

    def _read(self) -> Record:
        while True:
            before = int(self._db.connection.get(self._version_key) or 0)
            mirror = Record(IN_PROCESS, self.embedder, self.dimensions)
            with mirror.use() as connection:
                for name in TABLES:
                    for rows in self._pages(name):
                        fill(connection, name, rows)
                watch(connection)
            if int(self._db.connection.get(self._version_key) or 0) == before:
                self._version = before
                return mirror
            mirror.close()

    def _pages(self, name: str) -> Iterator[list[list[Any]]]:
        after = before_first(name)
        while True:
            rows = self._graph.query(*reading(name, after, _PAGE)).result_set
            if not rows:
                return
            yield [received(name, row) for row in rows]
            after = key_of(name, rows[-1])

    def _prepare(self) -> None:
        for label, column in INDICES:
            try:
                self._graph.query(f"CREATE INDEX FOR (n:{label}) ON (n.{column})")
            except self._redis.ResponseError as error:
                if "already indexed" not in str(error):
                    raise
        mine = f"{self.embedder} {self.dimensions}"
        query = "MERGE (m:Meta {key: 'vectors'}) ON CREATE SET m.value = $mine RETURN m.value"
        ((theirs,),) = self._graph.query(query, {"mine": mine}).result_set
        if theirs != mine:
            raise ConfigInvalid(
                (
                    f"the vectors of the graph at {self._where} are of {theirs!r} and not of {mine!r}: "
                    f"name that embedder",
                )
            )

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except self._redis.RedisError as error:
            # What a server says may hold what was said to it; its first words are its own.
            said = str(error).split("errCtx")[0][:120].strip() or type(error).__name__
            raise EngineBroken(
                NAME, f"the server at {self._where}: {said}; nothing of this was written"
            ) from error

    def _drop(self) -> None:
        if self._mirror is not None:
            self._mirror.close()
        self._mirror = None


def _client() -> tuple[Any, Any]:
    try:
        return import_module("falkordb"), import_module("redis").exceptions
    except ModuleNotFoundError as error:
        raise PrerequisiteMissing(
            "the memory falkordb needs its client", remedy="pip install antiphon[falkordb]"
        ) from error


def _without_secrets(url: str) -> str:
    """`url` without name and password."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2].partition('?')[0]}"
