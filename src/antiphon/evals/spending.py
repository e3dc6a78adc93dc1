"""How often to ask about what, to be as exact as with k repeats of everything, for fewer calls.

Repeating a judge averages its dice and nothing else: its bias stays, and so does what it does not see. In
the corrected rate the dice of the labelled subjects count with 1/(n K) and those of the others with 1/(N
L), where n are labelled and drawn K times, N are not and drawn L times. For a given sum the fewest calls
are made when both parts take equally many: the few labelled ones are asked often, the many others once or
twice. And where the dice are a small part of the interval, because the judge hardly wavers or labels are
few, less will do.
"""

from collections.abc import Mapping, Sequence
from math import ceil

import msgspec

from antiphon.evals.prediction_powered import corrected
from antiphon.evals.variance import Observation, split

PILOT = 30
"""So many labelled subjects are drawn twice before anything is planned."""
DICE_MOST = 0.05
"""Of the corrected rate's variance: less of it is not worth a call."""
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
) -> Plan:
    """What is as exact as `as_good_as` draws of everything, or where that is more than is needed, enough.

    Args:
        draws: of each subject at least one, of some two.

    Raises:
        ContractBroken: fewer than two subjects are labelled.
    """
    subjects = list(draws)
    means = [sum(values) / len(values) for values in (draws[subject] for subject in subjects)]
    found = corrected(means, [clusters[s] for s in subjects], [human.get(s) for s in subjects])
    dice = split([Observation(clusters[s], s, value) for s in subjects for value in draws[s]]).judge
    n, rest = found.labels, len(subjects) - found.labels
    allowed = (1 / n + (1 / rest if rest else 0)) / as_good_as
    # The weight is estimated with few draws, which makes it too small; 1 is the most it can be.
    if (noise := dice * max(found.weight, 0.5) ** 2) > 0:
        allowed = max(allowed, DICE_MOST * found.se**2 / noise)
    else:
        return Plan(labelled=1, others=1)
    return fewest(n, rest, allowed, most=as_good_as)


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
