"""The `antiphon` command: one thin line from words to a function."""

import argparse
import os
import sys
from importlib.metadata import version
from pathlib import Path

from antiphon.cli import (
    bench,
    call,
    cast,
    check,
    doctor,
    engines,
    evaluate,
    memory,
    models,
    recorded,
    serve,
    talk,
)
from antiphon.cli.program import as_started
from antiphon.contracts import AntiphonError

_COMMANDS = (talk, call, serve, cast, recorded, memory, evaluate, doctor, models, engines, check, bench)


def main(argv: list[str] | None = None) -> int:
    """Run the command line `argv`; returns the exit code. What Antiphon knows went wrong is one line."""
    parser = argparse.ArgumentParser(prog="antiphon", description="Real-time spoken conversation.")
    parser.add_argument("--version", action="version", version=f"antiphon {version('antiphon')}")
    parser.add_argument(
        "--config", type=Path, metavar="PATH", help="the configuration file; antiphon.toml here otherwise"
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.register(subparsers)
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


def _reader_has_gone() -> bool:
    """Whether what reads our output, such as `head`, has ended; then the rest of it goes nowhere."""
    try:
        print(flush=True)  # it may have been a pipe of somebody else that broke
    except BrokenPipeError:
        # Python flushes once more at exit, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False
