"""YAML as a tree of plain values that knows the line of everything in it.

The values are those of YAML 1.2's core schema, not of 1.1: in a file of things people say, `no` is a word and
`12:30` a time of day, where a 1.1 reader would see False and 750. Only the composer of PyYAML is used, which
makes no objects at all. A file is text from anywhere: size, depth and the growth of aliases are bounded.
"""

import re
from collections.abc import Callable
from typing import TypeAlias, cast

import msgspec
import yaml

Path: TypeAlias = tuple[str | int, ...]

BYTES_MAX = 256 * 1024
NODES_MAX = 20_000
DEPTH_MAX = 24

_INTEGER = re.compile(r"[-+]?\d{1,18}")
_FRACTION = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d{1,3})?")


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a file, and what to do about it."""

    line: int
    """From 1."""
    where: str
    """Such as "scenes.welcome.ways[0].to"; empty for the file as a whole."""
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"line {self.line}: {place}{self.what}; {self.remedy}"


class Tree(msgspec.Struct, frozen=True):
    """What a file says."""

    value: object
    """Dicts, lists, strings, numbers, booleans and None."""
    lines: dict[Path, int]
    """From each value's path to its line."""
    problems: tuple[Problem, ...]

    def line(self, path: Path) -> int:
        """The line of the value at `path`, or of the nearest one around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path, what: str, remedy: str) -> Problem:
        """A problem with the value at `path`."""
        return Problem(self.line(path), place(path), what, remedy)


def read_yaml(text: str, *, begins: str = "cast: TITLE") -> Tree:
    """The tree of `text`; what cannot be read at all is a problem over an empty tree.

    Args:
        text: the file.
        begins: how a file of its kind begins, for whoever wrote an empty one.
    """
    if len(text.encode()) > BYTES_MAX:
        return _nothing(
            1, f"the file is larger than {BYTES_MAX // 1024} KiB", "split it, or shorten its texts"
        )
    try:
        compose = cast(Callable[..., yaml.Node | None], yaml.compose)  # pyright: ignore[reportUnknownMemberType] - untyped
        root = compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        return _nothing(
            line, f"this is no YAML: {error.problem or error.context}", "mend it there or just above"
        )
    except yaml.YAMLError as error:
        return _nothing(1, f"this is no YAML: {error}", "save it as plain UTF-8 text")
    except RecursionError:
        return _nothing(1, "it is nested too deeply", f"keep to {DEPTH_MAX} levels")
    if root is None:
        return _nothing(1, "the file is empty", f"begin with `{begins}`")
    reader = _Reader()
    value = reader.read(root, ())
    return Tree(value, reader.lines, tuple(reader.problems))


def place(path: Path) -> str:
    """`path` as people write it."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(parts).removeprefix(".")


def _nothing(line: int, what: str, remedy: str) -> Tree:
    return Tree({}, {(): 1}, (Problem(line, "", what, remedy),))


class _Reader:
    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._nodes = 0

    def read(self, node: yaml.Node, path: Path) -> object:
        self.lines.setdefault(path, node.start_mark.line + 1)
        self._nodes += 1
        if self._nodes > NODES_MAX or len(path) > DEPTH_MAX:
            if self._nodes <= NODES_MAX + 1 or len(path) > DEPTH_MAX:
                self._tell(
                    node, path, "there is too much in it", f"keep to {NODES_MAX} values, {DEPTH_MAX} deep"
                )
            self._nodes = max(self._nodes, NODES_MAX + 1)
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*path, place)) for place, child in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._tell(key, path, "a key must be a word", "write `name: value`")
                continue
            name = str(key.value)
            if name in found:
                first = self.lines[(*path, name)]
                self._tell(
                    key, path, f"{name!r} stands here twice, first in line {first}", "rename or remove one"
                )
                continue
            self.lines[(*path, name)] = key.start_mark.line + 1
            found[name] = self.read(value, (*path, name))
        return found

    def _tell(self, node: yaml.Node, path: Path, what: str, remedy: str) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, place(path), what, remedy))


def _scalar(node: yaml.Node) -> object:
    text = str(node.value)
    if not isinstance(node, yaml.ScalarNode) or node.style is not None:
        return text
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if len(text) <= 40 and _FRACTION.fullmatch(text):
        return float(text)
    return text
