"""From the text of a cast file to a cast, or to everything that is wrong with it."""

from collections.abc import Collection

import msgspec

from antiphon.contracts import ConfigInvalid
from antiphon.contracts.shape import misfits
from antiphon.contracts.yaml_text import Problem, read_yaml
from antiphon.samp import checking, graph
from antiphon.samp.cast import Cast


def check_cast(
    text: str, *, voices: Collection[str] | None = None
) -> tuple[Cast | None, tuple[Problem, ...]]:
    """The cast that `text` describes, and all problems of it, in the order of their lines.

    There is no cast while a problem keeps it from having its shape; names and graph are checked only then.

    Args:
        text: YAML.
        voices: what the speech engine has; None leaves voices unchecked.
    """
    tree = read_yaml(text)
    found = list(tree.problems)
    found += misfits(tree, Cast) if tree.value or not found else []
    if found:
        return None, _in_order(found)
    cast = msgspec.convert(tree.value, Cast)
    found += checking.problems(cast, tree, voices)
    found += graph.problems(cast, tree)
    return cast, _in_order(found)


def read_cast(text: str, name: str = "cast", *, voices: Collection[str] | None = None) -> Cast:
    """The cast that `text` describes.

    Raises:
        ConfigInvalid: with every problem, each with its line.
    """
    cast, found = check_cast(text, voices=voices)
    if cast is None or found:
        raise ConfigInvalid(tuple(f"{name}: {problem}" for problem in found))
    return cast


def _in_order(found: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: problem.line))
