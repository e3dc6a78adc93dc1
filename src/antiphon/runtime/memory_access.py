"""One conversation's way to its user's memory: every call of it is made on the memory lane.

Answers come back on the loop. The first failure is told, and the conversation goes on without a memory.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event as Flag
from time import perf_counter

from antiphon.contracts import Busy, Memory, Recall, RecallQuery
from antiphon.runtime.accounts import drawn
from antiphon.runtime.config import MemoryConfig
from antiphon.runtime.events import MemoryRecalled
from antiphon.runtime.lanes import nobody, post
from antiphon.runtime.learning import Learning
from antiphon.runtime.memories import Memories, safe_user
from antiphon.runtime.parts import Parts
from antiphon.runtime.recalls import Found, recall
from antiphon.runtime.refining import Refining
from antiphon.runtime.scheduler import SPECULATIVE


class MemoryAccess:
    """Opens the memory of `user`, and holds it until `close`; without a user it knows documents only.

    Attributes:
        learning: what was said, on its way there.
        ready: whether it can be asked.
    """

    def __init__(
        self,
        session: str,
        user: str,
        memories: Memories,
        parts: Parts,
        config: MemoryConfig,
        *,
        failed: Callable[[str], None],
    ) -> None:
        """BadRequest: `user` is no name."""
        self._session, self.user = session, safe_user(user) if user else ""
        self._memories, self._model, self._config = memories, parts.language_model, config
        self._loop = asyncio.get_running_loop()
        self._failed = failed
        self._memory: Memory | None = None
        self._documents: Memory | None = None
        self._arrived = Flag()
        """Up once it is known whether there is a memory."""
        self._refining = Refining(parts, config.refine_calls, failed=self._fail)
        self.learning = Learning(session, memories.lane, failed=self._fail, learned=self._refine)
        self.ready = False

    def open(self, begin: str, opened: Callable[[str, Recall], None]) -> None:
        """Open it; `opened` gets what prompts may begin with, the text `begin` above it, if there is any."""

        def work() -> None:
            try:
                self._documents = self._memories.documents()
                memory = self._memory = self._memories.hold(self.user) if self.user else None
            finally:
                self._arrived.set()
            if memory is None:
                post(self._loop, partial(arrived, None, Recall("", 0)))
                return
            room = self._config.opening_tokens - self._model.count_tokens(f"{begin}\n")
            query = RecallQuery(
                text="", budget_tokens=max(0, room), speaker=self.user, conversation=self._session
            )
            known = memory.recall(query, self._model.count_tokens)
            post(self._loop, partial(arrived, memory, known))

        def arrived(memory: Memory | None, known: Recall) -> None:
            self.ready = True
            if memory is not None:
                self.learning.use(memory)
            if known.context:
                opened(f"{begin}\n{known.context}", known)

        self._submit(work)

    def ask(self, query: RecallQuery, told: Callable[[Found, float], None]) -> Flag:
        """Recall; `told` gets what was found and how many ms that took, unless the flag is up by then."""
        asking = Flag()

        def work() -> None:
            found, took_ms = self.recall(query)
            post(self._loop, lambda: None if asking.is_set() else told(found, took_ms))

        self._submit(work, asking)
        return asking

    def recall(self, query: RecallQuery) -> tuple[Found, float]:
        """What is there for `query`, and how many ms that took. On whichever thread it is called."""
        began = perf_counter()
        found = recall(
            query,
            self._memory,
            self._documents,
            answerable=self._config.answerable,
            count=self._model.count_tokens,
        )
        return found, (perf_counter() - began) * 1000

    def draw(self, event: MemoryRecalled, told: Callable[[MemoryRecalled], None]) -> None:
        """Give `told` the event with the graph around it."""

        def work() -> None:
            event_drawn = drawn(event, self._open_memories())
            post(self._loop, partial(told, event_drawn))

        self._submit(work)

    def wait_open(self, at_most_s: float) -> bool:
        """Whether it can be asked, after waiting for that; on a lane's thread."""
        return self._arrived.wait(at_most_s) and (self._memory or self._documents) is not None

    def close(self) -> None:
        """Learn what was said, and let go. Nothing fails aloud any more."""
        self._failed = nobody
        self._refining.close()
        self._submit(self._leave)

    def _leave(self) -> None:
        self._arrived.wait()
        if self._memory is not None:
            self.learning.finish(self._memory)
            self._memories.let_go(self.user)

    def _refine(self, memory: Memory) -> None:
        post(self._loop, partial(self._refining.learned, memory))

    def _open_memories(self) -> Sequence[Memory]:
        return [memory for memory in (self._memory, self._documents) if memory is not None]

    def _submit(self, call: Callable[[], None], cancel: Flag | None = None) -> None:
        def guarded() -> None:
            try:
                call()
            except Exception as error:
                self._fail(f"{type(error).__name__}: {error}")

        try:
            self._memories.lane.submit(guarded, cancel, priority=SPECULATIVE)
        except Busy as error:
            self._fail(str(error))

    def _fail(self, message: str) -> None:
        post(self._loop, lambda: self._failed(message))
