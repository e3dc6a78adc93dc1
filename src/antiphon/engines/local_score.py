"""Scoring several answers with as few steps as they have distinct beginnings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Tokens: TypeAlias = tuple[int, ...]


def branches(options: Sequence[Tokens]) -> Iterator[tuple[Tokens, tuple[int, ...]]]:
    """Each distinct beginning of `options`, with the tokens that follow it in any of them.

    Sorted, so that a beginning comes right before its own continuations and the cache is never rewound
    further than to where two options part.
    """
    following: dict[Tokens, dict[int, None]] = {}
    for option in options:
        for at, token in enumerate(option):
            following.setdefault(option[:at], {})[token] = None
    for path in sorted(following):
        yield path, tuple(following[path])


def groups(options: Sequence[Tokens], *, count: int, tokens: int) -> Iterator[list[Tokens]]:
    """`options` in order, as many at a time as are at most `count` and have at most `tokens` together.

    One that has more than `tokens` all by itself is a group of its own.
    """
    group: list[Tokens] = []
    for option in options:
        if group and (len(group) == count or sum(map(len, group)) + len(option) > tokens):
            yield group
            group = []
        group.append(option)
    if group:
        yield group


def total(option: Tokens, known: Mapping[Tokens, float]) -> float:
    """The log-probability of `option`: the sum over its tokens, each given those before it."""
    return sum(known[option[: at + 1]] for at in range(len(option)))
