"""What a conversation with a cast left half done when its process or line ended, by its journal.

A turn that is committed is decided in the same breath, and its tools are begun; but a process may end between
two entries. What was not written down has not happened: it is done when the conversation goes on. Doing it
again where it was done changes nothing, because proposals and calls have names.
"""

from collections.abc import Sequence

import msgspec

from antiphon.contracts import JournalEntry
from antiphon.runtime.casting import Staged
from antiphon.samp.ahead import taken_for
from antiphon.samp.deciding import Decision
from antiphon.samp.fold import CALLER_TURN_COMMITTED, fold
from antiphon.samp.state import State

_ANSWERED = frozenset({"prompt_compiled", "reply_progressed", "reply_ended"})
"""Written down after everything that follows from the turn they answer."""


class Late(msgspec.Struct, frozen=True):
    """A committed turn of which nobody knows whether all that follows from it was written down."""

    turn: int
    state: State
    """As it was when the turn was committed, and nothing was proposed because of it."""
    decision: Decision


def late_turn(staged: Staged, entries: Sequence[JournalEntry]) -> Late | None:
    """What the last turn is taken for, if nothing of an answer to it is written down. On a lane.

    Raises:
        ContractBroken: the entries are of another cast.
    """
    cast = staged.cast
    for place in range(len(entries) - 1, -1, -1):
        entry = entries[place]
        if entry.kind in _ANSWERED:
            return None
        if entry.kind == CALLER_TURN_COMMITTED and str(entry.body["text"]).strip():
            state, turn = fold(cast, entries[: place + 1]), int(entry.body["turn"])
            text = str(entry.body["text"])
            made = taken_for(cast, staged.decider, state, turn, text, today=staged.today())
            return Late(turn, state, made.decision)
    return None
