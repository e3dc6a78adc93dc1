"""What is wrong with a cast beyond its shape: names nobody has, slots, guards, and who plays.

Where the graph leads is checked in `graph.py`. Every problem has its path, so that it gets its line.
"""

from collections.abc import Collection, Iterator, Mapping

from antiphon.contracts.shape import nearest
from antiphon.contracts.yaml_text import Path, Problem, Tree
from antiphon.samp.cast import BACK, RESERVED, SLOT_IN_TEXT, Cast, Jump, Scene, Slot, Way
from antiphon.samp.guards import DONE, Compare, Guard, GuardUnreadable, Known, atoms, read_guard
from antiphon.samp.possible import case_where

_ORDERED = ("<", "<=", ">", ">=")


def problems(cast: Cast, tree: Tree, voices: Collection[str] | None) -> Iterator[Problem]:
    """Everything but where the graph leads. `voices` are the speech engine's; None: they are not known."""
    yield from _names(cast, tree)
    yield from _personas(cast, tree, voices)
    for name, slot in cast.slots.items():
        yield from _slot(cast, tree, name, slot)
    for name, scene in cast.scenes.items():
        yield from _scene(cast, tree, name, scene)
    for name, jump in cast.anywhere.items():
        yield from _exit(cast, tree, ("anywhere", name), jump, frozenset())
    yield from _same_phrases(cast, tree)
    yield from _tools(cast, tree)
    yield from _servers(cast, tree)


def asked_in(scene: Scene) -> frozenset[str]:
    """The slots that must be known before the scene's checklist is complete."""
    return frozenset(task.ask for task in scene.checklist if task.ask and not task.optional)


def _names(cast: Cast, tree: Tree) -> Iterator[Problem]:
    tables: Mapping[str, Collection[str]] = {
        "personas": cast.personas,
        "slots": cast.slots,
        "scenes": cast.scenes,
        "anywhere": cast.anywhere,
    }
    for table, names in tables.items():
        for name in RESERVED.intersection(names):
            yield tree.problem((table, name), f"`{name}` has a meaning of its own", "choose another name")


def _personas(cast: Cast, tree: Tree, voices: Collection[str] | None) -> Iterator[Problem]:
    played = {scene.plays for scene in cast.scenes.values()}
    voice_of: dict[str, str] = {}
    for name, persona in cast.personas.items():
        at: Path = ("personas", name)
        if voices is not None and persona.voice not in voices:
            yield tree.problem(
                (*at, "voice"), f"no voice is called `{persona.voice}`", nearest(persona.voice, voices)
            )
        other = voice_of.setdefault(persona.voice, name)
        if other != name:
            yield tree.problem(
                (*at, "voice"), f"{other} has the voice `{persona.voice}` too", "give each persona its own"
            )
        for place, tool in enumerate(persona.may):
            yield from _known(tree, (*at, "may", place), "tool", tool, cast.tools)
        for place, trusted in enumerate(persona.confides_in):
            yield from _known(tree, (*at, "confides_in", place), "persona", trusted, cast.personas)
        if persona.home:
            yield from _known(tree, (*at, "home"), "scene", persona.home, cast.scenes)
            if cast.scenes.get(persona.home) and cast.scenes[persona.home].plays != name:
                yield tree.problem(
                    (*at, "home"),
                    f"{cast.scenes[persona.home].plays} plays there",
                    "name a scene of their own",
                )
        if name not in played and not persona.asked_for:
            yield tree.problem(
                at, "they are never on", f"let a scene say `plays: {name}`, or give them `asked_for`"
            )


def _slot(cast: Cast, tree: Tree, name: str, slot: Slot) -> Iterator[Problem]:
    at: Path = ("slots", name)
    if slot.type == "choice" and len(slot.options) < 2:
        yield tree.problem(at, "a choice needs at least two options", "list them under `options`")
    if slot.type != "choice" and slot.options:
        yield tree.problem(
            (*at, "options"), f"a {slot.type} has no options", "remove them, or say `type: choice`"
        )
    if slot.type != "number" and (slot.least is not None or slot.most is not None):
        yield tree.problem(at, f"a {slot.type} has no bounds", "remove `least` and `most`")
    if slot.least is not None and slot.most is not None and slot.least > slot.most:
        yield tree.problem(
            (*at, "least"), f"{slot.least:g} is above {slot.most:g}", "exchange `least` and `most`"
        )
    for option in RESERVED.intersection(slot.options):
        yield tree.problem(
            (*at, "options", option), f"`{option}` has a meaning of its own", "choose another name"
        )
    if not any(task.ask == name for scene in cast.scenes.values() for task in scene.checklist):
        yield tree.problem(at, "it is never asked", f"put `ask: {name}` on a checklist, or remove it")


