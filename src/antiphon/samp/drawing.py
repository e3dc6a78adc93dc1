"""A cast as a picture: its scenes as cards, coloured by who plays, joined by the ways between them.

A way is a row of its card and its line begins there, so that no label ever lies on a line. What leads back to
an earlier scene is a chip with that scene's name. Below the graph stands what can come up at any time.
"""

from collections.abc import Iterator
from html import escape
from itertools import pairwise

import msgspec

from antiphon.samp.cards import HEADER, LINE, PAD, WIDTH, Card, Row, card, label, width, wrapped
from antiphon.samp.cast import BACK, Cast
from antiphon.samp.graph import travelled
from antiphon.samp.layout import Layout, layered

COLUMN_GAP = 104.0
BOX_GAP = 34.0
MARGIN = 48.0
TOP = 150.0

_PALETTE = ("#c2553d", "#2f6f8f", "#7a5ea8", "#3d8361", "#b0812a", "#a8476f", "#4c6fb5", "#6b7a2f")
_FONT = "'Inter','Segoe UI','Helvetica Neue',Helvetica,Arial,sans-serif"
_MONO = "'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace"
_DOTS = ' stroke-dasharray="1 5" stroke-linecap="round"'
_INK, _SOFT, _FAINT, _PAPER = "#2b2a28", "#716d66", "#e4dfd6", "#faf8f4"


class _Picture(msgspec.Struct):
    cast: Cast
    colours: dict[str, str]
    chips: dict[str, dict[str, str]]
    """Of each scene: the targets of its ways that get a chip and no line."""
    cards: dict[str, Card]
    at: dict[str, tuple[float, float]]
    parts: list[str]

    def colour(self, scene: str) -> str:
        return self.colours.get(self.cast.scenes[scene].plays, _SOFT)


def draw(cast: Cast) -> str:
    """The picture of a cast without problems, as one SVG document."""
    colours = {name: _PALETTE[place % len(_PALETTE)] for place, name in enumerate(cast.personas)}
    story = [name for name in cast.scenes if name in travelled(cast)]
    chips = _chips(cast, story)
    cards = {name: card(cast, name, chips[name]) for name in cast.scenes}
    picture = _Picture(cast, colours, chips, cards, {}, [])
    heights = {name: cards[name].height for name in story}
    layout = layered(heights, _drawn(cast, story, chips), cast.start, gap=BOX_GAP)
    for name in heights:
        picture.at[name] = (MARGIN + layout.layers[name] * (WIDTH + COLUMN_GAP), TOP + layout.tops[name])
    columns = max(layout.layers.values()) + 1
    wide = max(2 * MARGIN + columns * (WIDTH + COLUMN_GAP) - COLUMN_GAP, 2 * MARGIN + 3 * WIDTH + 2 * 28)
    picture.parts += _heading(picture, wide)
    for name in heights:
        picture.parts += _lines(picture, name, layout)
    for name in heights:
        picture.parts += _card(picture, name)
    bottom = _visits(picture, [n for n in cast.scenes if n not in heights], TOP + layout.height + 56, wide)
    return _document(picture.parts, wide, bottom + MARGIN)


