"""One conversation with a cast: what was said goes in, entries for the journal and the state come out. Pure.

Whoever drives it, a terminal or the live loop, says what the caller's settled words were and what of the
agent's answer was heard. The entries are all there is to remember: `fold` makes the same state of them.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal

import msgspec

from antiphon.contracts import JournalEntry, Ticks
from antiphon.samp.cast import Cast
from antiphon.samp.commands import Command, Proposal, Verdict
from antiphon.samp.deciding import Decider, Decision
from antiphon.samp.fold import (
    CALLER_TURN_COMMITTED,
    CAST_OPENED,
    REPLY_ENDED,
    STATE_PROPOSED,
    fold,
    opened,
    proposed,
    step,
)
from antiphon.samp.state import State


class CastSession:
    """Where a conversation is, and all that happened in it.

    Attributes:
        state: where it is.
        entries: everything that happened, as the journal takes it.
    """

    def __init__(
        self, cast: Cast, decider: Decider, *, session: str = "cast", entries: Iterable[JournalEntry] = ()
    ) -> None:
        """Begin, or go on after the `entries` that a journal has of it.

        Raises:
            ContractBroken: the entries are of another cast.
        """
        self._cast, self._decider, self._session = cast, decider, session
        self.entries: list[JournalEntry] = list(entries)
        self.state: State = fold(cast, self.entries)
        if not self.entries:
            self._note(CAST_OPENED, msgspec.to_builtins(opened(cast)))

    def agent_heard(self, text: str, *, at: Ticks = 0) -> None:
        """The agent's answer is over, and so much of it was heard; what it thereby did is ticked off."""
        place = self.state.place
        body = {"turn": self.state.turn, "heard": text, "scene": place.scene, "persona": place.persona}
        self._note(REPLY_ENDED, body, at)
        for number, tick in enumerate(self._decider.done_tasks(self.state)):
            self.propose(tick, name=f"tick-{len(self.entries)}-{number}", by="live", at=at)

    def caller_said(
        self, text: str, *, today: date, at: Ticks = 0, margins: Mapping[str, float] = {}
    ) -> tuple[Decision, tuple[Verdict, ...]]:
        """The caller's turn is committed; what it is taken for, and what became of each command of that."""
        turn = self.state.turn + 1
        self._note(CALLER_TURN_COMMITTED, {"turn": turn, "text": text}, at)
        decision = self._decider.decide(self.state, text, today=today, margins=margins)
        verdicts = tuple(
            self.propose(command, name=f"turn-{turn}-{number}", by="live", at=at)
            for number, command in enumerate(decision.commands)
        )
        return decision, verdicts

    def propose(
        self, command: Command, *, name: str, by: Literal["live", "reflective", "client"], at: Ticks = 0
    ) -> Verdict:
        """Propose a command for the state as it is, under a name of its own."""
        proposal = Proposal(id=name, base=self.state.version, turn=self.state.turn, by=by, command=command)
        verdict = self._note(STATE_PROPOSED, proposed(proposal), at)
        assert verdict is not None
        return verdict

    def _note(self, kind: str, body: Mapping[str, Any], at: Ticks = 0) -> Verdict | None:
        sequence = self.entries[-1].sequence + 1 if self.entries else 1
        entry = JournalEntry(session=self._session, sequence=sequence, at=at, kind=kind, body=body)
        self.state, verdict = step(self._cast, self.state, entry)
        self.entries.append(entry)
        return verdict
