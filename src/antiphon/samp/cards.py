"""What a scene's card in the drawing holds, line by line, and how tall that makes it."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from antiphon.samp.cast import Cast, Jump, Way

Kind: TypeAlias = Literal["opening", "aim", "ask", "do", "words", "guard", "ends"]

WIDTH = 276.0
PAD = 16.0
HEADER = 54.0
LINE = 16.0
ROW_GAP = 8.0

_NARROW = set("fijlrtI.,;:!|'()[] ")
_WIDE = set("mwMW@%—")


class Row(msgspec.Struct, frozen=True):
    """One entry of a card."""

    kind: Kind
    lines: tuple[str, ...]
    top: float
    """From the card's upper edge."""
    to: str = ""
    """Of a way: where it leads."""
    slot: str = ""
    """Of something to ask: what."""
    optional: bool = False

    @property
    def middle(self) -> float:
        """The height of its middle, from the card's upper edge."""
        return self.top + LINE * len(self.lines) / 2


class Card(msgspec.Struct, frozen=True):
    """A scene, as it is drawn."""

    scene: str
    rows: tuple[Row, ...]
    rule: float
    """The height of the line above the ways; 0 where there are none."""
    height: float


class _Entry(msgspec.Struct, frozen=True):
    kind: Kind
    text: str
    to: str = ""
    slot: str = ""
    optional: bool = False


def card(cast: Cast, name: str, chips: Mapping[str, str]) -> Card:
    """The card of the scene `name`; `chips`: the text for each target whose way gets no line."""
    scene = cast.scenes[name]
    told = [_Entry("aim", scene.aim)]
    told += [_Entry("opening", f"“{scene.opening}”")] if scene.opening else []
    told += [
        _Entry("ask", task.ask.replace("_", " "), slot=task.ask, optional=task.optional)
        if task.ask
        else _Entry("do", task.do, optional=task.optional)
        for task in scene.checklist
    ]
    ways = [_Entry(*label(way), to=way.to) for way in scene.ways]
    ways += [_Entry("ends", "the conversation may end")] if scene.ends else []
    rows: list[Row] = []
    at, rule = HEADER, 0.0
    for place, entry in enumerate((*told, *ways)):
        if place == len(told):
            rule, at = at + 3, at + 12
        box = 18 if entry.kind in ("ask", "do") else 0
        chip = width(chips[entry.to], 10.5) + 20 if entry.to in chips else 0
        most = 2 if entry.kind == "opening" else 3
        lines = wrapped(entry.text, WIDTH - 2 * PAD - box - chip, most=most, size=11.5)
        rows.append(Row(entry.kind, lines, at, entry.to, entry.slot, entry.optional))
        at += LINE * len(lines) + ROW_GAP
    return Card(name, tuple(rows), rule, at + 6)


def label(way: Way | Jump) -> tuple[Kind, str]:
    """What stands at a way: words if there are any, else the guard on slots."""
    words = way.when or (f"“{way.says[0]}”" if way.says else "")
    if words and way.guard:
        return "words", f"{words}, if {way.guard}"
    return ("words", words) if words else ("guard", way.guard)


def wrapped(text: str, room: float, *, most: int, size: float) -> tuple[str, ...]:
    """`text` in lines of `room` pixels, at most so many; what is left out becomes an ellipsis."""
    lines: list[str] = []
    for word in text.split():
        if lines and width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
        elif len(lines) == most:
            return (*lines[:-1], lines[-1].rstrip(" ,.;”") + " …")
        else:
            lines.append(word)
    return tuple(lines or [""])


def width(text: str, size: float) -> float:
    """About how wide `text` is in a sans-serif face."""
    return size * sum(0.33 if char in _NARROW else 0.92 if char in _WIDE else 0.605 for char in text)
