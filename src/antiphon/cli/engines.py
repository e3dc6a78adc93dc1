"""`antiphon engines`: what is installed, read from the cards without loading anything."""

import argparse
import json
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from antiphon.cli import latency
from antiphon.contracts import AntiphonError, Part
from antiphon.contracts.discovery import PARTS, find, installed
from antiphon.runtime import Config

_COLUMNS = ("part", "name", "licence", "default", "capabilities", "weights", "summary")
_FOR_ALL = 160
"""Characters that a line of all columns needs; a narrower terminal gets fewer of them."""


def arguments(engines: argparse.ArgumentParser) -> None:
    """What `engines` takes."""
    engines.add_argument("--json", action="store_true", help="print JSON")
    engines.set_defaults(run=_engines)


def _engines(args: argparse.Namespace) -> int:
    cards = [_card(part, name) for part in PARTS for name in sorted(installed(part))]
    console = Console()
    if args.json:
        print(json.dumps(cards, indent=2, ensure_ascii=False))
    elif console.is_terminal:
        console.print(_table(cards) if console.width >= _FOR_ALL else _narrow(cards))
    else:
        for card in cards:
            print(*_row(card), sep="\t")
    return 0


def _card(part: Part, name: str) -> dict[str, Any]:
    """The card as plain JSON; an engine whose module cannot be read is listed with the reason."""
    try:
        card = find(part, name).card
    except AntiphonError as error:
        return {"part": part, "name": name, "error": str(error)}
    # Under the name it is chosen by, which is its distribution's to give and need not be the card's.
    plain: dict[str, Any] = msgspec.to_builtins(card)
    measured = {**card.latency_ms, **latency.known(part, name)}
    choice = Config().engines.get(part)
    default = choice is not None and choice.use == name
    return plain | {
        "name": name,
        "default": default,
        "capabilities": sorted(card.capabilities),
        "latency_ms": measured,
    }


def _table(cards: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column, no_wrap=column in ("part", "name"))
    for card in cards:
        table.add_row(*_row(card))
    return table


def _narrow(cards: list[dict[str, Any]]) -> Table:
    """Engines below their parts, the default one marked; what does not fit is in the JSON."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column()
    part = ""
    for card in cards:
        if card["part"] != part:
            part = card["part"]
            table.add_row(f"[bold]{part}[/bold]")
        mark = "*" if card.get("default") else " "
        about = escape(card.get("error") or card["summary"])
        table.add_row(f" {mark} {card['name']}", card.get("licence", "").replace(" AND ", "\n"), about)
    table.caption = "* the default; --json tells all"
    return table


def _row(card: dict[str, Any]) -> tuple[str, ...]:
    if "error" in card:
        return card["part"], card["name"], "", "", "", "", card["error"]
    return (
        card["part"],
        card["name"],
        card["licence"],
        "default" if card["default"] else "",
        ", ".join(card["capabilities"]),
        ", ".join(card["weights"]),
        card["summary"],
    )
