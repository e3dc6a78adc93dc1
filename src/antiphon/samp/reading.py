"""From the text of a cast file to a cast, or to everything that is wrong with it."""

import re
from collections.abc import Collection, Iterator

import msgspec

from antiphon.contracts import ConfigInvalid
from antiphon.contracts.shape import fitted, misfits
from antiphon.contracts.yaml_text import Problem, Tree, place, read_yaml
from antiphon.samp import checking, graph
from antiphon.samp.cast import Cast


def check_cast(
    text: str, *, voices: Collection[str] | None = None
) -> tuple[Cast | None, tuple[Problem, ...]]:
    """The cast that `text` describes, and all problems of it, in the order of their lines.

    There is no cast while a problem keeps it from having its shape. Names and graph are checked all the same,
    as far as the rest of the file tells.

    Args:
        text: YAML.
        voices: what the speech engine has; None leaves voices unchecked.
    """
    tree = read_yaml(text)
    found = list(tree.problems)
    found += misfits(tree, Cast) if tree.value or not found else []
    if found:
        return None, _in_order([*found, *_beside(tree, found, voices)])
    made = msgspec.convert(tree.value, Cast)
    found += checking.problems(made, tree, voices)
    found += graph.problems(made, tree)
    return made, _in_order(found)


def read_cast(text: str, name: str = "cast", *, voices: Collection[str] | None = None) -> Cast:
    """The cast that `text` describes.

    Raises:
        ConfigInvalid: with every problem, each with its line.
    """
    made, found = check_cast(text, voices=voices)
    if made is None or found:
        raise ConfigInvalid(tuple(f"{name}: {problem}" for problem in found))
    return made


def _beside(tree: Tree, found: list[Problem], voices: Collection[str] | None) -> Iterator[Problem]:
    """What is wrong with the names and the graph of a file whose shape is, as far as that can be known."""
    paths = {place(path): path for path in tree.lines}
    gone = [path for problem in found if (path := paths.get(problem.where))]
    try:
        rest = msgspec.convert(fitted(tree.value, Cast), Cast)
    except msgspec.ValidationError:
        return
    names = {str(key) for path in gone for key in path[1:]}
    shapeless = {problem.line for problem in found}
    for problem in (*checking.problems(rest, tree, voices), *graph.problems(rest, tree)):
        about = set(re.findall(r"\w+", f"{problem.where} {problem.what}"))
        if problem.line not in shapeless and not about & names:
            yield problem


def _in_order(found: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: problem.line))
