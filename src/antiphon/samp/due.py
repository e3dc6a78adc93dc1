"""What an answer must ask, in the cast's own words: where the model has asked nothing, this is said. Pure.

A small model forgets now and then what is next on the checklist. What it says is its own; that the box is
ticked does not hang on it.
"""

from antiphon.samp.cast import Cast, Task
from antiphon.samp.state import State, open_tasks

ASKED_IN_A_ROW = 2
"""So often the same question is asked in the same words; then how it is asked is left to the model."""


def left_open(cast: Cast, state: State) -> Task | None:
    """What the one who speaks was about to do when another topic came up."""
    if not state.stack or state.stack[-1].persona != state.place.persona:
        return None
    name = state.stack[-1].scene
    return next((task for task in open_tasks(cast.scenes[name], name, state) if not task.optional), None)


def question_due(cast: Cast, state: State, said: str) -> str:
    """What is to be asked behind what was `said`; empty when that asks something, or nothing is due."""
    asked = _due(cast, state)
    if not asked or "?" in said:
        return ""
    lately = [each.text for each in state.history if each.role == "agent"][-ASKED_IN_A_ROW:]
    return "" if sum(asked in text for text in lately) == ASKED_IN_A_ROW else asked


def _due(cast: Cast, state: State) -> str:
    if state.question:
        return state.question
    name = state.place.scene
    tasks = open_tasks(cast.scenes[name], name, state)
    task = tasks[0] if tasks else left_open(cast, state)
    if task is None or task.optional or not task.ask:
        return ""
    return cast.slots[task.ask].ask or ""
