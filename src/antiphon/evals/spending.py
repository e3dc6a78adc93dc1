"""How often to ask about what, to be as exact as with k repeats of everything, for fewer calls.

Repeating a judge averages its dice and nothing else: its bias stays, and so does what it does not see. In
the corrected rate the dice of the labelled subjects count with 1/(n K) and those of the others with 1/(N
L), where n are labelled and drawn K times, N are not and drawn L times. For a given sum the fewest calls
are made when both parts take equally many: the few labelled ones are asked often, the many others once or
twice. That saves (N - n)^2 / (N + n)^2 of the calls and no more. So what else there is comes from needing
less: the dice may be a small part of the interval, because the judge hardly wavers or labels are few; and
where it is asked whether the rate reaches a threshold, they need not be smaller than what would move the
interval's end across it.
"""

from collections.abc import Mapping, Sequence
from math import ceil

import msgspec
import numpy as np

from antiphon.evals.prediction_powered import corrected
from antiphon.evals.variance import Observation, split
from antiphon.evals.verdict import at_any_time

PILOT = 100
"""So many labelled subjects at most are drawn twice before anything is planned."""
DICE_MOST = 0.05
"""Of the corrected rate's variance: less of it is not worth a call."""
SURE = 3.0
"""So many standard errors of the dice must lie between the interval's end and the threshold."""
_SEEN_LEAST = 0.05
"""Of a draw's variance, taken for what the judge sees when it seems to see nothing."""
_DRAWS_MOST = 50


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How many draws of each subject."""

    labelled: int
    others: int


def plan(
    draws: Mapping[str, Sequence[float]],
    clusters: Mapping[str, str],
    human: Mapping[str, float],
    *,
    as_good_as: int,
    at_least: float | None = None,
) -> Plan:
    """What is as exact as `as_good_as` draws of everything, or where that is more than is needed, enough.

    Args:
        draws: of each subject at least one, of some two.
        at_least: what the rate is asked to reach, where that is asked.

    Raises:
        ContractBroken: fewer than two subjects are labelled.
    """
    subjects = list(draws)
    means = [sum(values) / len(values) for values in (draws[subject] for subject in subjects)]
    asked = [human.get(subject) for subject in subjects]
    found = corrected(means, [clusters[s] for s in subjects], asked)
    n, rest = found.labels, len(subjects) - found.labels
    dice = split([Observation(clusters[s], s, value) for s in subjects for value in draws[s]]).judge
    if not rest or dice <= 0:
        return Plan(labelled=1, others=1)
    once = float(np.var([values[0] for values in draws.values()]))
    labelled = [(value, label) for value, label in zip(means, asked, strict=True) if label is not None]
    both = np.cov(np.array(labelled, np.float64).T)
    each = _Scatter(
        labelled=n,
        others=rest,
        dice=dice,
        seen=max(once - dice, _SEEN_LEAST * once),
        people=float(both[1, 1]),
        shared=float(both[0, 1]),
    )
    everywhere = (1 / n + 1 / rest) / as_good_as
    allowed = max(everywhere, _no_worse(each, everywhere))
    if at_least is not None:
        known = at_any_time(found)
        room = min(abs(known.low - at_least), abs(known.high - at_least))
        allowed = max(allowed, _within(each, everywhere, room / SURE))
    return fewest(n, rest, allowed, most=as_good_as)


class _Scatter(msgspec.Struct, frozen=True, kw_only=True):
    """Variances of one item: with the best weight that of the corrected rate is

    people / n - (shared / n)^2 / (seen (1/n + 1/N) + dice (1/(n K) + 1/(N L)))
    """

    labelled: int
    others: int
    dice: float
    seen: float
    """Of the judge without its dice."""
    people: float
    """Of the labels."""
    shared: float
    """Their covariance with the judge."""

    @property
    def fixed(self) -> float:
        """What no repeats change of the judge's part."""
        return self.seen * (1 / self.labelled + 1 / self.others)


def _no_worse(each: _Scatter, everywhere: float) -> float:
    """The largest 1/(n K) + 1/(N L) that leaves the variance within `DICE_MOST` of that at `everywhere`."""
    won = (each.shared / each.labelled) ** 2
    people = each.people / each.labelled
    bound = (1 + DICE_MOST) * (people - won / (each.fixed + each.dice * everywhere))
    if people <= bound:  # it is reached without any judge
        return float("inf")
    return (won / (people - bound) - each.fixed) / each.dice


def _within(each: _Scatter, everywhere: float, error: float) -> float:
    """The largest 1/(n K) + 1/(N L) at which the dice add no more than `error` to the corrected rate."""
    weight = abs(each.shared) / each.labelled / (each.fixed + each.dice * everywhere)
    return (error / weight) ** 2 / each.dice if weight > 0 else float("inf")


def fewest(labelled: int, others: int, allowed: float, *, most: int) -> Plan:
    """The plan with the fewest calls whose 1/(n K) + 1/(N L) is at most `allowed`."""
    best = Plan(labelled=most, others=most)
    calls = most * (labelled + others)
    for each in range(1, most + 1):
        room = allowed - (1 / (others * each) if others else 0)
        if room <= 0:
            continue
        of_labelled = min(max(1, ceil(1 / (labelled * room) - 1e-9)), _DRAWS_MOST)
        enough = 1 / (labelled * of_labelled) <= room * (1 + 1e-9)
        if enough and (cost := labelled * of_labelled + others * each) < calls:
            best, calls = Plan(labelled=of_labelled, others=each), cost
    return best
