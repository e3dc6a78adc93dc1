"""`antiphon bench`: measurements that anyone can repeat.

Each bench is a module with its own `arguments`, and `run`, which returns the exit code.
"""

from argparse import ArgumentParser
from functools import partial
from importlib import import_module
from pathlib import Path

from antiphon.cli.late import LateParser

_BENCHES = {
    "response": "how soon an answer is heard, beside Pipecat",
    "endpointing": "false cut-offs against delay at the end of turns",
    "barge-in": "interruptions, listening words and noises over the agent",
    "echo": "the agent through a loudspeaker: false and missed interruptions",
    "load": "concurrent sessions on one core, with scripted engines, beside a scripted Pipecat",
    "transport": "mouth-to-ear over WebRTC beside a WebSocket, and what a minute of each costs",
    "scheduler": "what live work loses to background work",
    "memory": "evidence recall of the memory on LoCoMo, beside BM25 and dense retrieval",
    "memory-answers": "answers from memory's few tokens beside answers from the last turns",
    "memory-live": "whether an answer comes later because the agent remembers",
    "states": "next scene, slots and lag on recorded dialogues, against simpler rules",
    "callers": "whether the gate finds the faults of simulated callers, and only those",
    "cast": "scripted callers speak with the example casts, and what a cast costs between mouth and ear",
    "manner": "whether the first words of each answer show whose manner it is",
    "kills": "a server that is killed at random moments: nothing is lost, and the conversation goes on",
    "interruptions": "callers who cut in at any word: no move, opening or order is wrong, lost or made twice",
    "judges": "coverage, rivals, towers, cost, power and reproducibility of the evaluation itself",
    "leaks": "whether personas tell what only another one knows, by what the model says",
    "reflecting": "whether thinking about a turn again mends what the live loop missed",
    "measures": "whether the measures of a spoken run say what is in its recordings",
    "regressions": "whether `eval compare` finds what is planted in a real agent, and rings for nothing else",
}


def arguments(bench: ArgumentParser) -> None:
    """One command for each bench."""
    benches = bench.add_subparsers(dest="bench", required=True, metavar="BENCH", parser_class=LateParser)
    for name, help_ in _BENCHES.items():
        benches.add_parser(name, help=help_, fill=partial(_fill, name))


def _fill(name: str, parser: ArgumentParser) -> None:
    module = import_module(f"antiphon.bench.{name.replace('-', '_')}")
    module.arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"write {name}.json and {name}.svg")
    parser.set_defaults(run=module.run)
