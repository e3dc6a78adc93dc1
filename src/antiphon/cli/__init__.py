"""The `antiphon` command: one thin line from words to a function."""

import argparse
import sys

from antiphon.cli import check, engines, models
from antiphon.contracts import AntiphonError


def main(argv: list[str] | None = None) -> int:
    """Run the command line `argv`; returns the exit code. What Antiphon knows went wrong is one line."""
    parser = argparse.ArgumentParser(prog="antiphon", description="Real-time spoken conversation.")
    subparsers = parser.add_subparsers(dest="command", required=True)
    for command in (models, engines, check):
        command.register(subparsers)
    args = parser.parse_args(argv)
    try:
        return args.run(args)
    except AntiphonError as error:
        print(f"antiphon: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
