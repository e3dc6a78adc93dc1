"""`antiphon bench`: measurements that anyone can repeat."""

import argparse
from types import ModuleType

from antiphon.bench import barge_in, endpointing, load, response

_BENCHES: tuple[ModuleType, ...] = (response, endpointing, barge_in, load)


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",  # pyright: ignore[reportPrivateUsage]
) -> None:
    """Add the `bench` command with one command below it for each bench."""
    bench = subparsers.add_parser("bench", help="measure response time, turn-taking, barge-in and load")
    benches = bench.add_subparsers(dest="bench", required=True, metavar="BENCH")
    for module in _BENCHES:
        module.register(benches)
