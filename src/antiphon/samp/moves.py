"""What can happen next, from where the conversation is: the options a turn of the caller's is judged by."""

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from antiphon.samp.cast import BACK, Cast, Jump, Persona
from antiphon.samp.commands import GoTo, JumpTo, Return, SwitchPersona
from antiphon.samp.commonplaces import BACK as BACK_PHRASES
from antiphon.samp.state import State, allowed, values

Kind: TypeAlias = Literal["stay", "way", "jump", "back", "persona"]

_ASKING_FOR = """
ask available back call can connect fetch free get give go hand help line may need over pass please put
question rather reach send speak speaking switch talk tell through transfer want who whoever word
"""
ASKING_FOR = frozenset(_ASKING_FOR.split())
"""Words of somebody who asks for somebody."""
_TITLES = frozenset({"mister", "miss", "mr", "mrs", "ms", "doctor", "dr"})

_COMMON = """
a an and are at be but by can could do for from have hello hi how i i'd i'm in is it it's let like me my of on
or please so some that the there this to want we what with would you your
"""
_COMMON_WORDS = frozenset(_COMMON.split())


Move: TypeAlias = GoTo | JumpTo | Return | SwitchPersona


class Option(msgspec.Struct, frozen=True):
    """Something that may happen."""

    key: str
    """Unlike all others, such as "way:booking"."""
    kind: Kind
    move: Move | None
    """None: stay."""
    says: tuple[str, ...]
    """What callers say who mean it."""
    when: str = ""
    """The same in words of the cast."""
    names: frozenset[str] = frozenset()
    """What the persona who answers then may be called, in small letters, if it is somebody else than now."""
    about: tuple[str, ...] = ()
    """What is talked of there; and what who answers then is and knows, if it is somebody else than now."""
    leads: tuple[str, str] = ("", "")
    """Who answers then, and in which scene."""
    other: bool = False
    """Whether somebody else than now answers then."""
    turns_back: bool = False
    """Whether that is who spoke before."""

    @property
    def when_said(self) -> tuple[str, ...]:
        """`when`, if there is any."""
        return (self.when,) if self.when else ()


def options(cast: Cast, state: State) -> tuple[Option, ...]:
    """All options, "stay" first; "again": what brought the conversation here is said once more."""
    here = state.place.scene
    stay = [Option("stay", "stay", None, ())]
    if own := _own_phrases(cast, here):
        stay.append(Option("again", "jump", None, own))
    moves = (*_ways(cast, state), *_jumps(cast, state), *_personas(cast, state), *_backs(cast, state))
    return (*stay, *(_introduced(cast, state, option) for option in moves))


def _introduced(cast: Cast, state: State, option: Option) -> Option:
    """The option with what can be known of who answers then, if that is somebody else."""
    persona, scene = _answering(cast, state, option.move)
    option = replace(option, leads=(persona, scene), about=_topic(cast, scene))
    if persona == state.place.persona:
        return option
    below = state.stack[-1].persona if state.stack else cast.scenes[state.place.scene].plays
    return replace(
        option,
        about=(*option.about, cast.personas[persona].role, *cast.personas[persona].knows),
        other=True,
        turns_back=option.kind in ("back", "persona") and persona == below,
        names=option.names or _own_names(cast.personas[persona]),
    )


def _answering(cast: Cast, state: State, move: Move | None) -> tuple[str, str]:
    """Who answers after a move, and in which scene."""
    here = state.place.scene
    match move:
        case GoTo(to) | JumpTo(to):
            return cast.scenes[to].plays, to
        case Return(then):
            to = then[-1] if then else state.stack[-1].scene
            return (cast.scenes[to].plays if then else state.stack[-1].persona), to
        case SwitchPersona(persona):
            return persona, here
        case None:
            return state.place.persona, here


def _topic(cast: Cast, scene: str) -> tuple[str, ...]:
    """What is talked of in a scene."""
    where = cast.scenes[scene]
    return (where.aim, *(cast.slots[task.ask].about for task in where.checklist if task.ask))


