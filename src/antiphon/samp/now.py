"""The short part of a prompt that changes: who speaks, what for, and what just they know.

What changes least stands first. What the caller has only just told is named, and its value left to their own
words, which follow: so this part is the same whatever they answer, and is read before they do.

Each line says how well it can be spared when the budget is short: 0 never, and the higher the sooner.
"""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from antiphon.samp.asking_back import asked_back
from antiphon.samp.cast import Cast, Task
from antiphon.samp.confidence import knows_slot
from antiphon.samp.drift import renewal_line
from antiphon.samp.due import left_open
from antiphon.samp.state import State, open_tasks, opening_rest, owed_opening, said_aloud, told_just_now
from antiphon.samp.tone import tone_line
from antiphon.samp.tools import tool_lines


class Line(msgspec.Struct, frozen=True):
    """One line of it."""

    kind: str
    text: str
    spare: int = 0


def now_lines(cast: Cast, state: State, facts: Sequence[str]) -> tuple[Line, ...]:
    """The lines, in the order they stand; `facts` are recalled ones the persona may know, best first."""
    return tuple(_lines(cast, state, facts))


def _lines(cast: Cast, state: State, facts: Sequence[str]) -> Iterator[Line]:
    name = state.place.persona
    persona, scene = cast.personas[name], cast.scenes[state.place.scene]
    # An order: a small model goes on with "You are now Ruth, the nurse." as if it were speech.
    order = f"Answer the caller as {persona.name}, {persona.role}."
    yield Line("persona", f"{order} How they speak: {persona.manner}")
    for rank, fact in enumerate(persona.knows):
        yield Line("knows", fact if rank else f"Facts you may use when asked: {fact}", 100 + rank)
    aim = Line("aim", f"Your aim: {scene.aim}")
    # Else a small model begins with the speaker's name.
    aloud = Line(
        "persona", "Speak to the caller yourself: one or two short sentences, without a name before them."
    )
    just = told_just_now(state)
    known = [
        slot
        for slot in state.slots
        if slot in cast.slots and slot not in just and knows_slot(cast, state, name, slot)
    ]
    if known:
        yield Line("slots", f"Agreed so far: {'; '.join(_agreed(cast, state, slot) for slot in known)}.")
    for text in tool_lines(cast, state):
        yield Line("tools", text)
    told = tuple(_just_told(cast, state, just))
    yield from (aim, aloud, *told) if state.rules >= 4 else (*told, aim)
    if state.question:
        yield Line("question", f"Ask the caller: {state.question}")
    elif opening := owed_opening(cast, state):
        yield Line("opening", f"You begin with these words: {opening}")
    else:
        if rest := opening_rest(cast, state):
            yield Line(
                "opening", f"You were cut off before you could say: {rest} Work it in if it still matters."
            )
        yield from _to_do(cast, state)
    for rank, fact in enumerate(facts):
        yield Line("facts", fact if rank else f"From earlier: {fact}", 200 + rank)
    if state.rules < 4:
        yield aloud
    yield from _just_now(cast, state, known)


def _just_told(cast: Cast, state: State, just: Collection[str]) -> Iterator[Line]:
    """What the caller has only just told, by name."""
    if just:
        about = " and ".join(cast.slots[slot].about for slot in cast.slots if slot in just)
        # "The caller has told you ..." a small model would say aloud.
        told = f"Not to be asked for any more: {about}."
        if state.rules < 3:
            told = f"The caller has just told you {about}: do not ask for it again."
        yield Line("slots", told)


def _just_now(cast: Cast, state: State, known: Sequence[str]) -> Iterator[Line]:
    """What the caller's words alone bring; it stands last, so that all else was read before them."""
    if state.rules >= 2 and (again := renewal_line(cast, state)):
        yield Line("renewed", again, 40)
    # Above the order on length a small model overlooks it.
    if tone := tone_line(state):
        yield Line("tone", tone, 30)
    said = state.history[-1] if state.history else None
    if state.rules >= 3 and said is not None and said.role == "caller":
        for slot in asked_back(cast, known, said.text):
            yield Line("asked back", f"They ask for it: {_agreed(cast, state, slot)}.")


def _to_do(cast: Cast, state: State) -> Iterator[Line]:
    """What is open. One thing at a time: told what comes later, a small model asks for it again and again."""
    name = state.place.scene
    tasks = open_tasks(cast, name, state)
    for rank, task in enumerate(tasks):
        if rank == 0 or state.rules < 2:
            yield Line("checklist", _told(cast, task, first=rank == 0), 0 if rank == 0 else 50 + rank)
    if not tasks and state.rules >= 3 and (task := left_open(cast, state)):
        yield Line("checklist", f"When that is answered, {_what(cast, task)}", 45)


def _told(cast: Cast, task: Task, *, first: bool) -> str:
    what = _what(cast, task) if first else task.do or f"ask {cast.slots[task.ask].about}"
    return f"{'Do now' if first else 'Later, not now'}{', if it comes up' if task.optional else ''}: {what}"


def _what(cast: Cast, task: Task) -> str:
    slot = cast.slots.get(task.ask)
    return task.do if slot is None else f"ask: {slot.ask}" if slot.ask else f"ask {slot.about}"


def _agreed(cast: Cast, state: State, slot: str) -> str:
    """What is known of a slot: a day with its name, which callers ask for, and its year."""
    value, about = state.slots[slot].value, cast.slots[slot]
    if state.rules < 3:
        told = value if isinstance(value, str) else f"{value:g}"
    else:
        told = f"{said_aloud(value)} {value}"[: -len("-05-08")] if about.type == "date" else said_aloud(value)
    return f"{about.about}: {told}"
