"""The state of a conversation: where it is, who plays, what is known, what was heard. A frozen value.

Its dictionaries are never changed, only replaced; `encoded` gives the same bytes for the same state.
"""

import re
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Literal

import msgspec

from antiphon.samp.cast import SLOT_IN_TEXT, Cast, Scene, Task, Way
from antiphon.samp.checking import asked_in
from antiphon.samp.commands import Verdict
from antiphon.samp.guards import Value, holds, read_guard

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
STACK_MAX = 4
"""How deep jumps may be nested: beyond it, a jump forgets where the oldest one came from."""
HISTORY_KEPT = 400
"""Things said that the state remembers; the journal has them all."""
CALLED_KEPT = 64
"""Calls of tools that the state remembers."""
PACES_KEPT = 8
RULES = 4
"""Which rules new conversations are folded by. A journal names its own, so that an older one stays as it was.

    0    until 0.1
    1    what repeats a confidence is one; of tools is told what a persona may know, and what nobody knows
    2    of what is to be done the prompt tells one thing at a time, and a manner again where it drifts
    3    what waits for the caller's yes is said again after another topic, and after a correction
    4    in a prompt's short part stands first what a turn does not change
"""
TURNS_BACK_MAX = 12
"""A proposal for an older turn than this is dropped, and its verdict forgotten."""


class Filled(msgspec.Struct, frozen=True):
    """What is known of a slot."""

    value: Value
    version: int
    """Of the state when it became known or was corrected."""
    told_to: str
    """The persona who heard it."""


class Unset(msgspec.Struct, frozen=True):
    """What was known of a slot until the caller took it back."""

    was: Value
    version: int
    """Of the state when it was taken back."""
    asked_by: str = ""
    """The persona who may ask for it again where the scene does not; empty: everybody."""


class Place(msgspec.Struct, frozen=True):
    """A scene, and who plays in it just now."""

    scene: str
    persona: str


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that was said and heard."""

    turn: int
    role: Literal["caller", "agent"]
    text: str
    persona: str
    """Who spoke, or to whom the caller spoke."""
    scene: str
    spoken: str = ""
    """What of it was spoken, where the caller wrote the rest; else empty."""


class Called(msgspec.Struct, frozen=True):
    """A tool that was called."""

    id: str
    """The same call has the same id; it is made once."""
    tool: str
    turn: int
    status: Literal["running", "done", "failed"]
    text: str = ""
    """What it gave back, or why it failed."""
    told: bool = False
    """Whether the caller was told what came of it."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known at one moment of a conversation."""

    cast: str
    """The digest of the cast it is played with."""
    place: Place
    version: int = 0
    """How often it was changed by a command."""
    turn: int = 0
    """The last turn of the caller's that is committed."""
    place_version: int = 0
    """The version at which the place last changed."""
    moved_turn: int = 0
    """The last turn that moved the conversation."""
    came_from: tuple[Place, tuple[Place, ...]] | None = None
    """The place and the stack before the last move, in case it was wrong."""
    stack: tuple[Place, ...] = ()
    """Where jumps came from, the last one last."""
    slots: dict[str, Filled] = {}
    unset: dict[str, Unset] = {}
    """Slots that the caller took back; they are asked for wherever the story is."""
    ticked: tuple[str, ...] = ()
    """Tasks that were done, as "scene: task"."""
    question: str = ""
    """What the caller was asked to clarify, until they speak again."""
    openings: dict[str, int] = {}
    """How many words of each scene's opening were heard."""
    ended: bool = False
    history: tuple[Said, ...] = ()
    confided: dict[int, tuple[str, ...]] = {}
    """The turns that were spoken in confidence, each with the personas who took part in it."""
    called: tuple[Called, ...] = ()
    """Tools, oldest first; a long call forgets the oldest."""
    paces: tuple[float, ...] = ()
    """How fast the caller spoke in the last turns of some length, in words per second."""
    renewed: dict[str, int] = {}
    """The personas whose card was renewed, each with the turn it was renewed in."""
    decided: tuple[Verdict, ...] = ()
    """On proposals of turns that are not long over, oldest first: one that comes again changes nothing."""
    crowd: int = 0
    """How many proposals were decided since the last turn."""
    crowded_turn: int = -1
    """The last turn after which there were too many."""
    rules: int = 0
    """See `RULES`."""


def initial(cast: Cast) -> State:
    """The state before anything was said."""
    return State(cast=digest(cast), place=Place(cast.start, cast.scenes[cast.start].plays), rules=RULES)


def digest(cast: Cast) -> str:
    """What tells this cast from every other one: SHA-256 over its values, in hexadecimal."""
    return sha256(_json(cast, "servers")).hexdigest()


def encoded(state: State) -> bytes:
    """The state as JSON, the same bytes for the same state."""
    return _json(state, "paces", "rules", "renewed", "unset")


def _json(value: Cast | State, *newer: str) -> bytes:
    # A field that came later is left out while it is empty, so that older journals still open and replay.
    fields = msgspec.to_builtins(value, str_keys=True, order="sorted")
    return msgspec.json.encode(
        {name: told for name, told in fields.items() if told or name not in newer}, order="sorted"
    )


def decoded(data: bytes) -> State:
    """The state that was `encoded`."""
    return msgspec.json.decode(data, type=State)


