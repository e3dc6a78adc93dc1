"""One conversation with a cast: what was said goes in, entries for the journal and the state come out. Pure.

Whoever drives it, a terminal or the live loop, says what the caller's settled words were and what of the
agent's answer was heard. The entries are all there is to remember: `fold` makes the same state of them.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Literal, TypeAlias

import msgspec

from antiphon.contracts import ConversationClosed, JournalEntry, Ticks
from antiphon.samp.ahead import proposal_id
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

Write: TypeAlias = Callable[[str, Mapping[str, Any], Ticks], JournalEntry]


class CastSession:
    """Where a conversation is, and all that happened in it.

    Attributes:
        state: where it is.
        entries: everything that happened, as the journal takes it.
    """

    def __init__(
        self,
        cast: Cast,
        decider: Decider,
        *,
        session: str = "cast",
        entries: Iterable[JournalEntry] = (),
        write: Write | None = None,
    ) -> None:
        """Begin, or go on after the `entries` that a journal has of it.

        Args:
            cast: what is played.
            decider: judges the caller's turns.
            session: its name in the entries.
            entries: what happened before.
            write: makes and keeps an entry; whoever gives it also says what happened through `take`, and
                `entries` holds nothing new.

        Raises:
            ContractBroken: the entries are of another cast.
        """
        self._cast, self._decider, self._session = cast, decider, session
        self._write: Write = write or self._keep
        self.entries: list[JournalEntry] = list(entries)
        self.state: State = fold(cast, self.entries)
        if not self.entries:
            self._note(CAST_OPENED, msgspec.to_builtins(opened(cast)))

    def take(self, entry: JournalEntry) -> Verdict | None:
        """Something has happened and is written; what became of it, when it was a proposal."""
        self.state, verdict = step(self._cast, self.state, entry)
        return verdict

    def close(self) -> None:
        """Propose nothing more, and let go of whoever writes; what has happened is still taken."""
        self._write = _refuse

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
        return decision, self.decided(decision, turn, at=at)

    def decided(self, decision: Decision, turn: int, *, at: Ticks = 0) -> tuple[Verdict, ...]:
        """Propose what the words of `turn` were taken for."""
        return tuple(
            self.propose(command, name=proposal_id(turn, number), by="live", turn=turn, at=at)
            for number, command in enumerate(decision.commands)
        )

    def propose(
        self,
        command: Command,
        *,
        name: str,
        by: Literal["live", "reflective", "client"],
        base: int | None = None,
        turn: int | None = None,
        at: Ticks = 0,
    ) -> Verdict:
        """Propose a command under a name of its own.

        It is thought of for the version `base` and because of the caller's `turn`: those at hand unless said.
        """
        proposal = Proposal(
            id=name,
            base=self.state.version if base is None else base,
            turn=self.state.turn if turn is None else turn,
            by=by,
            command=command,
        )
        verdict = self._note(STATE_PROPOSED, proposed(proposal), at)
        assert verdict is not None
        return verdict

    def _note(self, kind: str, body: Mapping[str, Any], at: Ticks = 0) -> Verdict | None:
        return self.take(self._write(kind, body, at))

    def _keep(self, kind: str, body: Mapping[str, Any], at: Ticks) -> JournalEntry:
        sequence = self.entries[-1].sequence + 1 if self.entries else 1
        entry = JournalEntry(session=self._session, sequence=sequence, at=at, kind=kind, body=body)
        self.entries.append(entry)
        return entry


def _refuse(kind: str, body: Mapping[str, Any], at: Ticks) -> JournalEntry:
    del body, at
    raise ConversationClosed(f"nobody writes down {kind}: the conversation is over")
