"""Why a proposal is dropped: the rules, in the order they are asked. Pure.

A proposal is dropped when
 1. it was decided before: then not even the verdict is new (`applying.settle` looks first);
 2. the conversation has ended;
 3. it knows a version or a turn that has not been, or a turn that is long over;
 4. what it would change has changed since it was thought of: a slot for slots, the place for all else;
 5. its turn has moved the conversation already, and it does not say that this move was wrong;
 6. the cast does not allow it from here: no such way, a guard that does not hold, nothing to go back to.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from antiphon.samp.cast import BACK, Cast
from antiphon.samp.commands import (
    Clarify,
    Command,
    CorrectSlot,
    GoTo,
    JumpTo,
    Leave,
    Move,
    Proposal,
    Renew,
    Return,
    SetSlot,
    SwitchPersona,
    Tick,
    UnsetSlot,
)
from antiphon.samp.fits import misfit
from antiphon.samp.state import TURNS_BACK_MAX, State, allowed, values


def objections(cast: Cast, state: State, proposal: Proposal) -> Iterator[str]:
    """Why `proposal` is dropped, the first reason first; nothing when it is applied."""
    if state.ended:
        yield "the conversation has ended"
    if not 0 <= proposal.base <= state.version:
        yield f"it knows version {proposal.base}, and there was none beyond {state.version}"
    if proposal.turn > state.turn:
        yield f"turn {proposal.turn} is not committed"
    if proposal.turn < state.turn - TURNS_BACK_MAX:
        yield f"turn {proposal.turn} is long over"
    match proposal.command:
        case SetSlot() | CorrectSlot() | UnsetSlot():
            yield from _slot_objections(cast, state, proposal.base, proposal.command)
        case Tick() | Clarify():
            yield from _talk_objections(cast, state, proposal, proposal.command)
        case Renew(persona):
            if persona not in cast.personas:
                yield f"there is no persona {persona}"
            if persona in state.renewed and state.renewed[persona] >= proposal.turn:
                yield "it was renewed since"
        case GoTo() | JumpTo() | Return() | SwitchPersona() | Leave():
            yield from _move_objections(cast, state, proposal, proposal.command)


def _slot_objections(
    cast: Cast, state: State, base: int, command: SetSlot | CorrectSlot | UnsetSlot
) -> Iterator[str]:
    slot, known = command.slot, state.slots.get(command.slot)
    if slot not in cast.slots:
        yield f"there is no slot {slot}"
    elif not isinstance(command, UnsetSlot) and (wrong := misfit(cast.slots[slot], command.value)):
        yield f"{slot} {wrong}"
    since = known or state.unset.get(slot)
    if since is not None and since.version > base:
        yield f"{slot} has changed since"
    if isinstance(command, SetSlot):
        if known is not None:
            yield f"{slot} is known; it can be corrected"
    elif known is None or known.value != command.was:
        does = "takes back" if isinstance(command, UnsetSlot) else "corrects"
        yield f"it {does} {command.was!r}, which {slot} is not"
    elif isinstance(command, CorrectSlot) and command.was == command.value:
        yield "it changes nothing"


def _talk_objections(cast: Cast, state: State, proposal: Proposal, command: Tick | Clarify) -> Iterator[str]:
    if state.place_version > proposal.base:
        yield "the conversation has gone elsewhere since"
    if isinstance(command, Tick):
        if all(each.do != command.task for each in cast.scenes[state.place.scene].checklist):
            yield "that is not on the checklist of this scene"
        if f"{state.place.scene}: {command.task}" in state.ticked:
            yield "it was done before"
    else:
        if command.slot in state.slots:
            yield f"{command.slot} is known"
        if proposal.turn != state.turn:
            yield "the caller has spoken since"


def _move_objections(cast: Cast, state: State, proposal: Proposal, move: Move) -> Iterator[str]:
    mended = mended_version(move)
    if isinstance(move, GoTo | JumpTo) and target(move) == state.place.scene:
        yield "the conversation is there already"
    if state.place_version > proposal.base:
        yield "the conversation has gone elsewhere since"
    if mended is not None:
        if state.came_from is None or mended != state.place_version:
            yield "the move it mends is not the last one"
        if proposal.turn < state.moved_turn:
            yield "a later turn has moved the conversation"
    elif proposal.turn <= state.moved_turn:
        yield "this turn has moved the conversation already"
    if reason := _not_allowed(cast, before_last_move(state) if mended is not None else state, move):
        yield reason


def target(move: GoTo | JumpTo) -> str:
    """The scene a move ends in."""
    return move.then[-1] if isinstance(move, GoTo) and move.then else move.scene


def mended_version(command: Command) -> int | None:
    """The version of the move that `command` says was wrong; None when it says nothing of the kind."""
    return command.instead_of if isinstance(command, GoTo | JumpTo) else None


def _not_allowed(cast: Cast, state: State, move: Move) -> str:
    """Why the cast does not allow the move from here; empty when it does."""
    here = state.place.scene
    match move:
        case GoTo(scene, then):
            if scene not in _open(cast, state, here):
                return f"no open way leads from {here} to {scene}"
            return _not_passed(cast, state, scene, then)
        case JumpTo(scene):
            jumps = any(
                jump.to == scene and allowed(cast, here, jump.guard, values(state), state.ticked)
                for jump in cast.anywhere.values()
            )
            home = any(persona.home == scene and persona.asked_for for persona in cast.personas.values())
            return "" if jumps or home else f"nothing that can come up leads to {scene}"
        case Return(then):
            if not state.stack:
                return "there is nothing to go back to"
            back_at = state.stack[-1].scene
            if then and then[0] not in _open(cast, state, back_at):
                return f"no open way leads from {back_at} to {then[0]}"
            return _not_passed(cast, state, then[0], then[1:]) if then else ""
        case SwitchPersona(persona):
            if persona not in cast.personas:
                return f"there is no persona {persona}"
            return f"{persona} plays already" if persona == state.place.persona else ""
        case Leave():
            return "" if cast.scenes[here].ends else f"{here} is no scene to end in"


def _open(cast: Cast, state: State, scene: str) -> set[str]:
    """Where one can go from a scene, as far as slots have a say in it."""
    known = values(state)
    ways = cast.scenes[scene].ways
    return {way.to for way in ways if allowed(cast, scene, way.guard, known, state.ticked)} - {BACK}


def _not_passed(cast: Cast, state: State, scene: str, then: tuple[str, ...]) -> str:
    known, seen = values(state), {scene}
    for following in then:
        ways = cast.scenes[scene].ways
        if following in seen or not any(
            way.to == following and way.guard and allowed(cast, scene, way.guard, known, state.ticked)
            for way in ways
        ):
            return f"nothing leads on from {scene} to {following} by itself"
        seen.add(following)
        scene = following
    return ""


def before_last_move(state: State) -> State:
    """The state with the place it had before its last move."""
    place, stack = state.came_from or (state.place, state.stack)
    return replace(state, place=place, stack=stack)