def _ways(cast: Cast, state: State) -> Iterator[Option]:
    known, here = values(state), state.place.scene
    if state.came_from is not None and cast.scenes[here].opening and not _heard_in(state, here):
        return  # who goes on before a word was heard here does not mean what is said here
    for way in cast.scenes[here].ways:
        if not (way.when or way.says) or not allowed(cast, here, way.guard, known, state.ticked):
            continue
        if way.to == BACK:
            if state.stack:
                yield Option("way:back", "back", Return(), way.says, way.when)
        elif way.to != here:
            yield Option(f"way:{way.to}", "way", GoTo(way.to), way.says, way.when)


def _heard_in(state: State, scene: str) -> bool:
    return any(said.role == "agent" and said.scene == scene for said in state.history)


def _jumps(cast: Cast, state: State) -> Iterator[Option]:
    known, here = values(state), state.place.scene
    for name, jump in cast.anywhere.items():
        if jump.to != here and allowed(cast, here, jump.guard, known, state.ticked):
            yield Option(f"jump:{name}", "jump", JumpTo(jump.to), jump.says, jump.when)


def _personas(cast: Cast, state: State) -> Iterator[Option]:
    for name, persona in cast.personas.items():
        if not persona.asked_for or name in (state.place.persona, cast.scenes[state.place.scene].plays):
            continue
        below, says = state.stack[-1].persona if state.stack else "", called(persona)
        move: Move = SwitchPersona(name)
        if name == below:
            move = Return()
        elif persona.home == state.place.scene:
            continue
        elif persona.home:
            move = JumpTo(persona.home)
        yield Option(f"persona:{name}", "persona", move, says, names=names_of(persona))


def called(persona: Persona) -> tuple[str, ...]:
    """What callers say who want to speak with a persona: the cast's examples, and what is always said."""
    name, role = persona.name, persona.role
    return (
        *persona.asked_for,
        f"can I speak to {name}",
        f"put me through to {name} please",
        f"I'd like to talk to {role}",
        f"is {role} there",
    )


def names_of(persona: Persona) -> frozenset[str]:
    """What callers may call a persona: the name, what they are, and what else the cast's examples ask for."""
    asked = {word for phrase in persona.asked_for for word in telling_words(phrase)}
    return (_own_names(persona) | asked) - ASKING_FOR - _TITLES


def _own_names(persona: Persona) -> frozenset[str]:
    role = re.split(r"\b(?:of|at|in|from|for|with|on)\b|,", persona.role)[0].split()
    return (
        frozenset({*telling_words(persona.name), *(word.lower() for word in role[-1:])})
        - ASKING_FOR
        - _TITLES
    )


def _backs(cast: Cast, state: State) -> Iterator[Option]:
    """Back to where a jump came from, and on from there over a way in words; or to who plays the scene."""
    plays = cast.scenes[state.place.scene].plays
    if plays != state.place.persona:
        said = (*BACK_PHRASES, *called(cast.personas[plays]))
        names = names_of(cast.personas[plays])
        yield Option("back:persona", "back", SwitchPersona(plays), said, names=names)
    if not state.stack:
        return
    below = state.stack[-1].scene
    yield Option("back", "back", Return(), BACK_PHRASES)
    known = values(state)
    for way in cast.scenes[below].ways:
        in_words = way.when or way.says
        if (
            in_words
            and way.to not in (BACK, state.place.scene)
            and allowed(cast, below, way.guard, known, state.ticked)
        ):
            yield Option(f"back:{way.to}", "back", Return((way.to,)), way.says, way.when)


def _own_phrases(cast: Cast, scene: str) -> tuple[str, ...]:
    """What callers say who want to be where the conversation is."""
    jumps: list[Jump] = [jump for jump in cast.anywhere.values() if jump.to == scene]
    homes = [persona.asked_for for persona in cast.personas.values() if persona.home == scene]
    return tuple(phrase for says in (*(jump.says for jump in jumps), *homes) for phrase in says)


def telling_words(text: str) -> frozenset[str]:
    """The words of a text that are not in every other sentence."""
    return frozenset(re.findall(r"[\w']+", text.lower())) - _COMMON_WORDS
