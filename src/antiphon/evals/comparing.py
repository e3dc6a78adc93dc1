"""Is version B worse than version A? Pair by pair, at whatever moment one asks.

Conversations with the same scenario, seed and caller are a pair. *Worse* is said when an alarm rings that
rings in one of twenty comparisons of a version with itself, however often one looks, and the loss that is
seen is larger than the measure's margin; *same or better* when the interval of the difference, valid at all
times, excludes a loss as large as the margin; otherwise *cannot tell*, with what would settle it. A
difference that is real and smaller than its margin is no loss.
"""

from collections.abc import Mapping, Sequence
from math import ceil, log, sqrt
from typing import Literal

import msgspec
import numpy as np

from antiphon.evals.alarms import evidence_of_worse, named, sign_flip_p
from antiphon.evals.intervals import Estimate, clustered_mean, t_of, z_of
from antiphon.evals.measured import Measure, measured
from antiphon.evals.records import Conversation
from antiphon.evals.sequences import anytime_factor

Decision = Literal["worse", "better", "same", "cannot tell"]

ALPHA = 0.05
PAIRS_LEAST = 8
"""Below this nothing is called the same: the interval is asymptotic."""

EXIT: Mapping[Decision, int] = {"better": 0, "same": 0, "worse": 1, "cannot tell": 2}


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of both versions."""

    measure: str
    better: Literal["high", "low"]
    unit: str
    pairs: int
    scenarios: int
    before: float
    after: float
    difference: Estimate
    """After less before, in the measure's own units; the interval holds at all times, of these scenarios."""
    new_scenarios: Estimate
    """The same, of scenarios like these, for who looks once."""
    margin: float
    evidence: float
    """How many times its stake a gambler who thinks that it got worse has by now."""
    p: float
    """Of a sign-flip test, for who looks once."""
    decision: Decision
    settle: str = ""
    """What would decide it."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Both versions, over all measures."""

    decision: Decision
    compared: tuple[Compared, ...]
    pairs: int
    unpaired: int
    """Conversations that one run has and the other has not, or not with that caller."""
    set_aside: int
    """Pairs of which the gate kept one side or none back."""
    alpha: float = ALPHA


def compare(
    before: Sequence[Conversation],
    after: Sequence[Conversation],
    measures: Sequence[Measure],
    *,
    alpha: float = ALPHA,
) -> Comparison:
    """Compare two runs of one suite. What neither run measures decides nothing."""
    pairs, unpaired, set_aside = _paired(before, after)
    series = {measure.name: _series(measure, pairs) for measure in measures}
    series = {name: values for name, values in series.items() if values}
    evidence = {
        name: float(evidence_of_worse([d for _, _, _, d in values])[-1]) for name, values in series.items()
    }
    alarms = named(evidence, alpha)
    compared = tuple(
        _compared(measure, series[measure.name], evidence, alarm=measure.name in alarms, alpha=alpha)
        for measure in measures
        if measure.name in series
    )
    return Comparison(
        decision=overall([each.decision for each in compared]),
        compared=compared,
        pairs=len(pairs),
        unpaired=unpaired,
        set_aside=set_aside,
        alpha=alpha,
    )


def overall(decisions: Sequence[Decision]) -> Decision:
    """Worse when anything is worse, cannot tell when anything cannot be told, or nothing was measured."""
    for decision in ("worse", "cannot tell"):
        if decision in decisions:
            return decision
    if not decisions:
        return "cannot tell"
    return "better" if "better" in decisions else "same"


def decide(
    differences: Sequence[float], *, alarm: bool, margin: float, reach: float, alpha: float = ALPHA
) -> tuple[Decision, Estimate]:
    """What differences that are oriented (more is better) say, and their interval at all times."""
    interval = anytime_mean(differences, reach, alpha)
    small_loss = interval.low > -margin
    if alarm and interval.value < -margin:
        return "worse", interval
    if interval.n < PAIRS_LEAST or not small_loss:
        return "cannot tell", interval
    return ("better" if interval.low > 0 else "same"), interval


