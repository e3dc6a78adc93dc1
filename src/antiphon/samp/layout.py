"""A layered layout of a directed graph, left to right, after Sugiyama, Tagawa and Toda (1981).

Edges that close a circle are left out; each other one goes from a layer to a later one, and an edge over
several layers keeps a place free in each, so that its line passes between the boxes and never behind them.
Small graphs only: everything is plain loops.
"""

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Generic, TypeAlias, TypeVar

import msgspec

N = TypeVar("N", bound=Hashable)
Place: TypeAlias = "tuple[str, N] | tuple[str, N, N, int]"

SWEEPS = 12
_LANE_HEIGHT = 14.0


class Layout(msgspec.Struct, Generic[N], frozen=True):
    """Where everything lies."""

    layers: Mapping[N, int]
    """From each node to its column."""
    tops: Mapping[N, float]
    """From each node to the upper edge of its box."""
    lanes: Mapping[tuple[N, N], tuple[float, ...]]
    """From each forward edge to the heights at which it passes the layers in between."""
    height: float


def layered(heights: Mapping[N, float], edges: Sequence[tuple[N, N]], start: N, *, gap: float) -> Layout[N]:
    """Lay out the nodes of `heights`, `start` in the first column.

    Args:
        heights: of each node's box.
        edges: doubled ones and those to a node itself are left out.
        gap: between two boxes of a column.
    """
    forward = _forward(list(heights), edges, start)
    layers = _layers(list(heights), forward)
    columns, links = _with_lanes(layers, forward)
    _untangle(columns, links)
    tall = {
        place: heights[place[1]] if place[0] == "box" else _LANE_HEIGHT
        for column in columns
        for place in column
    }
    middles = _heights(columns, links, tall, gap)
    top = min(middles[place] - tall[place] / 2 for place in middles)
    tops = {place[1]: middles[place] - tall[place] / 2 - top for place in middles if place[0] == "box"}
    lanes = {
        (one, other): tuple(
            middles["lane", one, other, layer] - top for layer in range(layers[one] + 1, layers[other])
        )
        for one, other in forward
    }
    height = max(middles[place] + tall[place] / 2 for place in middles) - top
    return Layout(layers, tops, lanes, height)


def _forward(nodes: Sequence[N], edges: Sequence[tuple[N, N]], start: N) -> list[tuple[N, N]]:
    """The edges without those that lead back to where a walk from `start` came from."""
    onward: dict[N, list[N]] = {node: [] for node in nodes}
    for one, other in dict.fromkeys(edges):
        if one != other:
            onward[one].append(other)
    kept: list[tuple[N, N]] = []
    seen: set[N] = set()
    for root in (start, *nodes):
        trail: list[tuple[N, int]] = [] if root in seen else [(root, 0)]
        seen.add(root)
        while trail:
            node, turn = trail.pop()
            if turn == len(onward[node]):
                continue
            trail.append((node, turn + 1))
            following = onward[node][turn]
            if following in {each for each, _ in trail}:
                continue
            kept.append((node, following))
            if following not in seen:
                seen.add(following)
                trail.append((following, 0))
    return kept


def _layers(nodes: Sequence[N], forward: Sequence[tuple[N, N]]) -> dict[N, int]:
    """The longest way to each node."""
    layers = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for one, other in forward:
            layers[other] = max(layers[other], layers[one] + 1)
    return layers


def _with_lanes(
    layers: Mapping[N, int], forward: Sequence[tuple[N, N]]
) -> "tuple[list[list[Place[N]]], list[tuple[Place[N], Place[N]]]]":
    """Columns of boxes and lanes, and the links between neighbours."""
    columns: list[list[Place[N]]] = [[] for _ in range(max(layers.values()) + 1)]
    for node, layer in layers.items():
        columns[layer].append(("box", node))
    links: list[tuple[Place[N], Place[N]]] = []
    for one, other in forward:
        last: Place[N] = ("box", one)
        for layer in range(layers[one] + 1, layers[other]):
            lane: Place[N] = ("lane", one, other, layer)
            columns[layer].append(lane)
            links.append((last, lane))
            last = lane
        links.append((last, ("box", other)))
    return columns, links


def _untangle(columns: "list[list[Place[N]]]", links: "Sequence[tuple[Place[N], Place[N]]]") -> None:
    """Order each column by the mean place of its neighbours, forth and back; keep the best order found."""
    best, crossings = [list(column) for column in columns], _crossings(columns, links)
    for sweep in range(SWEEPS):
        rightward = sweep % 2 == 0
        for column in columns if rightward else reversed(columns):
            place = {node: rank for each in columns for rank, node in enumerate(each)}
            pulls = {
                node: [place[a] for a, b in links if b == node]
                if rightward
                else [place[b] for a, b in links if a == node]
                for node in column
            }
            column.sort(key=lambda node: sum(pulls[node]) / len(pulls[node]) if pulls[node] else place[node])
        now = _crossings(columns, links)
        if now < crossings:
            best, crossings = [list(column) for column in columns], now
    columns[:] = best


def _crossings(columns: "Sequence[Sequence[Place[N]]]", links: "Sequence[tuple[Place[N], Place[N]]]") -> int:
    place = {node: (at, rank) for at, column in enumerate(columns) for rank, node in enumerate(column)}
    ends = [(place[a], place[b]) for a, b in links]
    return sum(
        a[0] == c[0] and (a[1] - c[1]) * (b[1] - d[1]) < 0
        for index, (a, b) in enumerate(ends)
        for c, d in ends[index + 1 :]
    )


def _heights(
    columns: "Sequence[Sequence[Place[N]]]",
    links: "Sequence[tuple[Place[N], Place[N]]]",
    tall: "Mapping[Place[N], float]",
    gap: float,
) -> "dict[Place[N], float]":
    """The middle of each place: near its neighbours, in the order of its column, without overlap."""
    middles: dict[Place[N], float] = {}
    for column in columns:
        whole = sum(tall[node] for node in column) + gap * (len(column) - 1)
        at = -whole / 2
        for node in column:
            middles[node] = at + tall[node] / 2
            at += tall[node] + gap
    near = {node: [b if a == node else a for a, b in links if node in (a, b)] for node in middles}
    for _ in range(SWEEPS * 2):
        for column in columns:
            wanted = [
                sum(middles[other] for other in near[node]) / len(near[node]) if near[node] else middles[node]
                for node in column
            ]
            middles |= zip(column, _spread(wanted, [tall[n] for n in column], gap), strict=True)
    return middles


def _spread(wanted: Sequence[float], tall: Sequence[float], gap: float) -> list[float]:
    """Heights in this order without overlap that are, together, as near as can be to the wanted ones."""
    offsets = [0.0]
    for above, below in pairwise(tall):
        offsets.append(offsets[-1] + above / 2 + below / 2 + gap)
    # Pool adjacent violators: blocks that would overlap move as one, to the mean of what they want.
    blocks: list[list[float]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        blocks.append([want - offset])
        while len(blocks) > 1 and _mean(blocks[-2]) > _mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    bases = [_mean(block) for block in blocks for _ in block]
    return [base + offset for base, offset in zip(bases, offsets, strict=True)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
