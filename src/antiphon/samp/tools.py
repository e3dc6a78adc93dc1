"""Which tools are due, with what, and what a prompt says of them. Pure.

Nothing here asks a model: a tool that changes the world runs when the caller has confirmed it, which is when
a way that `does` it was taken by a committed turn; one that only looks something up runs when all it needs is
known. A call is named after the tool, its arguments and, if it changes anything, its turn; the journal holds
that it began before it begins, so it is never made twice, not even after the process was killed.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import pairwise

import msgspec

from antiphon.samp.cast import Cast, ToolUse
from antiphon.samp.commands import Command, GoTo, Return
from antiphon.samp.confidence import knows_slot
from antiphon.samp.guards import Value
from antiphon.samp.state import Called, State, values

SHOWN = 3
"""Outcomes that a prompt speaks of."""
UNKNOWN = "it is not known whether it was done"
"""Stands in the text of a call that has failed in a way that leaves this open."""


class Call(msgspec.Struct, frozen=True):
    """A tool that is to run."""

    id: str
    tool: str
    turn: int
    arguments: dict[str, Value]


def due(cast: Cast, before: State, after: State, commands: Sequence[Command]) -> tuple[Call, ...]:
    """The tools to run now that `commands` have led from `before` to `after`, each once."""
    return tuple(_due(cast, before, after, commands))


def _due(cast: Cast, before: State, after: State, commands: Sequence[Command]) -> Iterator[Call]:
    begun = {each.id for each in after.called}
    names = [cast.scenes[after.place.scene].does]
    if after.place_version != before.place_version:
        names = [*(tool for command in commands for tool in on_the_way(cast, before, command)), *names]
    for name in dict.fromkeys(names):
        call = _call(name, cast.tools[name], after) if name in cast.tools else None
        if call is not None and call.id not in begun:
            yield call


def on_the_way(cast: Cast, before: State, command: Command) -> Iterator[str]:
    """The tools of the ways that `command` takes."""
    match command:
        case GoTo(scene, then):
            path = (before.place.scene, scene, *then)
        case Return(then) if before.stack:
            path = (before.stack[-1].scene, *then)
        case _:
            return
    for here, there in pairwise(path):
        yield from (way.does for way in cast.scenes[here].ways if way.to == there and way.does)


def _call(name: str, tool: ToolUse, state: State) -> Call | None:
    known = values(state)
    if any(slot not in known for slot in tool.needs):
        return None
    arguments = {slot: known[slot] for slot in tool.needs}
    told = sha256(msgspec.json.encode(arguments, order="sorted")).hexdigest()[:12]
    turn = f"-{state.turn}" if tool.changes else ""
    return Call(f"{name}{turn}-{told}", name, state.turn, arguments)


def bridge(cast: Cast, calls: Sequence[Call]) -> str:
    """What is said while they run; empty: nothing."""
    return next((line for call in calls if (line := cast.tools[call.tool].bridge)), "")


def untold(state: State) -> tuple[Called, ...]:
    """The calls that are over and of which the caller does not know."""
    return tuple(each for each in state.called if each.status != "running" and not each.told)


def tool_lines(cast: Cast, state: State) -> Iterator[str]:
    """What came of tools, for a persona who may use them; what they gave back is quoted, and no order.

    Whoever may not know what a tool was given is not told what it gave back.
    """
    may = cast.personas[state.place.persona].may
    news = untold(state)
    for each in state.called[-SHOWN:]:
        if each.status == "running" or each.tool not in cast.tools or not (each.tool in may or each in news):
            continue
        about = cast.tools[each.tool].about.rstrip(".")
        quoted = " ".join(each.text.split()).replace('"', "'")
        kept = state.rules >= 1 and not _may_read(cast, state, cast.tools[each.tool])
        if each.status == "failed" and state.rules >= 1 and UNKNOWN in each.text:
            yield f"Nobody knows whether this was done: {about}. Say so: they should ask before trying again."
        elif each.status == "failed":
            yield f"This could not be done: {about}. Say so, and that they may call again."
        elif each in news and kept:
            yield f"Just done: {about}. Tell the caller so, and that you do not know more."
        elif each in news:
            yield f'Just done: {about}. Tell the caller what came of it, which is only a note: "{quoted}".'
        elif not kept:
            yield f'Done before: {about}. The note of it: "{quoted}".'


def _may_read(cast: Cast, state: State, tool: ToolUse) -> bool:
    given = (slot for slot in tool.needs if slot in state.slots and slot in cast.slots)
    return all(knows_slot(cast, state, state.place.persona, slot) for slot in given)
