"""Is one more draw of everything worth its calls?

Repeating a judge averages its dice and nothing else: its bias stays, and so does what it does not see. With
the share `r` of a draw's variance that lies in what is judged (intraclass correlation), k draws are as
reliable as `k r / (1 + (k - 1) r)` (Spearman 1910, Brown 1910), and the corrected rate's variance falls by
what the judge then explains of the labels. So a few subjects drawn twice tell what a round on all would
win.
"""

from collections.abc import Mapping, Sequence
from math import sqrt

import msgspec

from antiphon.evals.prediction_powered import corrected
from antiphon.evals.variance import Observation, split

LEAST_GAIN = 0.03
"""Of the standard error: what a round must win."""
PILOT = 30
"""So many subjects are drawn twice before the first decision."""


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What another round promises."""

    draws_each: float
    reliability: float
    """Of the mean of a subject's draws."""
    se: float
    se_after: float

    @property
    def pays(self) -> bool:
        """Whether it is worth asking everything once more."""
        return self.se_after < (1 - LEAST_GAIN) * self.se


def outlook(
    draws: Mapping[str, Sequence[float]], clusters: Mapping[str, str], human: Mapping[str, float]
) -> Outlook:
    """What one more draw of each subject would do to the corrected rate's standard error.

    Raises:
        ContractBroken: fewer than two subjects are labelled.
    """
    subjects = list(draws)
    means = [sum(values) / len(values) for values in (draws[subject] for subject in subjects)]
    found = corrected(means, [clusters[s] for s in subjects], [human.get(s) for s in subjects])
    each = sorted(len(values) for values in draws.values())[len(draws) // 2]
    parts = split([Observation(clusters[s], s, value) for s in subjects for value in draws[s]])
    between = parts.scenario + parts.conversation
    one = between / (between + parts.judge) if between + parts.judge > 0 else 1.0
    share = 1 - found.labels / len(subjects)
    explained = min(max(found.correlation, 0.0) ** 2, 0.99)
    now = _reliability(one, each)
    later = min(explained * _reliability(one, each + 1) / now, 0.99) if now > 0 else explained
    return Outlook(
        draws_each=each,
        reliability=now,
        se=found.se,
        se_after=found.se * sqrt((1 - share * later) / (1 - share * explained)),
    )


def _reliability(one: float, draws: float) -> float:
    return draws * one / (1 + (draws - 1) * one) if one > 0 else 0.0
