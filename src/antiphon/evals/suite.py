"""From the text of a suite file to a suite, or to everything that is wrong with it."""

from collections.abc import Collection, Iterator
from datetime import date

import msgspec

from antiphon.contracts import ConfigInvalid
from antiphon.contracts.shape import misfits, nearest
from antiphon.contracts.yaml_text import Path, Problem, Tree, read_yaml
from antiphon.evals.scenario import Scenario, Suite


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What a cast calls its things, for checking what a suite says about them."""

    slots: Collection[str] = ()
    scenes: Collection[str] = ()
    tools: Collection[str] = ()
    voices: Collection[str] = ()
    """Those its personas speak with, which no caller should have."""


def check_suite(
    text: str, *, names: Names | None = None, voices: Collection[str] | None = None
) -> tuple[Suite | None, tuple[Problem, ...]]:
    """The suite that `text` describes, and all problems of it, in the order of their lines.

    Args:
        text: YAML.
        names: those of its cast; None leaves what it says about the cast unchecked.
        voices: what the speech engine has; None leaves voices unchecked.
    """
    tree = read_yaml(text, begins="suite: TITLE")
    found = list(tree.problems)
    found += misfits(tree, Suite) if tree.value or not found else []
    if found:
        return None, _in_order(found)
    suite = msgspec.convert(tree.value, Suite)
    found += _suite(suite, tree)
    for name, scenario in suite.scenarios.items():
        at: Path = ("scenarios", name)
        found += _within(scenario, tree, at)
        found += _voice(scenario, tree, at, voices, names)
        if not suite.cast:
            found += _without_cast(scenario, tree, at)
        elif names is not None:
            found += _against_cast(scenario, tree, at, names)
    return suite, _in_order(found)


def read_suite(
    text: str, name: str = "suite", *, names: Names | None = None, voices: Collection[str] | None = None
) -> Suite:
    """The suite that `text` describes.

    Raises:
        ConfigInvalid: with every problem, each with its line.
    """
    suite, found = check_suite(text, names=names, voices=voices)
    if suite is None or found:
        raise ConfigInvalid(tuple(f"{name}: {problem}" for problem in found))
    return suite


def _suite(suite: Suite, tree: Tree) -> Iterator[Problem]:
    if bool(suite.cast) == bool(suite.instructions):
        yield tree.problem((), "either a `cast` is played or `instructions` are given", "keep one of the two")
    try:
        date.fromisoformat(suite.today)
    except ValueError:
        yield tree.problem(("today",), f"`{suite.today}` is no date", "write it as 2026-05-06, in quotes")


def _within(scenario: Scenario, tree: Tree, at: Path) -> Iterator[Problem]:
    for place, fact in enumerate(scenario.opens_with):
        yield from _known(tree, (*at, "opens_with", place), "fact", fact, scenario.facts)
    for name, fact in scenario.facts.items():
        here = (*at, "facts", name)
        yield from _pair(tree, here, fact.slot, fact.value)
        if fact.hidden and not fact.asked:
            yield tree.problem(
                here, "it is hidden and nothing asks for it", "list words that do under `asked`"
            )
    for place, point in enumerate(scenario.points):
        here = (*at, "points", place)
        yield from _pair(tree, here, point.slot, point.value)
        for key, them in (("tells", point.tells), ("once", point.once)):
            for index, fact in enumerate(them):
                yield from _known(tree, (*here, key, index), "fact", fact, scenario.facts)


def _pair(tree: Tree, at: Path, slot: str, value: object) -> Iterator[Problem]:
    if bool(slot) != (value is not None):
        yield tree.problem(at, "a slot needs a value, and a value a slot", "give both, or neither")


def _voice(
    scenario: Scenario, tree: Tree, at: Path, voices: Collection[str] | None, names: Names | None
) -> Iterator[Problem]:
    here = (*at, "voice")
    if voices is not None and scenario.voice not in voices:
        yield tree.problem(here, f"no voice is called `{scenario.voice}`", nearest(scenario.voice, voices))
    elif names is not None and scenario.voice in names.voices:
        free = sorted(set(voices or ()) - set(names.voices))
        yield tree.problem(
            here,
            f"a persona of the cast speaks with `{scenario.voice}`",
            f"free are {', '.join(free)}" if free else "choose one that no persona has",
        )


def _without_cast(scenario: Scenario, tree: Tree, at: Path) -> Iterator[Problem]:
    """What only a cast has would never be checked, and nobody would notice."""
    expect: Path = (*at, "expect")
    of_casts: list[tuple[Path, bool]] = [
        ((*at, "facts", name, "slot"), bool(fact.slot)) for name, fact in scenario.facts.items()
    ]
    of_casts += [((*at, "points", n, "slot"), bool(each.slot)) for n, each in enumerate(scenario.points)]
    of_casts += [
        ((*expect, "scene"), bool(scenario.expect.scene)),
        ((*expect, "slots"), bool(scenario.expect.slots)),
        ((*expect, "tools"), bool(scenario.expect.tools)),
    ]
    for place, is_given in of_casts:
        if is_given:
            yield tree.problem(
                place,
                "only a cast has it, and none is played",
                "expect words, by `says`, `never` or `answered`",
            )


def _against_cast(scenario: Scenario, tree: Tree, at: Path, names: Names) -> Iterator[Problem]:
    for fact_name, fact in scenario.facts.items():
        yield from _known(tree, (*at, "facts", fact_name, "slot"), "slot", fact.slot, names.slots)
    for place, point in enumerate(scenario.points):
        yield from _known(tree, (*at, "points", place, "slot"), "slot", point.slot, names.slots)
    expect: Path = (*at, "expect")
    yield from _known(tree, (*expect, "scene"), "scene", scenario.expect.scene, names.scenes)
    for slot in scenario.expect.slots:
        yield from _known(tree, (*expect, "slots", slot), "slot", slot, names.slots)
    for place, tool in enumerate(scenario.expect.tools):
        yield from _known(tree, (*expect, "tools", place), "tool", tool, names.tools)


def _known(tree: Tree, at: Path, kind: str, name: str, known: Collection[str]) -> Iterator[Problem]:
    if name and name not in known:
        yield tree.problem(at, f"there is no {kind} `{name}`", nearest(name, known))


def _in_order(found: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: problem.line))