def values(state: State) -> dict[str, Value]:
    """What is known of each slot."""
    return {name: filled.value for name, filled in state.slots.items()}


def is_done(task: Task, scene: str, known: Mapping[str, Value], ticked: tuple[str, ...]) -> bool:
    """Whether a task of the checklist is done."""
    return task.ask in known if task.ask else f"{scene}: {task.do}" in ticked


def checklist_done(cast: Cast, scene: str, known: Mapping[str, Value], ticked: tuple[str, ...]) -> bool:
    """Whether nothing on the scene's checklist is open but what is optional."""
    tasks = cast.scenes[scene].checklist
    return all(task.optional or is_done(task, scene, known, ticked) for task in tasks)


def allowed(cast: Cast, scene: str, guard: str, known: Mapping[str, Value], ticked: tuple[str, ...]) -> bool:
    """Whether a guard on slots holds in `scene`; an empty one does."""
    return not guard or holds(read_guard(guard), known, done=checklist_done(cast, scene, known, ticked))


def automatic(cast: Cast, scene: str, known: Mapping[str, Value], ticked: tuple[str, ...]) -> Way | None:
    """The first way out that slots alone open, and that is open."""
    for way in cast.scenes[scene].ways:
        if way.guard and not (way.when or way.says) and allowed(cast, scene, way.guard, known, ticked):
            return way
    return None


def opening_of(cast: Cast, state: State, scene: str) -> str | None:
    """What is said first in `scene`, with what is known put in; None: nothing, or too little is known."""
    opening = cast.scenes[scene].opening
    return opening if opening is None or state.rules < 3 else filled(opening, state)


def filled(text: str, state: State) -> str | None:
    """`text` with the values of the slots it names; None while one of them is not known."""
    if any(name not in state.slots for name in SLOT_IN_TEXT.findall(text)):
        return None
    return SLOT_IN_TEXT.sub(lambda found: said_aloud(state.slots[found[1]].value), text)


def owed_opening(cast: Cast, state: State) -> str | None:
    """What is to be said first, word for word; None once any of it was heard."""
    scene = state.place.scene
    opening = opening_of(cast, state, scene)
    # What is agreed is said again by who plays the scene, not by who was asked for in between.
    aside = state.place.persona != cast.scenes[scene].plays and opening != cast.scenes[scene].opening
    return None if state.openings.get(scene) or aside else opening


def opening_rest(cast: Cast, state: State) -> str:
    """What was not heard of an opening that was cut off; to be worked in, never to be begun again."""
    opening = opening_of(cast, state, state.place.scene) or ""
    heard = state.openings.get(state.place.scene, 0)
    spoken = opening.split()
    return " ".join(spoken[heard:]) if 0 < heard < len(spoken) else ""


def said_aloud(value: Value) -> str:
    """A value as a person says it: a day by its name, an option in words."""
    if not isinstance(value, str):
        return f"{value:.0f}" if float(value).is_integer() else f"{value:g}"
    if not _DAY.fullmatch(value):
        return value.replace("_", " ")
    day = date.fromisoformat(value)
    return f"{day:%A}, {day.day} {day:%B}"


def heard_of(opening: str, heard: str) -> int:
    """How many words of `opening` begin what was `heard`; 0 when that went on with other words."""
    wanted, got = _bare(opening), _bare(heard)
    same = 0
    while same < min(len(wanted), len(got)) and wanted[same] == got[same]:
        same += 1
    return same if same in (len(wanted), len(got)) else 0


def waits(scene: Scene) -> bool:
    """Whether only the caller's words lead out of it."""
    by_itself = (way.guard and not (way.when or way.says) for way in scene.ways)
    return bool(scene.ways) and not any(by_itself)


def open_tasks(cast: Cast, name: str, state: State) -> tuple[Task, ...]:
    """What is still to be asked and done in the scene `name`, what must be first.

    What the caller took back is asked for in scenes that did not ask for it as well, but not while another
    topic is on, nor where the conversation may end. What is optional wherever it is asked for stays so.
    """
    scene, known = cast.scenes[name], values(state)
    tasks = [task for task in scene.checklist if not is_done(task, name, known, state.ticked)]
    aside = scene.ends or (state.stack and name == state.place.scene)
    listed = {task.ask for task in tasks}
    again = [
        slot
        for slot, unset in sorted(state.unset.items())
        if not aside and slot not in listed and unset.asked_by in ("", state.place.persona)
    ]
    must = {task.ask for each in cast.scenes.values() for task in each.checklist if not task.optional}
    asked_again = (Task(ask=slot, optional=slot not in must) for slot in again)
    return tuple(sorted([*asked_again, *tasks], key=lambda task: task.optional))


def still_asked(scene: Scene, state: State) -> frozenset[str]:
    """The slots the scene must still ask for."""
    return frozenset(asked_in(scene) - set(state.slots))


def told_just_now(state: State) -> frozenset[str]:
    """The slots that the last turn has filled."""
    since = min(
        (each.version for each in state.decided if each.turn == state.turn and each.outcome != "dropped"),
        default=state.version + 1,
    )
    return frozenset(slot for slot, filled in state.slots.items() if filled.version >= since)


def _bare(text: str) -> list[str]:
    # Word by word as it is spoken: splitting first keeps the count the same as that of the spoken words.
    return [re.sub(r"\W", "", word).casefold() for word in text.split()]
