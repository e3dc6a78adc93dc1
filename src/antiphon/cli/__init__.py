"""The `antiphon` command: one thin line from words to a function."""

import argparse
import os
import sys
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from antiphon.cli.late import LateParser
from antiphon.cli.program import as_started
from antiphon.contracts import AntiphonError

_COMMANDS = {
    "talk": ("talk:arguments", "talk to a running server"),
    "call": ("call:arguments", "speak recordings to a server and measure its answers"),
    "serve": ("serve:arguments", "run the server"),
    "cast": ("cast:arguments", "check, draw and try out a cast of characters and scenes"),
    "replay": (
        "recorded:replay_arguments",
        "make a recorded conversation again, every state and prompt, and compare bit for bit",
    ),
    "prompt": (
        "recorded:prompt_arguments",
        "what the prompt of a recorded answer was made of, and what reading it costs here",
    ),
    "memory": ("memory:arguments", "keep, search and forget what was said"),
    "eval": (
        "evaluate:arguments",
        "let simulated callers try the agent, judge what came of it, and compare versions",
    ),
    "doctor": ("doctor:arguments", "check this machine and predict the response time"),
    "models": ("models:arguments", "list, fetch, check and remove model weights"),
    "engines": ("engines:arguments", "list the installed engines"),
    "check": ("check:arguments", "check an engine against its contract"),
    "bench": ("bench:arguments", "measure response time, turn-taking, barge-in, load and memory"),
}
"""Of each command, which function of which module gives it its arguments, and what it is for."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line `argv`; returns the exit code. What Antiphon knows went wrong is one line."""
    parser = argparse.ArgumentParser(prog="antiphon", description="Real-time spoken conversation.")
    parser.add_argument("--version", action="version", version=f"antiphon {version('antiphon')}")
    parser.add_argument(
        "--config", type=Path, metavar="PATH", help="the configuration file; antiphon.toml here otherwise"
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=LateParser
    )
    for name, (place, help_) in _COMMANDS.items():
        commands.add_parser(name, help=help_, fill=partial(_fill, place))
    args = parser.parse_args(argv)
    try:
        code = args.run(args)
        sys.stdout.flush()
        return code
    except AntiphonError as error:
        print(f"antiphon: {as_started(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        if not _reader_has_gone():
            raise
        return 141


def _fill(place: str, parser: argparse.ArgumentParser) -> None:
    module, _, function = place.partition(":")
    getattr(import_module(f"antiphon.cli.{module}"), function)(parser)


def _reader_has_gone() -> bool:
    """Whether what reads our output, such as `head`, has ended; then the rest of it goes nowhere."""
    try:
        print(flush=True)  # it may have been a pipe of somebody else that broke
    except BrokenPipeError:
        # Python flushes once more at exit, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False
