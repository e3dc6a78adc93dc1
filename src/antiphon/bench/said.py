"""What callers of the example casts say in their own words, and where that should lead."""

import os
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec.structs import replace

from antiphon.samp import Cast, Decider, read_cast
from antiphon.samp.commands import Command, GoTo, JumpTo, Return, SwitchPersona
from antiphon.samp.moves import options
from antiphon.samp.state import Place, State, initial

FOLDER_ENV = "ANTIPHON_EXAMPLES"
DEFAULT_FOLDER = Path("examples")
TODAY = date(2026, 5, 6)


class Saying(msgspec.Struct, frozen=True, kw_only=True, rename={"scene": "in", "below": "from"}):
    """Something that is said in a scene."""

    scene: str
    says: str
    to: str
    """The scene that should answer; the same one: no reason to move."""
    below: str = ""
    """The scene a jump came from."""


def read_sayings(part: str, folder: Path | None = None) -> dict[str, tuple[Cast, tuple[Saying, ...]]]:
    """By example: its cast, and what is said. Empty where there is no working copy with examples."""
    folder = folder or Path(os.environ.get(FOLDER_ENV, DEFAULT_FOLDER))
    path = folder / "said" / f"{part}.yaml"
    if not path.is_file():
        return {}
    table: Any = yaml.safe_load(path.read_text("utf-8"))  # pyright: ignore[reportUnknownMemberType] - untyped
    return _with_casts(msgspec.convert(table, dict[str, tuple[Saying, ...]]), folder)


def _with_casts(
    sayings: dict[str, tuple[Saying, ...]], folder: Path
) -> dict[str, tuple[Cast, tuple[Saying, ...]]]:
    return {
        name: (read_cast((folder / f"{name}.yaml").read_text("utf-8"), name), said)
        for name, said in sayings.items()
    }


def read_wanted(part: str, folder: Path | None = None) -> dict[str, tuple[Cast, tuple[Saying, ...]]]:
    """The same of who wants somebody without saying whom, and of who only speaks of others."""
    folder = folder or Path(os.environ.get(FOLDER_ENV, DEFAULT_FOLDER))
    path = folder / "said" / "wanted.yaml"
    if not path.is_file():
        return {}
    table: Any = yaml.safe_load(path.read_text("utf-8"))  # pyright: ignore[reportUnknownMemberType] - untyped
    return _with_casts(msgspec.convert(table[part], dict[str, tuple[Saying, ...]]), folder)


def state_in(cast: Cast, saying: Saying) -> State:
    """The state in which something is said."""
    state = initial(cast)
    stack = (Place(saying.below, cast.scenes[saying.below].plays),) if saying.below else ()
    return replace(state, place=Place(saying.scene, cast.scenes[saying.scene].plays), stack=stack)


def right_move(cast: Cast, saying: Saying) -> Command | None:
    """The move that leads where it should; None: stay."""
    if saying.to == saying.scene:
        return None
    state = state_in(cast, saying)
    moves = (option.move for option in options(cast, state))
    return next((move for move in moves if move is not None and led_to(state, move) == saying.to), None)


def without_phrase(cast: Cast, says: str) -> Cast:
    """The cast without the example phrase that is this saying; the same cast where there is none."""
    same = says.rstrip(".!")

    def others(phrases: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(phrase for phrase in phrases if phrase.rstrip(".!") != same)

    return replace(
        cast,
        personas={n: replace(p, asked_for=others(p.asked_for)) for n, p in cast.personas.items()},
        anywhere={n: replace(j, says=others(j.says)) for n, j in cast.anywhere.items()},
        scenes={
            n: replace(scene, ways=tuple(replace(w, says=others(w.says)) for w in scene.ways))
            for n, scene in cast.scenes.items()
        },
    )


def led_to(state: State, move: Command | None) -> str:
    """The scene a move ends in."""
    match move:
        case GoTo(scene, then):
            return then[-1] if then else scene
        case JumpTo(scene):
            return scene
        case Return(then) if state.stack:
            return then[-1] if then else state.stack[-1].scene
        case _:
            return state.place.scene


def answered_in(decider: Decider, cast: Cast, saying: Saying) -> str:
    """The scene that would answer."""
    state = state_in(cast, saying)
    commands = decider.decide(state, saying.says, today=TODAY).commands
    moves = (each for each in commands if isinstance(each, GoTo | JumpTo | Return | SwitchPersona))
    return led_to(state, next(moves, None))


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is asked for: one way to ask, by a name or by what they are."""

    example: str
    way: str
    saying: Saying
    persona: str
    """Who should answer."""


def read_askings(part: str, folder: Path | None = None) -> dict[str, tuple[Cast, tuple[Asking, ...]]]:
    """Every way to ask of a part, for every persona of every example, in the first scene they do not play.

    In the parts "other_..." somebody is only spoken of, and whoever speaks should go on.
    """
    folder = folder or Path(os.environ.get(FOLDER_ENV, DEFAULT_FOLDER))
    path = folder / "said" / "asking.yaml"
    if not path.is_file():
        return {}
    table: Any = yaml.safe_load(path.read_text("utf-8"))  # pyright: ignore[reportUnknownMemberType] - untyped
    ways = msgspec.convert(table, dict[str, tuple[str, ...]])[part]
    found: dict[str, tuple[Cast, tuple[Asking, ...]]] = {}
    for name in read_sayings("tune", folder):
        cast = read_cast((folder / f"{name}.yaml").read_text("utf-8"), name)
        found[name] = (cast, tuple(_askings(name, cast, ways, wanted=not part.startswith("other"))))
    return found


def _askings(example: str, cast: Cast, ways: Sequence[str], *, wanted: bool) -> Iterator[Asking]:
    for name, persona in cast.personas.items():
        home = persona.home
        if not persona.asked_for or not home:
            continue
        scene = next(each for each, one in cast.scenes.items() if one.plays != name and each != home)
        role = re.split(r",|\b(?:of|at|in|from)\b", persona.role)[0].strip()
        for way in ways:
            for who in (persona.name, role):
                says = way.replace("{who}", who)
                says = says[:1].upper() + says[1:]
                saying = Saying(scene=scene, says=says, to=home if wanted else scene)
                yield Asking(example=example, way=way, saying=saying, persona=name)
