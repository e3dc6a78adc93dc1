"""Who may know what: nothing told in confidence reaches a persona who was not there, unless the cast says so.

A turn is confidential when the caller says so ("between us"), when it fills a private slot, when a discreet
persona takes part in it, or when it leads to a scene that asks for something private. Whoever took part in it
knows it, and whom one of them confides in. All else everybody knows, because they are one agent.
"""

import re
from collections.abc import Collection

from antiphon.samp.cast import Cast
from antiphon.samp.state import Place, State

_CONFIDING = re.compile(
    r"\b(between (you and me|us|ourselves)|in confidence|confidential(ly)?|"
    r"(don't|do not|never|not to) tell (him|her|them|anyone|anybody|the others?|my \w+)|"
    r"keep (it|that|this) (a secret|secret|to yourself)|it's a secret)\b",
    re.IGNORECASE,
)


def confides(text: str) -> bool:
    """Whether the caller says that this is for nobody else."""
    return _CONFIDING.search(text.replace("’", "'")) is not None


def with_listener(
    cast: Cast, told: dict[int, tuple[str, ...]], turn: int, place: Place, *, asked: bool = False
) -> dict[int, tuple[str, ...]]:
    """`told` after the persona of `place` took part in `turn`; `asked`: discretion was asked for."""
    if turn not in told and not asked and not _is_private(cast, place):
        return told
    before = told.get(turn, ())
    return told if place.persona in before else {**told, turn: (*before, place.persona)}


def may_know(cast: Cast, persona: str, told_to: Collection[str]) -> bool:
    """Whether `persona` may know what any of `told_to` was told in confidence."""
    return any(
        persona == other or (other in cast.personas and persona in cast.personas[other].confides_in)
        for other in told_to
    )


def knows_turn(cast: Cast, state: State, persona: str, turn: int) -> bool:
    """Whether `persona` may know what was said in `turn`."""
    return turn not in state.confided or may_know(cast, persona, state.confided[turn])


def knows_slot(cast: Cast, state: State, persona: str, slot: str) -> bool:
    """Whether `persona` may know what is known of `slot`: who must ask for it may."""
    if not cast.slots[slot].private:
        return True
    asks = any(
        scene.plays == persona and any(task.ask == slot for task in scene.checklist)
        for scene in cast.scenes.values()
    )
    return asks or may_know(cast, persona, (state.slots[slot].told_to,))


def _is_private(cast: Cast, place: Place) -> bool:
    tasks = cast.scenes[place.scene].checklist
    asks = any(task.ask in cast.slots and cast.slots[task.ask].private for task in tasks)
    return asks or cast.personas[place.persona].discreet
