"""States that have not come about yet: what the caller's words would lead to if they said no more. Pure.

An answer is begun, and its prompt read, before a turn is over. `imagined` is what its words so far will have
led to; while there are no words, or none that tell, `presumed` takes them to answer what was asked.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from msgspec.structs import replace

from antiphon.contracts import JournalEntry
from antiphon.samp.applying import settle
from antiphon.samp.cast import BACK, Cast, Slot
from antiphon.samp.commands import Command, GoTo, Proposal, Return, SetSlot
from antiphon.samp.deciding import Decider, Decision
from antiphon.samp.fold import CALLER_TURN_COMMITTED, REPLY_ENDED, TOOL_CALLED, step
from antiphon.samp.guards import Value
from antiphon.samp.state import State, heard_of, open_tasks, opening_of, values
from antiphon.samp.tools import Call

_UNSAID = "…"


class Imagined(msgspec.Struct, frozen=True):
    """What a turn would come to."""

    state: State
    decision: Decision


def imagined(cast: Cast, decider: Decider, state: State, turn: int, text: str, *, today: date) -> Imagined:
    """What the state will be when `text` is all that the caller says in `turn`."""
    after = _happened(cast, state, CALLER_TURN_COMMITTED, {"turn": turn, "text": text})
    return taken_for(cast, decider, after, turn, text, today=today)


def taken_for(cast: Cast, decider: Decider, state: State, turn: int, text: str, *, today: date) -> Imagined:
    """The same when `text` is committed as `turn` already, and nothing was proposed because of it."""
    if not text.strip():
        return Imagined(state, Decision((), ()))
    decision = decider.decide(state, text, today=today)
    return Imagined(_proposed(cast, state, turn, decision.commands), decision)


def led_to(cast: Cast, state: State, turn: int, text: str, commands: tuple[Command, ...]) -> State:
    """The state of `imagined`, or without `text` of `taken_for`, when words were taken for these commands."""
    if text:
        state = _happened(cast, state, CALLER_TURN_COMMITTED, {"turn": turn, "text": text})
    return _proposed(cast, state, turn, commands)


def presumed(
    cast: Cast, decider: Decider, state: State, turn: int, *, today: date, goes_back: bool = True
) -> State:
    """What the state will be when the caller answers what they were asked, with whatever it is.

    Where nothing is asked they are taken to go the scene's first way in words, which is its author's most
    usual one; and out of a topic that they brought up, once they have heard of it, back to where they were,
    unless their words tell already that they do not (not `goes_back`).
    """
    state = unmoved(cast, state, turn)
    scene = state.place.scene
    first = next(iter(open_tasks(cast, scene, state)), None)
    if goes_back and state.stack and (first is None or not first.ask) and _heard_of_it(cast, state):
        return _proposed(cast, state, turn, (Return(),))
    if first is None and not cast.scenes[scene].checklist:
        usual = next((way.to for way in cast.scenes[scene].ways if way.when or way.says), BACK)
        return state if usual == BACK else _proposed(cast, state, turn, (GoTo(usual),))
    if first is None or not first.ask:
        return state
    answer = SetSlot(first.ask, _some_value(cast.slots[first.ask], today))
    told = _proposed(cast, state, turn, (answer,), name="presumed")
    move = decider.opened(state, values(told), fresh=True)
    return told if move is None else _proposed(cast, told, turn, (move,))


def unmoved(cast: Cast, state: State, turn: int) -> State:
    """What the state will be when the caller says something else than they were asked."""
    return _happened(cast, state, CALLER_TURN_COMMITTED, {"turn": turn, "text": _UNSAID})


def looked_up(cast: Cast, future: Imagined, outcomes: Sequence[tuple[Call, str]]) -> Imagined:
    """The same future, in which these calls were made and gave back these texts."""
    state = future.state
    for call, text in outcomes:
        for status in ("running", "done"):
            body = {"id": call.id, "tool": call.tool, "turn": call.turn, "status": status, "text": text}
            state = _happened(cast, state, TOOL_CALLED, body)
    return replace(future, state=state)


def heard_whole(cast: Cast, decider: Decider, state: State, reply: Mapping[str, Any]) -> State:
    """What the state will be when the reply, an entry's body as `fold` has it, is heard to its end."""
    state = _happened(cast, state, REPLY_ENDED, reply)
    return _proposed(cast, state, state.turn, decider.done_tasks(state), name="tick")


def proposal_id(turn: int, number: int, *, name: str = "turn") -> str:
    """What the live loop calls its proposals, the imagined ones and the made ones."""
    return f"{name}-{turn}-{number}"


def _happened(cast: Cast, state: State, kind: str, body: Mapping[str, Any]) -> State:
    return step(cast, state, JournalEntry(session="", sequence=1, at=0, kind=kind, body=body))[0]


def _proposed(
    cast: Cast, state: State, turn: int, commands: tuple[Command, ...], *, name: str = "turn"
) -> State:
    for number, command in enumerate(commands):
        proposal = Proposal(
            id=proposal_id(turn, number, name=name),
            base=state.version,
            turn=turn,
            by="live",
            command=command,
        )
        state, _ = settle(cast, state, proposal)
    return state


def _heard_of_it(cast: Cast, state: State) -> bool:
    """Whether the agent has said more in this scene than its opening."""
    scene = state.place.scene
    last = next((said for said in reversed(state.history) if said.role == "agent"), None)
    opening = opening_of(cast, state, scene)
    return last is not None and last.scene == scene and not (opening and heard_of(opening, last.text))


def _some_value(slot: Slot, today: date) -> Value:
    match slot.type:
        case "number":
            return slot.least if slot.least is not None else min(1.0, slot.most or 1.0)
        case "time":
            return "12:00"
        case "date":
            return today.isoformat()
        case "choice":
            return next(iter(slot.options), _UNSAID)
        case "name" | "free":
            return _UNSAID