def anytime_mean(values: Sequence[float], reach: float, alpha: float = ALPHA) -> Estimate:
    """The mean, with an interval that holds at all times as far as a normal limit does.

    Its spread counts one more value `reach` above and one below: a hundred equal values are no certainty.
    """
    n = len(values)
    mean = float(np.mean(values))
    if n < 2:
        return Estimate(mean, -float("inf"), float("inf"), n)
    small = t_of(1 - alpha, n) / z_of(1 - alpha)  # the spread is an estimate, too
    half = anytime_factor(n, alpha=alpha) * small * _spread(values, reach) / sqrt(n)
    return Estimate(mean, mean - half, mean + half, n)


def _spread(values: Sequence[float], reach: float) -> float:
    around = float(np.mean(values))
    return float(np.std([*values, around - reach, around + reach], ddof=1))


_Pair = tuple[str, float, float, float]
"""Scenario, before, after, and the oriented difference."""


def _paired(
    before: Sequence[Conversation], after: Sequence[Conversation]
) -> tuple[list[tuple[Conversation, Conversation]], int, int]:
    """Pairs in rounds, one seed after another, so that the first ones are of all scenarios."""
    old = {(each.seed, each.scenario): each for each in before}
    new = {(each.seed, each.scenario): each for each in after}
    both = sorted(key for key in old.keys() & new.keys() if _alike(old[key], new[key]))
    kept = [(old[key], new[key]) for key in both if old[key].gate.kept and new[key].gate.kept]
    return kept, len(old) + len(new) - 2 * len(both), len(both) - len(kept)


def _alike(old: Conversation, new: Conversation) -> bool:
    """Whether it is the same caller: a scenario that was changed between two runs makes no pair."""
    return old.mode == new.mode and old.caller == new.caller


def _series(measure: Measure, pairs: Sequence[tuple[Conversation, Conversation]]) -> list[_Pair]:
    values: list[_Pair] = []
    for old, new in pairs:
        one, other = measured(old).get(measure.name), measured(new).get(measure.name)
        if one is not None and other is not None:
            values.append((old.scenario, one, other, measure.oriented(other) - measure.oriented(one)))
    return values


def _compared(
    measure: Measure, values: Sequence[_Pair], evidence: Mapping[str, float], *, alarm: bool, alpha: float
) -> Compared:
    scenarios = [scenario for scenario, _, _, _ in values]
    differences = [d for _, _, _, d in values]
    own = evidence[measure.name]
    decision, interval = decide(
        differences, alarm=alarm, margin=measure.margin, reach=measure.reach, alpha=alpha
    )
    settle = ""
    if measure.judged and decision in ("same", "better"):
        decision, settle = (
            "cannot tell",
            "labels of both runs: a judge alone cannot say that nothing was lost",
        )
    elif decision == "cannot tell":
        settle = _settle(interval, own, measure.margin, len(evidence) / alpha)
    return Compared(
        measure=measure.name,
        better=measure.better,
        unit=measure.unit,
        pairs=len(values),
        scenarios=len(set(scenarios)),
        before=float(np.mean([one for _, one, _, _ in values])),
        after=float(np.mean([other for _, _, other, _ in values])),
        difference=_own_way(measure, interval),
        new_scenarios=_own_way(measure, clustered_mean(differences, scenarios, 1 - alpha)),
        margin=measure.margin,
        evidence=own,
        p=sign_flip_p(differences),
        decision=decision,
        settle=settle,
    )


def _own_way(measure: Measure, oriented: Estimate) -> Estimate:
    if measure.better == "high":
        return oriented
    return Estimate(-oriented.value, -oriented.high, -oriented.low, oriented.n)


def _settle(interval: Estimate, evidence: float, margin: float, enough: float) -> str:
    """About how many more pairs, if what has been seen goes on."""
    n, half = interval.n, interval.high - interval.value
    if n < PAIRS_LEAST:
        return f"{PAIRS_LEAST - n} more pairs at least"
    ways: list[int] = []
    if (room := interval.value + margin) > 0:
        ways.append(ceil(n * (half / room) ** 2) - n)
    if evidence > 1:
        ways.append(ceil(n * log(enough) / log(evidence)) - n)
    return f"about {max(1, min(ways))} more pairs, if they go on like this" if ways else "many more pairs"