def _scene(cast: Cast, tree: Tree, name: str, scene: Scene) -> Iterator[Problem]:
    at: Path = ("scenes", name)
    yield from _known(tree, (*at, "plays"), "persona", scene.plays, cast.personas)
    for slot in SLOT_IN_TEXT.findall(scene.opening or ""):
        yield from _known(tree, (*at, "opening"), "slot", slot, cast.slots)
        if slot in cast.slots and cast.slots[slot].private:
            yield tree.problem((*at, "opening"), f"{slot!r} is private", "leave it to who was told")
    seen: set[str] = set()
    for place, task in enumerate(scene.checklist):
        here = (*at, "checklist", place)
        if bool(task.ask) == bool(task.do):
            yield tree.problem(here, "it must either `ask` or `do`", "keep one of the two")
        if task.ask:
            yield from _known(tree, (*here, "ask"), "slot", task.ask, cast.slots)
        if (task.ask or task.do) in seen:
            yield tree.problem(here, "it stands on this checklist twice", "remove one")
        seen.add(task.ask or task.do)
    earlier: list[tuple[int, Guard]] = []
    for place, way in enumerate(scene.ways):
        here = (*at, "ways", place)
        yield from _exit(cast, tree, here, way, asked_in(scene))
        guard = _read(cast, way.guard) if way.guard else None
        if guard is None or way.when or way.says:
            continue
        for line, before in earlier:
            if case_where(cast, asked_in(scene), yes=[guard], no=[before]) is None:
                yield tree.problem(
                    (*here, "if"),
                    f"it is never reached: whenever it holds, the way in line {line} holds and goes first",
                    "move it above, or narrow the other",
                )
                break
        earlier.append((tree.line(here), guard))


def _exit(cast: Cast, tree: Tree, at: Path, way: Way | Jump, asked: frozenset[str]) -> Iterator[Problem]:
    if not (isinstance(way, Way) and way.to == BACK):
        yield from _known(tree, (*at, "to"), "scene", way.to, cast.scenes)
    if not (way.when or way.guard or way.says):
        yield tree.problem(at, "nothing says when it is taken", "give it `when`, `if` or `says`")
    if isinstance(way, Jump) and way.guard and not (way.when or way.says):
        yield tree.problem(at, "a jump is brought up by somebody", "give it `when` or `says`")
    if not way.guard:
        return
    try:
        guard = read_guard(way.guard)
    except GuardUnreadable as error:
        yield tree.problem((*at, "if"), str(error), 'write something like "guests > 8 and day"')
        return
    wrong = list(_guard(cast, tree, (*at, "if"), guard))
    yield from wrong
    if not wrong and case_where(cast, asked, yes=[guard], no=[]) is None:
        why = _out_of_bounds(cast, guard) or "it contradicts itself: it can never hold"
        yield tree.problem((*at, "if"), why, "loosen it, or remove the way")


def _out_of_bounds(cast: Cast, guard: Guard) -> str:
    """The bound that keeps a guard from holding, where it is one comparison; empty for all others."""
    if not isinstance(guard, Compare):
        return ""
    slot = cast.slots[guard.slot]
    ends = (
        f"{word} {end:g}" for word, end in (("least", slot.least), ("most", slot.most)) if end is not None
    )
    bounds = " and at ".join(ends)
    return bounds and f"{guard.slot} is at {bounds}, so this can never hold"


def _guard(cast: Cast, tree: Tree, at: Path, guard: Guard) -> Iterator[Problem]:
    for atom in atoms(guard):
        if isinstance(atom, Known) and atom.slot == DONE:
            continue
        slot = cast.slots.get(atom.slot)
        if slot is None:
            yield from _known(tree, at, "slot", atom.slot, cast.slots)
        elif isinstance(atom, Compare):
            yield from _comparison(tree, at, atom, slot)


def _comparison(tree: Tree, at: Path, atom: Compare, slot: Slot) -> Iterator[Problem]:
    said = f"`{atom.slot}` is a {slot.type}"
    if atom.how in _ORDERED and slot.type in ("choice", "name", "free"):
        yield tree.problem(at, f"{said} and has no order", "use == or !=")
    for value in atom.values:
        if slot.type == "choice" and value not in slot.options:
            yield tree.problem(at, f"{said} without an option `{value}`", nearest(str(value), slot.options))
        elif (slot.type == "number") != isinstance(value, float):
            yield tree.problem(at, f"{said} and is compared with `{value}`", f"compare it with a {slot.type}")
        elif slot.type == "time" and ":" not in str(value):
            yield tree.problem(at, f"{said} and is compared with `{value}`", "write it as 18:30")
        elif slot.type == "date" and str(value).count("-") != 2:
            yield tree.problem(at, f"{said} and is compared with `{value}`", "write it as 2026-12-24")


