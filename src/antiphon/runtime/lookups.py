"""What is looked up in one conversation: the words of each turn, and what of the finds is worth reading."""

import asyncio
from collections.abc import Callable
from functools import partial
from threading import Event as Flag

from antiphon.contracts import AntiphonError, Recalled, RecallQuery
from antiphon.runtime.cast_notes import CastNotes, Scope
from antiphon.runtime.config import MemoryConfig
from antiphon.runtime.lanes import nobody, post
from antiphon.runtime.memory_access import MemoryAccess
from antiphon.runtime.notes import Note, Notes
from antiphon.runtime.price import TokenPrice
from antiphon.runtime.recalls import NOTHING, Found, best_within

FRAME_TOKENS = 12
"""What a note costs beside its lines: its heading, its days, the frame of the template."""
TYPED_WAIT_S = 0.5
"""How long an answer to typed words waits for a memory that is being opened: nobody hears that."""
SPOKEN, BEFORE, LATE, TYPED, OPENED = (
    "recalled while the caller spoke",
    "recalled for the turn before",
    "worth waiting for",
    "recalled for what was typed",
    "known before a word was said",
)
"""Why a line stands in a prompt."""


class Lookups:
    """Asks the memory, and keeps what it had; without one, nothing is found.

    Methods are called on the loop unless they say otherwise.
    """

    def __init__(
        self,
        session: str,
        memory: MemoryAccess | None,
        notes: Notes | CastNotes,
        scope: Scope,
        *,
        price: TokenPrice,
        config: MemoryConfig,
        found: Callable[[int], None],
        failed: Callable[[str], None],
    ) -> None:
        """`found` is told each turn for which there is an answer, `failed` what went wrong; on the loop."""
        self._session, self._memory, self._notes = session, memory, notes
        self._scope, self._price, self._config = scope, price, config
        self._loop = asyncio.get_running_loop()
        self._tell_found, self._failed = found, failed
        self._asking = Flag()
        self._found: dict[int, tuple[Found, float]] = {}
        self._why: dict[str, str] = {}
        """Of each line that was put into a prompt."""

    def look_up(self, turn: int, text: str) -> None:
        """Recall for the words of `turn` so far; what was asked before it is no longer of interest."""
        last, _ = self.found(turn)
        if self._memory is None or not self._memory.ready or last.query == text:
            return
        self._asking.set()
        self._asking = self._memory.ask(self._query(turn, text), partial(self._recalled, turn))

    def found(self, turn: int) -> tuple[Found, float]:
        """What was recalled last for `turn`, and how long that took in ms."""
        return self._found.get(turn, (NOTHING, 0.0))

    def why(self, line_id: str) -> str:
        """Why this line stands in a prompt."""
        return self._why.get(line_id, OPENED)

    def fresh(self, turn: int, within_ms: float, why: str) -> list[Recalled]:
        """The lines for `turn` that are not in the prompt yet, as many as can be read in this time.

        They are to be put into it, and `why` says why. On any thread.
        """
        found, _ = self.found(turn)
        known = self._notes.known
        fresh = [line for line in found.lines if line.id not in known]
        room = self._price.tokens_for(within_ms)
        fresh = fresh if room is None else best_within(fresh, room - FRAME_TOKENS)
        self._why |= {line.id: why for line in fresh}
        return fresh

    def forget(self, turn: int) -> None:
        """The turn has ended."""
        self._found.pop(turn, None)

    def close(self) -> None:
        """Nothing is wanted any more, and nothing will be told."""
        self._asking.set()
        self._tell_found = self._failed = nobody

    # On the language model's lane.

    def late(self, turn: int) -> Note | None:
        """What an answer may wait for."""
        if not self._config.late_ms or self._price.token_ms is None:
            return None
        lines = self.fresh(turn, self._config.late_ms, LATE)
        return Note(lines=tuple(lines), behind=True) if lines else None

    def for_typed(self, turn: int, text: str) -> Note | None:
        """What there is for words that were typed: it is waited for."""
        if self._memory is None or not self._memory.wait_open(TYPED_WAIT_S):
            return None
        try:
            self._found[turn] = found, _ = self._memory.recall(self._query(turn, text))
        except AntiphonError as error:
            message = str(error)
            post(self._loop, lambda: self._failed(message))
            return None
        self._why |= {line.id: TYPED for line in found.lines}
        return Note(lines=found.lines) if found.lines else None

    def _recalled(self, turn: int, found: Found, took_ms: float) -> None:
        self._found[turn] = found, took_ms
        self._tell_found(turn)

    def _query(self, turn: int, text: str) -> RecallQuery:
        assert self._memory is not None
        pending = self._notes.pending
        held = [*self._notes.used_in(turn), *([pending] if pending is not None else [])]
        spent = sum(line.tokens for note in held for line in note.lines)
        return RecallQuery(
            text=text,
            budget_tokens=max(0, self._config.turn_tokens - spent),
            speaker=self._memory.user,
            conversation=self._session,
            persona=self._scope.persona,
            # What was said in this conversation stands in the prompt as what was said.
            known=self._notes.known | self._memory.learning.said,
        )
