"""Scoring options in a cache of ik_llama.cpp: all their tokens in as few evaluations as they fit into."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from antiphon.contracts import Cancel
from antiphon.engines.drawing import log_total
from antiphon.engines.ik_model import BRANCH_TOKENS, BRANCHES, IkModel, Step
from antiphon.engines.local_score import Tokens, branches, groups, total


class Place(NamedTuple):
    """Where options are scored: right after `tokens`, of which `cache` holds the first `read`, not all."""

    cache: int
    tokens: Sequence[int]
    read: int


def score(model: IkModel, place: Place, options: Sequence[Tokens], cancel: Cancel) -> tuple[float, ...]:
    """The log-probability of each of `options`.

    What is missing of the place's tokens is evaluated and stays; of the options nothing does. Once `cancel`
    is raised the result is empty, and the cache holds what it held before and perhaps more of the tokens.
    """
    known: dict[Tokens, float] = {}
    for count, together in enumerate(_rounds(options)):
        if count:  # the last token is evaluated again, since what may follow it is asked for again
            place = place._replace(read=len(place.tokens) - 1)
            model.cut(place.cache, place.read)
        if not _scored(model, place, together, cancel, known):
            return ()
    return tuple(total(option, known) for option in options)


def _rounds(options: Sequence[Tokens]) -> Iterator[list[Tokens]]:
    """All options, as many at a time as a cache has branches for; those of one token need none."""
    distinct = sorted(set(options))
    short = [option for option in distinct if len(option) == 1]
    long = [option for option in distinct if len(option) > 1]
    first, *others = list(groups(long, count=BRANCHES, tokens=BRANCH_TOKENS)) or [[]]
    yield [*short, *first]
    yield from others


def _scored(
    model: IkModel, place: Place, options: Sequence[Tokens], cancel: Cancel, known: dict[Tokens, float]
) -> bool:
    """Add to `known` every beginning of `options`; False when cancelled."""
    cache, tokens, read = place
    long = [option for option in options if len(option) > 1]
    everywhere = tuple(range(len(long) + 1))
    steps = [Step(token, at, everywhere) for at, token in enumerate(tokens)][read:]
    steps[-1] = steps[-1]._replace(wanted=True)
    paths = list(branches(options))
    for path, _ in paths[1:]:
        through = tuple(n for n, option in enumerate(long, 1) if option[: len(path)] == path)
        steps.append(Step(path[-1], len(tokens) + len(path) - 1, through, wanted=True))
    following = iter(paths)
    model.branch(cache, len(long), read)
    try:
        for at in range(0, len(steps), model.batch_tokens):
            if cancel.is_set():
                return False
            for logits in model.evaluate(cache, steps[at : at + model.batch_tokens]):
                path, wanted = next(following)
                whole = log_total(logits)
                known |= {(*path, token): float(logits[token]) - whole for token in wanted}
    finally:
        model.prune(cache, len(long))
    return True
