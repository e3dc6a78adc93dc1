"""What a command needs of the command line in order to add itself to it."""

from argparse import ArgumentParser
from typing import Any, Protocol


class Commands(Protocol):
    """What `ArgumentParser.add_subparsers` returns, which argparse has no public name for."""

    def add_parser(self, name: str, **kwargs: Any) -> ArgumentParser:
        """A parser for the command `name`; the other arguments are those of `ArgumentParser`."""
        ...
