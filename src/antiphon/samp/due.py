"""What an answer is to ask, in the cast's own words: a checklist does not hang on what a model says. Pure.

A small model forgets what is next, or asks something else. The words around the question are its own.
"""

import re

import msgspec
from msgspec.structs import replace

from antiphon.samp.cast import Cast, Task
from antiphon.samp.likelihood import ASKS
from antiphon.samp.moves import telling_words
from antiphon.samp.state import State, filled, open_tasks, told_just_now, waits
from antiphon.samp.tools import untold

ASKED_IN_A_ROW = 2
"""So often the same question is asked in the same words; then how it is asked is left to the model."""
ASKED_WITHOUT_MODEL = 4
"""The same, behind words that no model says: who asks something in between is asked once more."""
_GOODBYE = re.compile(r"\b(good ?bye|bye|(that's|that is|that will be) all)\b", re.IGNORECASE)
_MORE = re.compile(r"[.!?;]\W*\w|\b(and|but|also|tell|explain|because|if)\b", re.IGNORECASE)
"""What an answer has beside a single value: another sentence, or another wish."""
_DECLINES = re.compile(r"^\W*(no|nope|not)\b|\bwrong\b", re.IGNORECASE)
_ANY_QUESTION = frozenset(
    (
        *("what", "which", "when", "where", "who", "whose", "why", "how", "many", "much"),
        *("may", "shall", "will", "would", "must", "am", "is", "are", "was", "can", "could"),
    )
)
"""Words of any question."""


class Due(msgspec.Struct, frozen=True):
    """A question that is to be asked."""

    question: str
    words: frozenset[str]
    """Another question with one of these asks the same."""
    at_once: bool = False
    """Whether the caller has only answered, so that nothing else need be said than a sentence about that."""

    def asked_by(self, sentence: str) -> bool:
        """Whether it is asked in these words."""
        if "?" not in sentence:
            return False
        if not self.words or self.question.rstrip("?") in sentence:
            return True
        return not self.words.isdisjoint(telling_words(sentence))


def question_due(cast: Cast, state: State, *, in_a_row: int = ASKED_IN_A_ROW) -> Due | None:
    """What is to be asked now; None: nothing, or the caller takes leave.

    `in_a_row`: so often it is asked in the same words.
    """
    found = _due(cast, state)
    said = state.history[-1] if state.history else None
    if found is None or (said is not None and said.role == "caller" and _GOODBYE.search(said.text)):
        return None
    lately = [each.text for each in state.history if each.role == "agent"][-in_a_row:]
    if sum(found.question in text for text in lately) == in_a_row:
        return None
    words = said.text if said is not None and said.role == "caller" else "?"
    answered = bool(told_just_now(state)) and not (ASKS.search(words) or _MORE.search(words))
    return replace(found, at_once=answered and not untold(state))


def left_open(cast: Cast, state: State) -> Task | None:
    """What the one who speaks was about to do when another topic came up."""
    if not state.stack or state.stack[-1].persona != state.place.persona:
        return None
    name = state.stack[-1].scene
    return next((task for task in open_tasks(cast, name, state) if not task.optional), None)


def questions_of(cast: Cast, state: State) -> frozenset[str]:
    """The questions that have been answered."""
    asked = (cast.slots[name].ask for name in state.slots if name in cast.slots)
    return frozenset(question for question in asked if question)


def _due(cast: Cast, state: State) -> Due | None:
    if state.question:
        # The slow loop's are orders to the model, and not for anybody's ears.
        return _due_as(state.question) if state.question.endswith("?") else None
    name = state.place.scene
    tasks = open_tasks(cast, name, state)
    task = next((each for each in tasks if not each.optional), None) or left_open(cast, state)
    if task is None:
        return _due_as(_waits_for(cast, state))
    slot = cast.slots.get(task.ask)
    if slot is None or not slot.ask:
        return None
    return _due_as(slot.ask, slot.about)


def _due_as(question: str, about: str = "") -> Due | None:
    return Due(question, telling_words(f"{question} {about}") - _ANY_QUESTION) if question else None


def _waits_for(cast: Cast, state: State) -> str:
    """The question at the end of the scene's opening, where only an answer to it leads on."""
    name = state.place.scene
    scene, said = cast.scenes[name], state.history[-1] if state.history else None
    question = re.split(r"(?<=[.!?])\s+", scene.opening or "")[-1]
    if scene.checklist or not waits(scene) or not state.openings.get(name) or not question.endswith("?"):
        return ""
    declined = said is not None and said.role == "caller" and _DECLINES.search(said.text)
    return "" if declined else filled(question, state) or ""