def _drawn(cast: Cast, scenes: list[str], chips: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    """The ways that are lines."""
    return [
        (name, way.to)
        for name in cast.scenes
        if name in scenes
        for way in cast.scenes[name].ways
        if way.to in scenes and way.to not in chips[name]
    ]


def _chips(cast: Cast, scenes: list[str]) -> dict[str, dict[str, str]]:
    """What leads back, and what leads far ahead to an end: as lines, they would cross the whole picture."""
    chips: dict[str, dict[str, str]] = {name: {} for name in cast.scenes}
    layout = layered(dict.fromkeys(scenes, 1.0), _drawn(cast, scenes, chips), cast.start, gap=1.0)
    for name, scene in cast.scenes.items():
        for way in scene.ways:
            if way.to == BACK:
                chips[name][BACK] = "↩ back"
            elif name not in scenes:
                chips[name][way.to] = f"→ {_title(way.to)}"
            elif (name, way.to) not in layout.lanes:
                chips[name][way.to] = f"↩ {_title(way.to)}"
            elif layout.lanes[name, way.to] and cast.scenes[way.to].ends:
                chips[name][way.to] = f"→ {_title(way.to)}"
    return chips


def _document(parts: list[str], wide: float, tall: float) -> str:
    style = (
        f"text{{font-family:{_FONT};fill:{_INK}}}.s{{fill:{_SOFT}}}.m{{font-family:{_MONO};font-size:10.5px}}"
        ".t{font-weight:650}.b{font-size:11.5px}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {tall:.0f}" '
        f'width="{wide:.0f}" height="{tall:.0f}">\n<style>{style}</style>\n'
        '<defs><filter id="d" x="-10%" y="-10%" width="120%" height="130%"><feDropShadow dx="0" dy="2" '
        'stdDeviation="4" flood-color="#5b5245" flood-opacity=".14"/></filter></defs>\n'
        f'<rect width="100%" height="100%" fill="{_PAPER}"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _heading(picture: _Picture, wide: float) -> Iterator[str]:
    yield _text(MARGIN, 54, picture.cast.cast, size=26, extra='class="t"')
    x = MARGIN
    for name, persona in picture.cast.personas.items():
        yield _avatar(x + 15, 93, 15, picture.colours[name], persona.name)
        said = f"{persona.role} · {persona.voice}"
        yield _text(x + 39, 90, persona.name, size=13, extra='class="t"')
        yield _text(x + 39, 106, said, size=11.5, extra='class="s"')
        x += 39 + max(width(persona.name, 13), width(said, 11.5)) + 34
        if x > wide - MARGIN - 300:
            break
    for place, (what, dash) in enumerate((("on words", ""), ("on slots", _DOTS))):
        y = 86 + 20 * place
        yield f'<path d="M{wide - MARGIN - 96:.1f} {y}h34" stroke="{_SOFT}" stroke-width="1.8"{dash}/>'
        yield _text(wide - MARGIN - 54, y + 4, what, size=11.5, extra='class="s"')


def _card(picture: _Picture, name: str) -> Iterator[str]:
    x, y = picture.at[name]
    one, colour = picture.cards[name], picture.colour(name)
    persona = picture.cast.personas.get(picture.cast.scenes[name].plays)
    start = name == picture.cast.start
    yield f'<g filter="url(#d)">{_box(x, y, WIDTH, one.height, "#fff", radius=12)}</g>'
    yield (
        f'<path d="M{x:.1f} {y + HEADER - 10:.1f}v{-(HEADER - 22):.1f}a12 12 0 0 1 12 -12h{WIDTH - 24:.1f}'
        f'a12 12 0 0 1 12 12v{HEADER - 22:.1f}z" fill="{colour}" fill-opacity=".11"/>'
    )
    yield _avatar(x + PAD + 12, y + 22, 12, colour, persona.name if persona else "?")
    yield _text(x + PAD + 34, y + 27, _title(name), size=14.5, extra='class="t"')
    if start:
        yield _chip(x + WIDTH - PAD, y + 22, "start", colour, filled=True)
    if one.rule:
        yield f'<path d="M{x + PAD} {y + one.rule:.1f}H{x + WIDTH - PAD}" stroke="{_FAINT}"/>'
    for row in one.rows:
        yield from _row(picture, name, row)


def _row(picture: _Picture, name: str, row: Row) -> Iterator[str]:
    x, y = picture.at[name]
    left, colour = x + PAD, picture.colour(name)
    middle = y + row.middle
    if row.kind in ("ask", "do"):
        shape = f'rx="{6 if row.kind == "do" else 3}"'
        shape += ' stroke-dasharray="2 2"' if row.optional else ""
        yield (
            f'<rect x="{left + 0.5}" y="{middle - 5.5:.1f}" width="11" height="11" {shape} fill="none" '
            f'stroke="{colour}" stroke-width="1.4"/>'
        )
        left += 18
    style = {
        "aim": 'class="b"',
        "opening": f'class="b" style="font-style:italic;fill:{colour}"',
        "guard": 'class="m"',
        "ends": 'class="b s"',
    }.get(row.kind, 'class="b"')
    for number, line in enumerate(row.lines):
        yield _text(left, y + row.top + LINE * number + 12, line, extra=style)
    if row.kind == "ask":
        mark = _mark(picture.cast, row.slot)
        yield _text(x + WIDTH - PAD, y + row.top + 12, mark, extra='class="b s" text-anchor="end"')
    if row.kind == "ends":
        yield f'<circle cx="{x + WIDTH - PAD - 6:.1f}" cy="{middle:.1f}" r="6" fill="none" stroke="{_INK}"/>'
        yield f'<circle cx="{x + WIDTH - PAD - 6:.1f}" cy="{middle:.1f}" r="3" fill="{_INK}"/>'
    if row.to in picture.chips[name]:
        there = _SOFT if row.to == BACK else picture.colour(row.to)
        yield _chip(x + WIDTH - PAD + 4, middle, picture.chips[name][row.to], there)


def _mark(cast: Cast, slot: str) -> str:
    """What kind of thing is asked for."""
    return cast.slots[slot].type + " · private" * cast.slots[slot].private


def _lines(picture: _Picture, name: str, layout: Layout[str]) -> Iterator[str]:
    """A line for each way that leads on."""
    x, y = picture.at[name]
    for row in picture.cards[name].rows:
        if row.to not in picture.at or row.to in picture.chips[name]:
            continue
        colour, from_y = picture.colour(row.to), y + row.middle
        to_x, to_y = picture.at[row.to][0], picture.at[row.to][1] + 22
        points = [(x + WIDTH, from_y)]
        for step, height in enumerate(layout.lanes[name, row.to], start=1):
            left = x + step * (WIDTH + COLUMN_GAP)
            lane = TOP + height
            points += [(left, lane), (left + WIDTH, lane)]
        points.append((to_x - 7, to_y))
        dash = _DOTS if row.kind == "guard" else ""
        yield (
            f'<path d="{_curve(points)}" fill="none" stroke="{colour}" stroke-width="1.8"'
            f' stroke-opacity=".75"{dash}/>'
        )
        yield f'<circle cx="{x + WIDTH:.1f}" cy="{from_y:.1f}" r="3.4" fill="#fff" stroke="{colour}"/>'
        yield f'<path d="M{to_x - 8:.1f} {to_y - 4.5:.1f}l8 4.5l-8 4.5z" fill="{colour}"/>'


def _curve(points: list[tuple[float, float]]) -> str:
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (ax, ay), (bx, by) in pairwise(points):
        bend = (bx - ax) * 0.5
        path += f"C{ax + bend:.1f} {ay:.1f} {bx - bend:.1f} {by:.1f} {bx:.1f} {by:.1f}"
    return path


def _visits(picture: _Picture, scenes: list[str], top: float, wide: float) -> float:
    """What can come up anywhere, in rows of cards; returns where it ends."""
    cast = picture.cast
    if not cast.anywhere and not scenes:
        return top - 56
    picture.parts.append(f'<path d="M{MARGIN} {top - 20}H{wide - MARGIN}" stroke="{_FAINT}"/>')
    picture.parts.append(_text(MARGIN, top + 12, "At any time", size=17, extra='class="t"'))
    picture.parts.append(
        _text(MARGIN + 128, top + 12, "and then back to where it was", size=12, extra='class="s"')
    )
    loose = [jump.to for jump in cast.anywhere.values() if jump.to in picture.at]
    order = list(dict.fromkeys([*scenes, *loose]))
    per_row = max(1, int((wide - 2 * MARGIN + 28) // (WIDTH + 28)))
    y = top + 36
    for first in range(0, len(order), per_row):
        row = order[first : first + per_row]
        said = {name: list(_triggers(cast, name)) for name in row}
        bubbles = max(sum(17 + 15 * len(lines) for lines in said[name]) for name in row)
        deepest = 0.0
        for place, name in enumerate(row):
            x = MARGIN + place * (WIDTH + 28)
            deepest = max(deepest, _visit(picture, name, (x, y + bubbles + 8), said[name]))
        y = deepest + 34
    return y - 34


def _visit(picture: _Picture, name: str, at: tuple[float, float], said: list[tuple[str, ...]]) -> float:
    """A card at `at` with what callers say above it; returns where it ends."""
    x, card_top = at
    colour = picture.colour(name)
    bottom = card_top - 8
    for lines in reversed(said):
        tall = 11 + 15 * len(lines)
        bottom -= tall + 6
        picture.parts.append(
            f'<rect x="{x}" y="{bottom:.1f}" width="{WIDTH}" height="{tall}" rx="11" fill="{colour}" '
            'fill-opacity=".09"/>'
        )
        for number, line in enumerate(lines):
            style = 'class="b" style="font-style:italic"'
            picture.parts.append(_text(x + PAD, bottom + 17 + 15 * number, line, extra=style))
    if name in picture.at:
        picture.parts.append(_chip(x, card_top + 14, f"→ {_title(name)}", colour, start=True))
        return card_top + 28
    picture.at[name] = (x, card_top)
    picture.parts += _card(picture, name)
    return card_top + picture.cards[name].height


def _triggers(cast: Cast, scene: str) -> Iterator[tuple[str, ...]]:
    for jump in cast.anywhere.values():
        if jump.to == scene:
            yield wrapped(
                f"“{jump.says[0]}”" if jump.says else label(jump)[1], WIDTH - 2 * PAD, most=3, size=11.5
            )
    for persona in cast.personas.values():
        if persona.home == scene and persona.asked_for:
            yield wrapped(f"“{persona.asked_for[0]}”", WIDTH - 2 * PAD, most=2, size=11.5)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _avatar(x: float, y: float, radius: float, colour: str, name: str) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>'
        f'<text x="{x:.1f}" y="{y + radius * 0.36:.1f}" text-anchor="middle" font-size="{radius}" '
        f'style="fill:#fff;font-weight:650">{escape(name[:1].upper())}</text>'
    )


def _chip(x: float, y: float, text: str, colour: str, *, filled: bool = False, start: bool = False) -> str:
    """A small label; `x` is its right end, or its left one with `start`."""
    wide = width(text, 10.5) + 16
    left = x if start else x - wide
    look = f'fill="{colour}"' if filled else f'fill="#fff" stroke="{colour}" stroke-opacity=".6"'
    return (
        f'<rect x="{left:.1f}" y="{y - 9:.1f}" width="{wide:.1f}" height="18" rx="9" {look}/>'
        f'<text x="{left + wide / 2:.1f}" y="{y + 3.7:.1f}" text-anchor="middle" font-size="10.5" '
        f'style="fill:{"#fff" if filled else colour}">{escape(text)}</text>'
    )


def _box(x: float, y: float, wide: float, tall: float, fill: str, *, radius: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="{radius}" fill="{fill}" '
        f'stroke="{_FAINT}"/>'
    )


def _text(x: float, y: float, text: str, *, size: float = 11.5, extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" {extra}>{escape(text)}</text>'
