"""Finding engines: by entry point, or by `module:Class`.

Antiphon's own engines are plug-ins like anybody else's: a distribution declares
`[project.entry-points."antiphon.transcriber"]` and is found without being imported.
"""

from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import get_args

from antiphon.contracts.engine import Engine, Part
from antiphon.contracts.errors import ContractBroken, PrerequisiteMissing, UnknownName

PARTS: tuple[Part, ...] = get_args(Part)


def installed(part: Part) -> dict[str, EntryPoint]:
    """Every installed engine for `part`, by name, none of them imported."""
    return {entry.name: entry for entry in entry_points(group=f"antiphon.{part}")}


def find(part: Part, name: str) -> type[Engine]:
    """The engine class called `name`, or at `module:Class` when the name holds a colon.

    Raises:
        UnknownName: nothing of that name is installed.
        PrerequisiteMissing: it is installed and a library it imports is not.
        ContractBroken: what was found has no card for this part.
    """
    found = installed(part).get(name)
    if found is None and ":" in name:
        found = EntryPoint(name, name, f"antiphon.{part}")
    if found is None:
        raise UnknownName(f"no {part} is called {name!r}; {_nearest(name, list(installed(part)))}")
    return checked(part, _load(found))


def checked(part: Part, engine: object) -> type[Engine]:
    """`engine`, once it is known to be a class with a card for `part`."""
    card = getattr(engine, "card", None)
    if not isinstance(engine, type) or card is None:
        raise ContractBroken(f"{engine!r} is not an engine: it needs to be a class with a `card`")
    if card.part != part:
        raise ContractBroken(f"{engine.__qualname__} is a {card.part}, not a {part}")
    return engine


def _load(entry: EntryPoint) -> object:
    module, _, attribute = entry.value.partition(":")
    try:
        import_module(module)
        return entry.load()
    except ModuleNotFoundError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            raise UnknownName(f"{entry.name} should be in {module}, which does not exist") from error
        raise PrerequisiteMissing(
            f"{entry.name} needs the Python package {error.name!r}", remedy=f"pip install {error.name}"
        ) from error
    except AttributeError as error:
        raise UnknownName(f"{module} has no {attribute!r}") from error


def _nearest(name: str, names: list[str]) -> str:
    nearest = get_close_matches(name, names, n=len(names), cutoff=0.4) if names else []
    others = sorted(set(names) - set(nearest))
    return "installed: " + ", ".join([*nearest, *others]) if names else "none is installed"
