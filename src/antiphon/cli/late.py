"""Commands that learn their arguments when they are meant: loading the modules of all takes seconds."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any, NoReturn


class LateParser(ArgumentParser):
    """The parser of a command, to which `fill` gives its arguments before it first parses."""

    def __init__(
        self,
        *,
        fill: Callable[[ArgumentParser], None] | None = None,
        wrong_usage: int = 2,
        **settings: Any,
    ) -> None:
        """`wrong_usage` is the exit code when the command is not understood, where 2 says something else."""
        super().__init__(**settings)
        self._wrong_usage = wrong_usage
        self._fill = fill  # none for a command below this one: argparse makes those of the same class

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride] - of two overloads, one is used
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As `ArgumentParser` does; argparse asks a command below another by this method, too."""
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill(self)
        found, unknown = super().parse_known_args(args, namespace)
        if unknown and self._wrong_usage != 2:  # whoever asked would end with 2
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Say what is not understood, and end."""
        self.print_usage(sys.stderr)
        self.exit(self._wrong_usage, f"{self.prog}: error: {message}\n")
