"""`antiphon bench`: measurements that anyone can repeat.

Each bench is a module with a sentence of `HELP`, its own `arguments`, and `run`, which returns the exit code.
"""

from pathlib import Path
from types import ModuleType

from antiphon.bench import (
    barge_in,
    callers,
    cast,
    echo,
    endpointing,
    interruptions,
    judges,
    kills,
    leaks,
    load,
    manner,
    measures,
    memory,
    memory_answers,
    memory_live,
    reflecting,
    regressions,
    response,
    scheduler,
    states,
    transport,
)
from antiphon.cli.commands import Commands

_BENCHES: dict[str, ModuleType] = {
    "response": response,
    "endpointing": endpointing,
    "barge-in": barge_in,
    "echo": echo,
    "load": load,
    "transport": transport,
    "scheduler": scheduler,
    "memory": memory,
    "memory-answers": memory_answers,
    "memory-live": memory_live,
    "states": states,
    "callers": callers,
    "cast": cast,
    "manner": manner,
    "kills": kills,
    "interruptions": interruptions,
    "judges": judges,
    "leaks": leaks,
    "reflecting": reflecting,
    "measures": measures,
    "regressions": regressions,
}


def register(commands: Commands) -> None:
    """Add the `bench` command with one command below it for each bench."""
    bench = commands.add_parser("bench", help="measure response time, turn-taking, barge-in, load and memory")
    benches = bench.add_subparsers(dest="bench", required=True, metavar="BENCH")
    for name, module in _BENCHES.items():
        parser = benches.add_parser(name, help=module.HELP)
        module.arguments(parser)
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument("--out", type=Path, metavar="DIR", help=f"write {name}.json and {name}.svg")
        parser.set_defaults(run=module.run)
