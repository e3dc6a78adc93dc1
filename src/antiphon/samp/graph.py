"""Where a cast's graph leads, and what is wrong with that: scenes out of reach, dead ends, circles."""

from collections.abc import Iterable, Iterator, Mapping

from antiphon.contracts.shape import nearest
from antiphon.contracts.yaml_text import Problem, Tree
from antiphon.samp.cast import BACK, Cast


def problems(cast: Cast, tree: Tree) -> Iterator[Problem]:
    """Everything that is wrong with where the graph leads."""
    if cast.start not in cast.scenes:
        remedy = nearest(cast.start, cast.scenes)
        yield tree.problem(("start",), f"there is no scene `{cast.start}`", remedy)
        return
    onward = {name: _onward(cast, name) for name in cast.scenes}
    story = reached(onward, _entries(cast))
    visited = reached(onward, _visits(cast))
    for name in cast.scenes:
        if name not in story | visited:
            yield tree.problem(
                ("scenes", name),
                "nothing leads here",
                f"give a reachable scene a way `to: {name}`, or remove it",
            )
    yield from _dead_ends(cast, tree, story)
    yield from _stray_backs(cast, tree, visited)
    if not any(cast.scenes[name].ends for name in story | visited):
        yield tree.problem(
            ("scenes",), "no scene ends the conversation", "give one that is reached `ends: true`"
        )
        return
    backward = _reversed(onward)
    ending = reached(backward, [name for name, scene in cast.scenes.items() if scene.ends])
    for name in sorted(story - ending):
        if onward[name]:
            yield tree.problem(
                ("scenes", name), "from here no scene that ends can be reached", "add a way that leads to one"
            )


def reached(onward: Mapping[str, frozenset[str]], start: Iterable[str]) -> frozenset[str]:
    """Every scene on a path that begins in `start`."""
    found: set[str] = set()
    ahead = list(start)
    while ahead:
        name = ahead.pop()
        if name not in found and name in onward:
            found.add(name)
            ahead += onward[name]
    return frozenset(found)


def travelled(cast: Cast) -> frozenset[str]:
    """The story itself: the scenes that ways lead to from the start, without any jump."""
    return reached({name: _onward(cast, name) for name in cast.scenes}, [cast.start])


def _onward(cast: Cast, name: str) -> frozenset[str]:
    return frozenset(way.to for way in cast.scenes[name].ways if way.to != BACK and way.to in cast.scenes)


def _entries(cast: Cast) -> list[str]:
    """Where a conversation that does not come back may begin a stretch."""
    return [cast.start, *(jump.to for jump in cast.anywhere.values() if not jump.returns)]


def _visits(cast: Cast) -> list[str]:
    """Where a jump that returns leads."""
    homes = [persona.home for persona in cast.personas.values() if persona.home and persona.asked_for]
    return [*(jump.to for jump in cast.anywhere.values() if jump.returns), *homes]


def _dead_ends(cast: Cast, tree: Tree, story: frozenset[str]) -> Iterator[Problem]:
    # A jump that returns needs no way: the conversation goes back when its topic is over.
    for name, scene in cast.scenes.items():
        leads = any(way.to != BACK for way in scene.ways)
        if name in story and not leads and not scene.ends:
            yield tree.problem(("scenes", name), "it is a dead end", "give it a way out, or `ends: true`")


def _stray_backs(cast: Cast, tree: Tree, visited: frozenset[str]) -> Iterator[Problem]:
    for name, scene in cast.scenes.items():
        for place, way in enumerate(scene.ways):
            if way.to == BACK and name not in visited:
                yield tree.problem(
                    ("scenes", name, "ways", place, "to"),
                    "no jump that returns leads here, so there is nothing to go back to",
                    "name a scene",
                )


def _reversed(onward: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(one for one, others in onward.items() if name in others) for name in onward}
