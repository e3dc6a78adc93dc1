"""The embedded judges on human labels: what was drawn of each labelled turn, and what can be made of it.

Three opinions of the same draws: *plain* (the one question of a judge that draws nothing), *drawn* (the mean
over drawn manners) and *levelled* (the same less what only the manner says, which is what verdicts are made
of).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from antiphon.bench.judges_cost import Drawn
from antiphon.bench.judges_cover import Population
from antiphon.bench.judgments import Corpus, Item, read_kept, seed_of
from antiphon.contracts import Draw
from antiphon.evals.agreement import auroc
from antiphon.evals.card import Judged
from antiphon.evals.levelled import levelled
from antiphon.evals.variance import Observation, split
from antiphon.evals.verdict import by_subject

ITEMS_LEAST = 30
PASSES_MOST = 12


class Dice(msgspec.Struct, frozen=True, kw_only=True):
    """What one draw of a judge is made of."""

    judge: str
    items: int
    draws: int
    reliability: float
    """Share of one draw's variance that lies between subjects."""
    reliability_levelled: float
    """The same without what the manner adds to every subject alike."""
    auroc: float
    """Of the mean over the draws."""
    auroc_levelled: float


class Opinions(msgspec.Struct, frozen=True, kw_only=True):
    """Of one judge on one set of labels."""

    judge: str
    plain: list[Judged]
    drawn: list[Judged]
    levelled: list[Judged]
    draws: list[Drawn]
    """Those in drawn manners, of the turns of which all passes are there."""


def opinions(folder: Path, corpus: Corpus, model: str, items: Sequence[Item]) -> Opinions:
    """What has been drawn, of the turns that have been drawn as often as most have: a random part."""
    kept = read_kept(folder, corpus, model)
    per_item = {
        item.id: [
            draw
            for pass_ in range(PASSES_MOST)
            if (draw := kept.get((item.id, seed_of(item, pass_)))) is not None
        ]
        for item in items
    }
    passes = max((len(draws) for draws in per_item.values()), default=0)
    whole = [item for item in items if len(per_item[item.id]) == passes and passes > 1]
    pairs = [(item, per_item[item.id][1:]) for item in whole]
    flat = [draw for _, draws in pairs for draw in draws]
    said = by_subject(flat, [draw.value for draw in flat])
    level = by_subject(flat, levelled(flat))
    return Opinions(
        judge=f"{corpus.name}, {model}",
        plain=_judged(items, {name: [draws[0].value] for name, draws in per_item.items() if draws}),
        drawn=_judged(whole, said),
        levelled=_judged(whole, level),
        draws=[
            Drawn(item.cluster, item.good, [draw for draw in draws if draw.value is not None])
            for item, draws in pairs
            if all(draw.value is not None for draw in draws)
        ],
    )


def populations(found: Opinions) -> list[tuple[Population, list[Judged]]]:
    """Those of the three opinions that enough turns have."""
    each = {"plain": found.plain, "drawn": found.drawn, "levelled": found.levelled}
    return [
        (_population(f"{found.judge}, {manner}", judged), judged)
        for manner, judged in each.items()
        if len(judged) >= ITEMS_LEAST
    ]


def dice_of(found: Opinions) -> Dice:
    """How much of a draw is dice, before and after levelling."""
    draws = [(each.cluster, draw) for each in found.draws for draw in each.draws]
    said = [draw.value for _, draw in draws]
    level = levelled([draw for _, draw in draws])
    return Dice(
        judge=found.judge,
        items=len(found.draws),
        draws=len(draws),
        reliability=_reliability(draws, said),
        reliability_levelled=_reliability(draws, level),
        auroc=_auroc(found.drawn),
        auroc_levelled=_auroc(found.levelled),
    )


def _reliability(draws: Sequence[tuple[str, Draw]], values: Sequence[float | None]) -> float:
    found = split(
        [
            Observation(cluster, draw.subject, value)
            for (cluster, draw), value in zip(draws, values, strict=True)
            if value is not None
        ]
    )
    total = found.scenario + found.conversation + found.judge
    return 1 - found.judge / total if total > 0 else 0.0


def _auroc(judged: Sequence[Judged]) -> float:
    known = [(each.value, each.human[0] >= 0.5) for each in judged if each.value is not None]
    return auroc([value for value, _ in known], [good for _, good in known])


def _judged(items: Sequence[Item], said: Mapping[str, Sequence[float | None]]) -> list[Judged]:
    """One for each item that was asked about, whether or not there was an answer."""
    found: list[Judged] = []
    for item in items:
        if item.id in said:
            values = [value for value in said[item.id] if value is not None]
            mean = sum(values) / len(values) if values else None
            found.append(Judged(id=item.id, cluster=item.cluster, value=mean, human=(item.good,)))
    return found


def _population(name: str, judged: Sequence[Judged]) -> Population:
    """What is missing stays in, as a judge who does not know: left out it would take its truth with it."""
    clusters = {each.cluster: place for place, each in enumerate(judged)}
    return Population(
        name=name,
        judged=np.array([0.5 if each.value is None else each.value for each in judged], np.float64),
        good=np.array([each.human[0] for each in judged], np.float64),
        cluster=np.array([clusters[each.cluster] for each in judged], np.intp),
    )
