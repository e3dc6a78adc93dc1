"""Does asking again change the verdict? The same conversations and labels, judged with other seeds."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from antiphon.bench.judges_cost import Drawn, Source, planned
from antiphon.contracts import Draw
from antiphon.evals.draws import Label
from antiphon.evals.intervals import Estimate, wilson
from antiphon.evals.verdict import Verdict, verdict


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """ "At least X?", with X anywhere, asked twice."""

    judge: str
    labels: int
    draws: int | None
    """Of every conversation, each time; None: as `--draws auto` has it."""
    calls: float
    """Draws a run, each time."""
    runs: int
    same: Estimate
    """Share with the same answer."""
    contradicted: Estimate
    """Share with yes and no."""
    replayed: Estimate
    """Share whose log gives the same verdict to the bit."""


def again(judge: str, source: Source, labels: int, *, draws: int | None, runs: int, seed: int = 0) -> Again:
    """Ask twice, with every second draw and with the others."""
    dice = np.random.default_rng(seed)
    same = contradicted = replayed = calls = 0
    for _ in range(runs):
        drawn = source(dice)
        told = [
            Label(subject=_name(each), criterion="simulated", rater="a", value=each.good)
            for each in drawn[:labels]
        ]
        clusters = {_name(each): each.cluster for each in drawn}
        wanted = float(dice.uniform(0.3, 0.95))
        found: list[Verdict] = []
        for time in range(2):
            mine = [each._replace(draws=each.draws[time::2]) for each in drawn]
            counts = planned(mine, labels, wanted) if draws is None else [draws] * len(mine)
            log = [
                _named(draw) for each, count in zip(mine, counts, strict=True) for draw in each.draws[:count]
            ]
            calls += len(log)
            one = _verdict(log, told, clusters, wanted)
            read = msgspec.json.decode(msgspec.json.encode(log), type=list[Draw])
            replayed += msgspec.json.encode(one) == msgspec.json.encode(
                _verdict(read, told, clusters, wanted)
            )
            found.append(one)
        same += found[0].answer == found[1].answer
        contradicted += {each.answer for each in found} == {"yes", "no"}
    return Again(
        judge=judge,
        labels=labels,
        draws=draws,
        calls=calls / (2 * runs),
        runs=runs,
        same=wilson(same, runs),
        contradicted=wilson(contradicted, runs),
        replayed=wilson(replayed, 2 * runs),
    )


def _verdict(
    draws: Sequence[Draw], labels: Sequence[Label], clusters: Mapping[str, str], at_least: float
) -> Verdict:
    found = verdict("simulated", draws, labels, clusters, at_least=at_least)
    assert found is not None
    return found


def _named(draw: Draw) -> Draw:
    return msgspec.structs.replace(draw, details={**draw.details, "criterion": "simulated"})


def _name(drawn: Drawn) -> str:
    return drawn.draws[0].subject
