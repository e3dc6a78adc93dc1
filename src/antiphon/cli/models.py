"""`antiphon models`: which weights there are, which are here, and fetching them."""

import argparse
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import get_args

import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from antiphon.cli.program import as_started
from antiphon.contracts import ContractBroken
from antiphon.store import ModelSet, ModelStatus, PullProgress, Source, Store, human

_PLAIN_LINES = 10
"""How many lines a pull prints on its way where nobody watches a bar."""


def arguments(models: argparse.ArgumentParser) -> None:
    """What `models` takes."""
    actions = models.add_subparsers(dest="models_action", required=True)

    listing = actions.add_parser("list", help="every known model, and whether it is here")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=_list)

    pull = actions.add_parser("pull", help="fetch models; without names, the default ones")
    pull.add_argument("names", nargs="*", metavar="NAME")
    pull.add_argument("--all", action="store_true", help="every model of the manifest")
    pull.add_argument("--for", dest="purpose", choices=get_args(ModelSet), help="the models of a set")
    pull.add_argument(
        "--from", dest="source", choices=get_args(Source), help="the only source to try; both otherwise"
    )
    pull.set_defaults(run=_pull)

    verify = actions.add_parser("verify", help="hash the files again; without names, of every model here")
    verify.add_argument("names", nargs="*", metavar="NAME")
    verify.add_argument("--json", action="store_true", help="print JSON")
    verify.set_defaults(run=_verify)

    remove = actions.add_parser("remove", help="delete models from this machine")
    remove.add_argument("names", nargs="+", metavar="NAME")
    remove.set_defaults(run=_remove)


def _list(args: argparse.Namespace) -> int:
    store = Store()
    models = store.status()
    if args.json:
        document = {"root": str(store.root), "models": models}
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
        return 0
    console = Console()
    if not console.is_terminal:
        for model in models:
            print(*_row(model), sep="\t")
        return 0
    # Five columns fit 80 characters; plain lines and JSON have the rest.
    table = Table(box=None, pad_edge=False)
    for column in ("model", "state", "size", "licence", "needed by"):
        table.add_column(column, justify="right" if column == "size" else "left", no_wrap=True)
    for model in models:
        name, _, state, size, licence, _, _ = _row(model)
        table.add_row(name if model.pinned else f"{name} *", state, size, licence, (*model.sets, "")[0])
    console.print(table)
    console.print(f"in {store.root}", highlight=False, soft_wrap=True)
    console.print("* unpinned: verified against what the Hub states", highlight=False)
    return 0


def _row(model: ModelStatus) -> tuple[str, ...]:
    size = human(model.size_bytes) if model.size_bytes else "?"
    sources = "+".join(model.sources) + ("" if model.pinned else " (unpinned)")
    return model.name, model.part, model.state, size, model.licence, ",".join(model.sets), sources


def _pull(args: argparse.Namespace) -> int:
    store = Store()
    names = _chosen(store, args)
    for name in names:
        try:
            with _shown(name) as progress:
                folder = store.pull(name, source=args.source, progress=progress)
        except KeyboardInterrupt:
            print(as_started(f"stopped; antiphon models pull {name} goes on from here"), file=sys.stderr)
            raise
        print(f"{name}: ready in {folder}")
    return 0


def _chosen(store: Store, args: argparse.Namespace) -> tuple[str, ...]:
    ways = [bool(args.names), args.all, args.purpose is not None]
    if sum(ways) > 1:
        raise ContractBroken("name models, or say --all, or say --for: only one of them")
    if args.names:
        # A wrong last name must not be found out after an hour of pulling the first ones.
        return tuple(store.manifest.find(name).name for name in args.names)
    if args.all:
        return tuple(model.name for model in store.manifest.model)
    return store.manifest.names_in(args.purpose or "default")


def _verify(args: argparse.Namespace) -> int:
    store = Store()
    names = args.names or [model.name for model in store.status() if model.state == "ready"]
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        with _shown(name, bar_only=True) as progress:
            found[name] = store.verify(name, progress)
        if not args.json:
            mend = as_started(f" (antiphon models pull {name})")
            print(f"{name}: " + ("; ".join(found[name]) + mend if found[name] else "ok"))
    if args.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    return 1 if any(found.values()) else 0


def _remove(args: argparse.Namespace) -> int:
    store = Store()
    for name in [store.manifest.find(name).name for name in args.names]:
        freed = store.remove(name)
        print(f"{name}: removed, {human(freed)} set free" if freed else f"{name}: was not here")
    return 0


@contextmanager
def _shown(name: str, *, bar_only: bool = False) -> Generator[Callable[[PullProgress], None]]:
    """What to call with each step: a bar on a terminal, elsewhere a line now and then."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield (lambda step: None) if bar_only else _plain()
    else:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=console, transient=True) as bars:
            task = bars.add_task(name, total=None)

            def show(step: PullProgress) -> None:
                if step.note:
                    console.print(step.note, highlight=False, soft_wrap=True)
                bars.update(task, completed=step.done_bytes, total=step.total_bytes or None)

            yield show


def _plain() -> Callable[[PullProgress], None]:
    shown = -1

    def show(step: PullProgress) -> None:
        nonlocal shown
        come = step.done_bytes * _PLAIN_LINES // max(step.total_bytes, 1)
        if step.note:
            print(step.note, file=sys.stderr, flush=True)
        elif come > shown:
            shown = come
            of = f"{human(step.done_bytes)} of {human(step.total_bytes)}"
            print(f"pulling {step.model}: {of}", file=sys.stderr, flush=True)

    return show
