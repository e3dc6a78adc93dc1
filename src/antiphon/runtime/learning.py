"""What was said in a conversation, on its way into memory: learned when nobody speaks."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from antiphon.contracts import Busy, Memory, Utterance
from antiphon.runtime.lanes import Lane, nobody
from antiphon.runtime.scheduler import REFLECTIVE

UNLEARNED_MAX = 2000
"""Utterances that wait for a memory that cannot write; the oldest are given up then."""


class Learning:
    """Learns one conversation. What a memory failed to learn is tried again with what comes next.

    `failed` is called on the lane, with a sentence, and `learned` with the memory that knows more now.
    """

    def __init__(
        self,
        session: str,
        lane: Lane,
        *,
        failed: Callable[[str], None],
        learned: Callable[[Memory], None] = nobody,
    ) -> None:
        self._session, self._lane, self._failed, self._learned = session, lane, failed, learned
        self._memory: Memory | None = None
        self._lock = Lock()
        self._unlearned: list[Utterance] = []
        self._said: frozenset[str] = frozenset()

    @property
    def said(self) -> frozenset[str]:
        """The ids under which this conversation is learned."""
        return self._said

    def use(self, memory: Memory) -> None:
        """From now on there is somewhere to learn."""
        self._memory = memory
        self._begin()

    def hear(self, item_id: str, speaker: str, text: str, persona: str = "", to: str = "") -> None:
        """`speaker` has said `text`, and only what was heard of it; `to` somebody, if that is known."""
        if not text.strip():
            return
        name = f"{self._session}/{item_id}"
        utterance = Utterance(
            id=name,
            speaker=speaker,
            text=text,
            said_at=datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
            conversation=self._session,
            persona=persona,
            to=to,
        )
        self._said |= {name}
        with self._lock:
            self._unlearned = [*self._unlearned, utterance][-UNLEARNED_MAX:]
        self._begin()

    def finish(self, memory: Memory) -> None:
        """Learn what is left. On the lane."""
        with self._lock:
            said, self._unlearned = self._unlearned, []
        try:
            memory.ingest(said)
        except Exception as error:
            with self._lock:
                self._unlearned = [*said, *self._unlearned][-UNLEARNED_MAX:]
            self._failed(f"{type(error).__name__}: {error}")
        else:
            if said:
                self._learned(memory)

    def _begin(self) -> None:
        memory = self._memory
        if memory is None or not self._unlearned:
            return
        try:
            self._lane.submit(lambda: self.finish(memory), priority=REFLECTIVE)
        except Busy as error:
            self._failed(str(error))
