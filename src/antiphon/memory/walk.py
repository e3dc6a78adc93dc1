"""Personalised PageRank from the likeliest turns, along the edges of the graph.

Two kinds of edges: to what the same speaker says just before and after, and over a name to the other turns
that mention it, however far away. Forward push (Andersen, Chung and Lang 2006) with a bound on how many turns
carry mass from step to step, so that a walk costs the same however large the graph is.
"""

import numpy as np

from antiphon.memory.columns import Floats
from antiphon.memory.signals import Places
from antiphon.memory.view import View

_RESTART = 0.5
_STEPS = 4
_CARRIERS = 192
_NAMERS = 16
"""Turns whose names are followed; the likeliest ones, in the first step."""
_SHARED_AT_MOST = 40
"""A name that more turns mention leads nowhere in particular."""
_OVER_NAMES = 0.4
"""Share of the mass of a turn with names that goes over them."""


def walked(view: View, rows: Places, likely: Floats) -> Floats:
    """Where a walk from `rows`, each begun with its share of `likely` and restarted half the time, is found.

    float32, one share per entry of `rows`; mass that leaves them is not followed back.
    """
    held, mass = _heaviest(rows, likely)
    found_rows, found = [rows], [np.float32(_RESTART) * likely]
    for step in range(_STEPS):
        targets, shares = _along_threads(view, held, mass)
        if step == 0:
            targets, shares = _over_names(view, held, mass, targets, shares)
        merged, at = np.unique(targets, return_inverse=True)
        moved = np.bincount(at, shares, minlength=len(merged)).astype(np.float32) * np.float32(1 - _RESTART)
        found_rows.append(merged)
        found.append(np.float32(_RESTART) * moved)
        held, mass = _heaviest(merged, moved)
    return _gathered(rows, np.concatenate(found_rows), np.concatenate(found))


def _gathered(rows: Places, at: Places, found: Floats) -> Floats:
    places = np.minimum(np.searchsorted(rows, at), len(rows) - 1)
    among = rows[places] == at
    return np.bincount(places[among], found[among], minlength=len(rows)).astype(np.float32)


def _heaviest(rows: Places, mass: Floats) -> tuple[Places, Floats]:
    if len(rows) <= _CARRIERS:
        return rows, mass
    best = np.argpartition(-mass, _CARRIERS)[:_CARRIERS]
    return rows[best], mass[best]


def _along_threads(view: View, held: Places, mass: Floats) -> tuple[Places, Floats]:
    columns = view.columns
    before = columns.own_previous[held].astype(np.int64)
    after = columns.own_next[held].astype(np.int64)
    after = np.where(after < view.count, after, -1)
    beside = (before >= 0).astype(np.float32) + (after >= 0)
    along = (mass / np.maximum(beside, 1)).astype(np.float32)
    targets, shares = np.concatenate([before, after]), np.concatenate([along, along])
    return targets[targets >= 0], shares[targets >= 0]


def _over_names(
    view: View, held: Places, mass: Floats, targets: Places, shares: Floats
) -> tuple[Places, Floats]:
    """The step along threads with part of it led over names instead."""
    all_targets, all_shares = [targets], [shares]
    best = np.argsort(-mass, kind="stable")[:_NAMERS]
    begun: list[int] = held[best].tolist()
    for row, share in zip(begun, mass[best].tolist(), strict=True):
        for name in view.named[row]:
            holders, _ = view.postings.hits(name)
            if 1 < len(holders) <= _SHARED_AT_MOST:
                others = holders[holders != row].astype(np.int64)
                all_targets.append(others)
                each = _OVER_NAMES * share / len(view.named[row]) / len(others)
                all_shares.append(np.full(len(others), each, np.float32))
    return np.concatenate(all_targets), np.concatenate(all_shares)
