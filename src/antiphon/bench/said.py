"""What callers of the example casts say in their own words, and where that should lead."""

import os
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
    table: Any = yaml.safe_load(path.read_text("utf-8"))  # pyright: ignore[reportUnknownMemberType]
    sayings = msgspec.convert(table, dict[str, tuple[Saying, ...]])
    return {
        name: (read_cast((folder / f"{name}.yaml").read_text("utf-8"), name), said)
        for name, said in sayings.items()
    }


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
