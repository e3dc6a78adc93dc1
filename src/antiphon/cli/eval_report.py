"""`antiphon eval report`: a run for a terminal, and as one HTML page that can be sent to anybody."""

import argparse
import sys
from pathlib import Path

import msgspec

from antiphon.cli.commands import Commands, count_from
from antiphon.cli.eval_summary import summary_lines
from antiphon.contracts import ConfigInvalid
from antiphon.evals.records import conversations, read_run
from antiphon.evals.report import page
from antiphon.evals.report.words import top_line
from antiphon.evals.summary import summarized


def register(commands: Commands) -> None:
    """Add `report`."""
    report = commands.add_parser(
        "report",
        help="a run as a summary and one HTML page",
        description="Print a run's summary, and write it as one HTML page with pictures, sound and captions.",
    )
    report.add_argument("folder", type=Path, metavar="RUN")
    report.add_argument("-o", "--out", type=Path, metavar="HTML", help="RUN/report.html otherwise")
    report.add_argument(
        "--worst", type=count_from(0), default=3, metavar="N", help="conversations on the page; 3"
    )
    report.add_argument("--json", action="store_true", help="print the summary as one JSON document")
    report.set_defaults(run=_report)


def _report(args: argparse.Namespace) -> int:
    found = summarized(read_run(args.folder), list(conversations(args.folder)))
    out: Path = args.out or args.folder / "report.html"
    try:
        out.write_text(page(args.folder, worst=args.worst), encoding="utf-8")
    except OSError as error:
        raise ConfigInvalid((f"{out} cannot be written: {error.strerror}",)) from error
    if args.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
        return 0
    print(top_line(found), end="\n\n")
    print("\n".join(summary_lines(found)))
    print(f"\ndrawn to {out}")
    return 0
