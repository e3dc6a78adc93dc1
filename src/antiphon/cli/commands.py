"""What a command needs of the command line in order to add itself to it."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any, Protocol


class Commands(Protocol):
    """What `ArgumentParser.add_subparsers` returns, which argparse has no public name for."""

    def add_parser(self, name: str, **kwargs: Any) -> ArgumentParser:
        """A parser for the command `name`; the other arguments are those of `ArgumentParser`."""
        ...


def count_from(least: int) -> Callable[[str], int]:
    """The `type` of an argument that is a whole number, `least` or more."""

    def count(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise ArgumentTypeError(f"{text} is no whole number from {least} on")
        return number

    return count
