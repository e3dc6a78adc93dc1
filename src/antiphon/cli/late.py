"""Commands that learn their arguments when they are meant: loading the modules of all takes seconds."""

from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any


class LateParser(ArgumentParser):
    """The parser of a command, to which `fill` gives its arguments before it first parses."""

    def __init__(self, *, fill: Callable[[ArgumentParser], None] | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self._fill = fill  # none for a command below this one: argparse makes those of the same class

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride] - of two overloads, one is used
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As `ArgumentParser` does; argparse asks a command below another by this method, too."""
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill(self)
        return super().parse_known_args(args, namespace)
