"""The `antiphon` command: one thin line from words to a function."""

import argparse
import sys
from importlib.metadata import version
from pathlib import Path

from antiphon.cli import bench, call, cast, check, doctor, engines, memory, models, serve, talk
from antiphon.contracts import AntiphonError

_COMMANDS = (talk, call, serve, cast, memory, doctor, models, engines, check, bench)


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
        return args.run(args)
    except AntiphonError as error:
        print(f"antiphon: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
