"""A run in numbers: every measure over its conversations, pass^k, and what was set aside and why."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec
import numpy as np

from antiphon.evals.intervals import wilson
from antiphon.evals.measures import MEASURES, RATES, first_sounds_ms
from antiphon.evals.records import Conversation, Mode, Run, broke_off
from antiphon.evals.reliability import Reliability, pass_k

RESAMPLINGS = 2000
KS = (1, 3, 5)
BROKE_OFF = 3
"""The exit code of `antiphon eval run` when conversations of the run have broken off: 1 and 2 are errors."""
_NO_SPREAD = 1e-9
_IN_WRITING = {
    "latency_ms": "The median time until the first token; in writing nothing is heard or spoken.",
    "latency_p95_ms": "Its 95th percentile.",
}
"""What measures are about that are something else where nobody speaks."""

Statistic: TypeAlias = Callable[[Sequence[Conversation]], float | None]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A measure over a run, with its 95 % interval (bootstrap over scenarios)."""

    name: str
    about: str
    unit: str
    better: int
    value: float
    low: float | None = None
    """None with fewer than three scenarios, or with as many that are all alike: it would only pretend."""
    high: float | None = None
    n: int
    """Conversations in which there was something to measure."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What `antiphon eval run --json` prints."""

    run: Run
    conversations: int
    kept: int
    set_aside: dict[str, int]
    """How many conversations each kind of simulator fault cost."""
    ended: dict[str, int]
    problems: dict[str, int]
    """What broke conversations, and how many each: those that count are no success, whoever is to blame."""
    held_again: int
    """How many broke off before and were held again: an agent that breaks off looks better by them."""
    figures: tuple[Figure, ...]
    reliability: tuple[Reliability, ...]


def summarized(run: Run, all_of_them: Sequence[Conversation]) -> Summary:
    """`run` in numbers; only the conversations that the gate kept count."""
    kept = [each for each in all_of_them if each.gate.kept]
    faults = Counter(
        kind for each in all_of_them for kind in {reason.partition(":")[0] for reason in each.gate.reasons}
    )
    results: dict[str, list[bool]] = {}
    for each in kept:
        if each.outcome.success is not None:
            results.setdefault(each.scenario, []).append(each.outcome.success)
    return Summary(
        run=run,
        conversations=len(all_of_them),
        kept=len(kept),
        set_aside=dict(faults.most_common()),
        ended=dict(Counter(each.outcome.ended for each in kept).most_common()),
        problems=dict(Counter(each.outcome.problem for each in all_of_them if broke_off(each)).most_common()),
        held_again=sum(bool(each.broken_before) for each in all_of_them),
        figures=tuple(figure for name in MEASURES if (figure := _figure(name, kept, run.mode)) is not None),
        reliability=tuple(found for k in KS if (found := pass_k(results, k)) is not None),
    )


def statistic_of(name: str) -> Statistic:
    """How a measure is made of many conversations: rates pool occasions, latency answers, others means."""
    if name in RATES:
        return lambda them: _ratio([RATES[name](each) for each in them])
    if name == "latency_ms":
        return lambda them: _percentile(them, 50)
    if name == "latency_p95_ms":
        return lambda them: _percentile(them, 95)
    return lambda them: _mean([each.measures.get(name) for each in them])


def _figure(name: str, kept: Sequence[Conversation], mode: Mode) -> Figure | None:
    having = [each for each in kept if each.measures.get(name) is not None]
    statistic, measure = statistic_of(name), MEASURES[name]
    value = statistic(having)
    if value is None:
        return None
    low, high = _interval(having, statistic)
    if low is not None and high is not None and high - low < _NO_SPREAD:
        low, high = _unlike_the_seen(value, measure.unit, len({each.scenario for each in having}))
    return Figure(
        name=name,
        about=_IN_WRITING.get(name, measure.about) if mode == "text" else measure.about,
        unit=measure.unit,
        better=measure.better,
        value=value,
        low=low,
        high=high,
        n=len(having),
    )


def _interval(them: Sequence[Conversation], statistic: Statistic) -> tuple[float | None, float | None]:
    clusters: dict[str, list[Conversation]] = {}
    for each in them:
        clusters.setdefault(each.scenario, []).append(each)
    groups = list(clusters.values())
    if len(groups) < 3:
        return None, None
    dice = np.random.default_rng(0)
    drawn: list[float] = []
    for places in dice.integers(0, len(groups), (RESAMPLINGS // 4, len(groups))):
        value = statistic([each for place in places for each in groups[int(place)]])
        if value is not None:
            drawn.append(value)
    if not drawn:
        return None, None
    return float(np.percentile(drawn, 2.5)), float(np.percentile(drawn, 97.5))


def _unlike_the_seen(value: float, unit: str, scenarios: int) -> tuple[float | None, float | None]:
    """The interval where scenarios do not differ: resampling can only repeat it, yet the next one may."""
    if unit != "share" or not 0 <= value <= 1:
        return None, None
    edge = wilson(value * scenarios, scenarios)
    return edge.low, edge.high


def _ratio(counts: Sequence[tuple[float, float]]) -> float | None:
    of = sum(each for _, each in counts)
    return sum(so for so, _ in counts) / of if of else None


def _percentile(them: Sequence[Conversation], q: float) -> float | None:
    found = [each for one in them for each in first_sounds_ms(one)]
    return float(np.percentile(found, q)) if found else None


def _mean(values: Sequence[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return float(np.mean(found)) if found else None
