"""Orders that a killed server must not place twice: a cast whose tool leaves marks, and what the marks say.

The tool is on a real MCP server, a process that goes on when the one that called it is killed. Each order has
a number of its own, so that one placed twice is seen.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from antiphon.bench.peers import counting_shop
from antiphon.contracts import JournalEntry

PER_LIFE = 100
"""Numbers that each life of a server has for its orders."""
_FIRST = 1000
_CAST = """\
cast: The Counter
about: A shop that takes orders.
start: counter
personas:
  clerk: {name: Ann, role: the clerk, voice: low, manner: Friendly., may: [order]}
slots:
  count: {type: number, about: how many, cues: [pieces]}
scenes:
  counter:
    plays: clerk
    aim: Take the order.
    checklist: [{ask: count}]
    ways: [{to: ordered, when: they confirm the order, says: [yes order it now please], does: order}]
    ends: true
  ordered:
    plays: clerk
    aim: Say that it is ordered.
    ways: [{to: counter, when: they want something else, says: [I have another order for you]}]
tools:
  order: {about: Orders the pieces., runs: "mcp:shop/order", needs: [count], changes: true}
servers:
  shop: {command: COMMAND}
"""


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all orders."""

    begun: int
    """By the journals."""
    placed: int
    """By the marks that they left."""
    known_done: int
    """By the journals."""
    cut_off: int
    """Begun by a server that was killed before it knew what came of it."""
    cut_off_placed: int
    """Of those, how many were placed all the same."""
    twice: tuple[int, ...]
    """Placed more than once."""


def cast_with(marks: Path) -> str:
    """The cast file, whose tool leaves its marks in a file."""
    command = [sys.executable, str(Path(counting_shop.__file__)), str(marks)]
    return _CAST.replace("COMMAND", msgspec.json.encode(command).decode())


def says(life: int) -> Iterator[str]:
    """What a caller says in the `life` of a server, who orders one number after the other."""
    for number in range(_FIRST + life * PER_LIFE, _FIRST + (life + 1) * PER_LIFE):
        yield f"{number} pieces please"
        yield "yes order it now please"
        yield "I have another order for you"


def placed(marks: Path) -> Counter[int]:
    """How often each number was ordered."""
    lines = marks.read_text(encoding="utf-8").splitlines() if marks.exists() else []
    return Counter(map(int, lines))


def told(entries: Sequence[JournalEntry]) -> dict[int, str]:
    """Of each order the last that a journal says: "running", "done" or "failed"."""
    statuses: dict[str, tuple[int, str]] = {}
    for entry in entries:
        if entry.kind == "tool_called":
            number = statuses.get(entry.body["id"], (0, ""))[0] or int(entry.body["arguments"]["count"])
            statuses[entry.body["id"]] = number, entry.body["status"]
    return dict(statuses.values())


def wrong(entries: Sequence[JournalEntry], marks: Counter[int]) -> Iterator[str]:
    """What must not be, as far as one conversation tells."""
    known = told(entries)
    for number, status in known.items():
        if marks[number] > 1:
            yield f"order {number} was placed {marks[number]} times"
        if status == "done" and not marks[number]:
            yield f"order {number} is said to be done, and was never placed"


def unknown(journals: Sequence[Sequence[JournalEntry]], marks: Counter[int]) -> tuple[int, ...]:
    """Orders that were placed and of which no journal knows."""
    known = {number for entries in journals for number in told(entries)}
    return tuple(sorted(marks.keys() - known))


def summed(journals: Sequence[Sequence[JournalEntry]], marks: Counter[int]) -> Orders:
    """What became of all of them."""
    known = {number: status for entries in journals for number, status in told(entries).items()}
    open_ends = [number for number, status in known.items() if status != "done"]
    return Orders(
        begun=len(known),
        placed=len(marks),
        known_done=sum(status == "done" for status in known.values()),
        cut_off=len(open_ends),
        cut_off_placed=sum(marks[number] > 0 for number in open_ends),
        twice=tuple(number for number, times in marks.items() if times > 1),
    )
