"""What becomes of a proposal. Pure.

It is applied when `rules` has no objection, in one step and for good; else it is dropped. Whatever is being
said meanwhile has no part in this, so no interruption can leave a move half made.
"""

from typing import Literal

from msgspec.structs import replace

from antiphon.samp.cast import SLOT_IN_TEXT, Cast
from antiphon.samp.commands import (
    Clarify,
    CorrectSlot,
    GoTo,
    JumpTo,
    Leave,
    Proposal,
    Renew,
    Return,
    SetSlot,
    SwitchPersona,
    Tick,
    UnsetSlot,
    Verdict,
)
from antiphon.samp.confidence import with_listener
from antiphon.samp.graph import travelled
from antiphon.samp.rules import before_last_move, mended_version, objections, target
from antiphon.samp.state import STACK_MAX, Filled, Place, State, Unset, checklist_done, values, waits

PER_TURN_MAX = 64
"""Proposals that are decided between two turns of the caller's."""


def settle(cast: Cast, state: State, proposal: Proposal) -> tuple[State, Verdict]:
    """Apply `proposal` to `state`, or drop it."""
    before = next((each for each in state.decided if each.id == proposal.id), None)
    if before is not None:
        return state, before
    crowded = state.crowd >= PER_TURN_MAX and proposal.turn <= state.turn
    if crowded or proposal.turn <= state.crowded_turn:
        # Not remembered one by one: no proposal of such a turn is taken any more.
        reason = f"there were more than {PER_TURN_MAX} proposals after its turn"
        state = replace(state, crowded_turn=max(state.crowded_turn, state.turn if crowded else 0))
        return state, _verdict(proposal, "dropped", reason, state.version)
    reason = next(objections(cast, state, proposal), "")
    after = state if reason else _changed(cast, state, proposal)
    outcome = "dropped" if reason else "applied" if proposal.base == state.version else "rebased"
    verdict = _verdict(proposal, outcome, reason, after.version)
    return replace(after, decided=(*after.decided, verdict), crowd=after.crowd + 1), verdict


def _verdict(
    proposal: Proposal, outcome: Literal["applied", "rebased", "dropped"], reason: str, version: int
) -> Verdict:
    return Verdict(id=proposal.id, turn=proposal.turn, outcome=outcome, reason=reason, version=version)


def _changed(cast: Cast, state: State, proposal: Proposal) -> State:
    version, command = state.version + 1, proposal.command
    match command:
        case SetSlot() | CorrectSlot() | UnsetSlot():
            before = state if isinstance(command, SetSlot) else _to_say_again(cast, state)
            private = cast.slots[command.slot].private
            told = with_listener(cast, state.confided, proposal.turn, state.place, asked=private)
            return replace(_with_slot(cast, before, command), version=version, confided=told)
        case Tick(task):
            return replace(state, version=version, ticked=(*state.ticked, f"{state.place.scene}: {task}"))
        case Clarify(question):
            return replace(state, version=version, question=question)
        case Leave():
            return replace(state, version=version, ended=True)
        case Renew(persona):
            return replace(state, version=version, renewed={**state.renewed, persona: state.turn})
        case GoTo() | JumpTo() | Return() | SwitchPersona():
            start = state if mended_version(command) is None else before_last_move(state)
            place, stack = _arrived(cast, start, command)
            return replace(
                _to_say_again(cast, start) if isinstance(command, JumpTo | SwitchPersona) else state,
                version=version,
                place=place,
                stack=stack,
                place_version=version,
                moved_turn=proposal.turn,
                came_from=(start.place, start.stack),
                question="",
                confided=with_listener(cast, state.confided, proposal.turn, place),
            )


def _with_slot(cast: Cast, state: State, command: SetSlot | CorrectSlot | UnsetSlot) -> State:
    """The state with what is known of one slot changed; what is private only who was told asks for again."""
    slot, version, persona = command.slot, state.version + 1, state.place.persona
    slots = {name: filled for name, filled in state.slots.items() if name != slot}
    unset = {name: each for name, each in state.unset.items() if name != slot}
    if isinstance(command, UnsetSlot):
        taken_back = Unset(command.was, version, persona if cast.slots[slot].private else "")
        return replace(state, slots=slots, unset={**unset, slot: taken_back})
    filled = Filled(command.value, version, persona)
    return replace(state, slots={**state.slots, slot: filled}, unset=unset)


def _to_say_again(cast: Cast, state: State) -> State:
    """The state when the caller brings up something else, or corrects or takes back what was told.

    Where all was done and only their words lead on, they have not said yes: the last task is done again, and
    an opening that says what was agreed is said again.
    """
    name = state.place.scene
    scene = cast.scenes[name]
    if state.rules < 3 or not waits(scene):
        return state
    if not checklist_done(cast, name, values(state), state.ticked):
        return state
    last = [f"{name}: {task.do}" for task in scene.checklist if task.do][-1:]
    says = SLOT_IN_TEXT.search(scene.opening or "") is not None
    return replace(
        state,
        ticked=tuple(each for each in state.ticked if each not in last),
        openings={at: words for at, words in state.openings.items() if not (says and at == name)},
    )


def _arrived(
    cast: Cast, state: State, move: GoTo | JumpTo | Return | SwitchPersona
) -> tuple[Place, tuple[Place, ...]]:
    match move:
        case GoTo():
            goal = target(move)
            # Who goes on from a jump into the story itself does not come back from it.
            gone_on = _visited(cast, state.place.scene) and goal in travelled(cast)
            return _place(cast, goal), () if gone_on else state.stack
        case JumpTo(scene):
            returns = all(jump.returns for jump in cast.anywhere.values() if jump.to == scene)
            # From one topic to the next: both go back to where the first one came from.
            aside = state.stack and _visited(cast, state.place.scene)
            stack = state.stack if aside else (*state.stack, state.place)
            return _place(cast, scene), stack[-STACK_MAX:] if returns else ()
        case Return(then):
            back_at = state.stack[-1]
            return (_place(cast, then[-1]) if then else back_at), state.stack[:-1]
        case SwitchPersona(persona):
            return Place(state.place.scene, persona), state.stack


def _place(cast: Cast, scene: str) -> Place:
    return Place(scene, cast.scenes[scene].plays)


def _visited(cast: Cast, scene: str) -> bool:
    """Whether a scene is one that jumps lead to."""
    return any(jump.to == scene for jump in cast.anywhere.values()) or any(
        persona.home == scene for persona in cast.personas.values()
    )
