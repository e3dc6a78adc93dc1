"""A scripted caller: what somebody says, line by line, and where that should take the conversation."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

import msgspec

from antiphon.contracts import ConfigInvalid
from antiphon.contracts.shape import misfits, nearest
from antiphon.contracts.yaml_text import Path, Problem, Tree, read_yaml
from antiphon.samp.cast import Cast, Words
from antiphon.samp.guards import Value


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something the caller says, and how things stand once it is said."""

    says: Words
    scene: str
    """The scene the agent then answers in."""
    persona: str
    """Who answers."""
    slots: dict[str, str | int | float] = {}
    """What is known by then; other slots may be known too."""
    after_words: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """The caller cuts in when so many words of the agent's last answer were heard; None: when it is over."""


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A caller with a purpose."""

    caller: Words
    """Who it is, and what they want."""
    today: str
    """The day of the call, ISO 8601: what "tomorrow" counts from."""
    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1)]
    voice: str = ""
    """The voice of the speech engine that says the lines where the call is spoken; empty: its default."""
    ends: bool = True
    """Whether the last line leads to a scene that ends."""


def read_script(text: str, cast: Cast, name: str = "script") -> Script:
    """The script that `text` writes for `cast`.

    Raises:
        ConfigInvalid: with every problem, each with its line.
    """
    tree = read_yaml(text)
    found = [*tree.problems, *misfits(tree, Script)]
    if not found:
        script = msgspec.convert(tree.value, Script)
        found += _problems(script, cast, tree)
        if not found:
            return script
    raise ConfigInvalid(tuple(f"{name}: {problem}" for problem in sorted(found, key=lambda each: each.line)))


def expected(line: Line) -> dict[str, Value]:
    """The slots a line expects, as they are known."""
    return {slot: value if isinstance(value, str) else float(value) for slot, value in line.slots.items()}


def _problems(script: Script, cast: Cast, tree: Tree) -> Iterator[Problem]:
    if not _is_date(script.today):
        yield tree.problem(("today",), f"`{script.today}` is no date", "write it as 2026-05-06, in quotes")
    for place, line in enumerate(script.lines):
        at: Path = ("lines", place)
        if line.scene not in cast.scenes:
            yield tree.problem(
                (*at, "scene"), f"there is no scene `{line.scene}`", nearest(line.scene, cast.scenes)
            )
        if line.persona not in cast.personas:
            remedy = nearest(line.persona, cast.personas)
            yield tree.problem((*at, "persona"), f"there is no persona `{line.persona}`", remedy)
        for slot in line.slots:
            if slot not in cast.slots:
                yield tree.problem(
                    (*at, "slots", slot), f"there is no slot `{slot}`", nearest(slot, cast.slots)
                )


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
