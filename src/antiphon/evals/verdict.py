"""How good is it? What is said of a criterion once judges have drawn and people have labelled some.

The verdict is a pure function of the log: no clock, no dice. Without labels there is the judge's opinion
and no verdict, because nothing is known of the judge; what would settle it is said.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, sqrt
from typing import Literal

import msgspec

from antiphon.contracts import Draw
from antiphon.evals.draws import Label, about, criterion_of, level_of, people_say
from antiphon.evals.intervals import Estimate, clustered_rate, rate_within, with_missing
from antiphon.evals.levelled import levelled
from antiphon.evals.prediction_powered import Corrected, corrected
from antiphon.evals.sequences import anytime_factor
from antiphon.evals.variance import Observation, Split, split

Answer = Literal["yes", "no", "cannot tell"]

LABELS_LEAST = 10
"""Below this a correction has nothing to stand on."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One criterion."""

    criterion: str
    answer: Answer
    """To "is it at least this good?"; without such a question "yes" says only that there is an interval."""
    at_least: float | None
    estimate: Estimate | None
    """What people would say, with missing draws at their worst and best; None without labels."""
    at_any_time: Estimate | None
    """The same with an interval that may be looked at after every label."""
    raw: Estimate
    """What the judge says, as if it never erred."""
    weight: float
    worth: float
    """One label beside this judge is worth so many without it."""
    labels: int
    subjects: int
    draws: int
    missing: int
    """Draws without a value."""
    variance: Split
    settle: str = ""


def verdict(
    criterion: str,
    draws: Sequence[Draw],
    labels: Sequence[Label],
    clusters: Mapping[str, str],
    *,
    at_least: float | None = None,
    level: float = 0.95,
) -> Verdict | None:
    """What is known of `criterion`; None when nothing was drawn.

    Args:
        clusters: from a subject's id to its scenario; a subject that is not there is not counted.
    """
    own = [
        draw
        for draw in draws
        if criterion_of(draw) == criterion and level_of(draw) == 1 and about(draw) in clusters
    ]
    if not own:
        return None
    said = by_subject(own, [draw.value for draw in own])
    opinions = by_subject(own, levelled(own))
    subjects = list(said)
    scenarios = [clusters[subject] for subject in subjects]
    human = people_say(labels, criterion)
    asked = [human.get(subject) for subject in subjects]
    judged, raw = _worst_and_best(opinions.values()), _worst_and_best(said.values())
    known = sum(value is not None for value in asked)
    both = [corrected(side, scenarios, asked, level=level) for side in judged] if known >= 2 else []
    enough = known >= LABELS_LEAST
    estimate = _hull([each.estimate for each in both]) if both else None
    anytime = _hull([at_any_time(each, 1 - level) for each in both]) if both else None
    answer = answer_of(anytime if enough else None, at_least)
    return Verdict(
        criterion=criterion,
        answer=answer,
        at_least=at_least,
        estimate=estimate,
        at_any_time=anytime,
        raw=_hull([clustered_rate(side, scenarios, level) for side in raw]),
        weight=both[0].weight if both else 0.0,
        worth=both[0].worth if both else 1.0,
        labels=known,
        subjects=len(subjects),
        draws=len(own),
        missing=sum(draw.value is None for draw in own),
        variance=split(_observations(opinions, clusters)),
        settle=settle_of(anytime, at_least, known, len(subjects)) if answer == "cannot tell" else "",
    )


def by_subject(draws: Sequence[Draw], values: Sequence[float | None]) -> Mapping[str, Sequence[float | None]]:
    """The values of `draws`, subject by subject, in the order in which they were drawn."""
    found: dict[str, list[float | None]] = {}
    for draw, value in zip(draws, values, strict=True):
        found.setdefault(draw.subject, []).append(value)
    return found


def _observations(
    opinions: Mapping[str, Sequence[float | None]], clusters: Mapping[str, str]
) -> list[Observation]:
    found = [
        Observation(clusters[subject], subject, value)
        for subject, values in opinions.items()
        for value in values
        if value is not None
    ]
    return found or [Observation("", "", 0.0)]


def _worst_and_best(told: Iterable[Sequence[float | None]]) -> list[list[float]]:
    """The mean of each subject's draws, with 0 and with 1 in the place of every one that gave no value."""
    sides = zip(*(with_missing(values, 0.0, 1.0) for values in told), strict=True)
    return [[sum(values) / len(values) for values in side] for side in sides]


def at_any_time(found: Corrected, alpha: float = 0.05) -> Estimate:
    """With the interval that may be looked at after every label."""
    once, reach = found.estimate, anytime_factor(found.estimate.n, alpha=alpha)
    low, high = rate_within(once.value, found.se, once.n, reach)
    return Estimate(once.value, min(low, once.low), max(high, once.high), once.n)


def _hull(sides: Sequence[Estimate]) -> Estimate:
    middle = sum(side.value for side in sides) / len(sides)
    return Estimate(middle, min(side.low for side in sides), max(side.high for side in sides), sides[0].n)


def answer_of(interval: Estimate | None, at_least: float | None) -> Answer:
    """Whether the rate is at least so high, as far as the interval tells."""
    if interval is None or interval.n < 2:
        return "cannot tell"
    if at_least is None or interval.low >= at_least:
        return "yes"
    return "no" if interval.high < at_least else "cannot tell"


def settle_of(interval: Estimate | None, at_least: float | None, labels: int, subjects: int) -> str:
    """What would settle it where the interval does not tell."""
    if interval is None or labels < LABELS_LEAST:
        wanted = max(1, LABELS_LEAST - labels)
        if wanted > subjects - labels:
            return (
                f"{wanted} more labels at least, for which there are too few conversations: antiphon eval run"
            )
        return f"{wanted} more labels at least, of conversations drawn at random: antiphon eval label"
    if interval.n < 2:
        return "labels of more than one scenario: one says nothing of the next"
    assert at_least is not None
    gap = abs(interval.value - at_least)
    half = (interval.high - interval.low) / 2
    if gap * sqrt(50) < half:
        return "more labels than are worth it: the rate is about as high as what was asked for"
    more = max(1, ceil(labels * ((half / gap) ** 2 - 1)))
    if more > subjects - labels:
        return f"about {more} more labels, for which there are too few conversations: antiphon eval run"
    return f"about {more} more labels: antiphon eval label"