def _same_phrases(cast: Cast, tree: Tree) -> Iterator[Problem]:
    """One phrase, two places: whoever says it cannot be understood."""
    everywhere = [((*("anywhere", name), "says"), jump) for name, jump in cast.anywhere.items()]
    for name, scene in cast.scenes.items():
        here = [(("scenes", name, "ways", place, "says"), way) for place, way in enumerate(scene.ways)]
        meant: dict[str, tuple[Path, Way | Jump]] = {}
        for path, way in (*everywhere, *here):
            for place, phrase in enumerate(way.says):
                first_path, first = meant.setdefault(phrase.casefold().strip(" .!?"), (path, way))
                if first is way or first.to == way.to or _exclusive(cast, scene, first, way):
                    continue
                yield tree.problem(
                    (*path, place),
                    f"{phrase!r} leads to {way.to} here and to {first.to} in line {tree.line(first_path)}",
                    "let each phrase lead to one place, or tell them apart by `if`",
                )


def _exclusive(cast: Cast, scene: Scene, one: Way | Jump, other: Way | Jump) -> bool:
    guards = [_read(cast, way.guard) for way in (one, other) if way.guard]
    readable = [guard for guard in guards if guard is not None]
    return bool(readable) and case_where(cast, asked_in(scene), yes=readable, no=[]) is None


def _tools(cast: Cast, tree: Tree) -> Iterator[Problem]:
    for name, scene in cast.scenes.items():
        yield from _done_by(cast, tree, ("scenes", name), scene.plays, scene.does)
        for place, way in enumerate(scene.ways):
            yield from _done_by(cast, tree, ("scenes", name, "ways", place), scene.plays, way.does)
        tool = cast.tools.get(scene.does)
        if tool is not None and tool.changes:
            yield tree.problem(
                ("scenes", name, "does"),
                f"`{scene.does}` changes something, and would run without being confirmed",
                "let the way do it that the caller takes by confirming",
            )
    for name, tool in cast.tools.items():
        for place, slot in enumerate(tool.needs):
            yield from _known(tree, ("tools", name, "needs", place), "slot", slot, cast.slots)
        if not any(name in persona.may for persona in cast.personas.values()):
            yield tree.problem(
                ("tools", name), "nobody may use it", f"let a persona say `may: [{name}]`, or remove it"
            )


def _servers(cast: Cast, tree: Tree) -> Iterator[Problem]:
    used = {where[0] for tool in cast.tools.values() if (where := tool.on_server)}
    for name, tool in cast.tools.items():
        if where := tool.on_server:
            yield from _known(tree, ("tools", name, "runs"), "server", where[0], cast.servers)
            if not where[1]:
                yield tree.problem(
                    ("tools", name, "runs"), "it names no tool", f"say `mcp:{where[0]}/` and its name there"
                )
    for name, server in cast.servers.items():
        at: Path = ("servers", name)
        if bool(server.command) == bool(server.url):
            yield tree.problem(at, "it must have either a `command` or a `url`", "keep one of the two")
        elif server.url and server.env:
            yield tree.problem((*at, "env"), "a `url` starts no process", "remove `env`")
        elif server.command and server.token:
            yield tree.problem((*at, "token"), "a command has no token", "pass it on by `env`")
        if name not in used:
            yield tree.problem(at, "no tool is on it", f"let a tool say `runs: mcp:{name}/...`, or remove it")


def _done_by(cast: Cast, tree: Tree, at: Path, plays: str, tool: str) -> Iterator[Problem]:
    if not tool:
        return
    yield from _known(tree, (*at, "does"), "tool", tool, cast.tools)
    if tool in cast.tools and plays in cast.personas and tool not in cast.personas[plays].may:
        yield tree.problem((*at, "does"), f"{plays} may not use `{tool}`", f"let {plays} say `may: [{tool}]`")


def _read(cast: Cast, text: str) -> Guard | None:
    """The guard, if it is one that can be judged."""
    try:
        guard = read_guard(text)
    except GuardUnreadable:
        return None
    return guard if all(atom.slot in cast.slots or atom.slot == DONE for atom in atoms(guard)) else None


def _known(tree: Tree, at: Path, kind: str, name: str, known: Collection[str]) -> Iterator[Problem]:
    if name not in known:
        yield tree.problem(at, f"there is no {kind} `{name}`", nearest(name, known))
