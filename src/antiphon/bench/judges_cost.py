"""How many calls a verdict takes, and whether asking again changes it, on judges whose dice are known."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import Draw
from antiphon.evals.draws import Label
from antiphon.evals.intervals import Estimate, Floats, wilson
from antiphon.evals.prediction_powered import corrected
from antiphon.evals.spending import PILOT, plan
from antiphon.evals.verdict import Answer, verdict

Table: TypeAlias = NDArray[np.float64]

FIXED = 5
CONVERSATIONS, LABELS = 300, 80
MOST = 50


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Calls until the verdict, at a reliability of one draw."""

    reliability: float
    """Share of a draw's variance that lies in what is judged."""
    conversations: int
    labels: int
    runs: int
    calls_fixed: float
    calls: float
    saved: float
    error_fixed: float
    """Root mean square."""
    error: float


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """The same conversations and labels, judged again with other seeds."""

    runs: int
    same: Estimate
    """Share with the same answer."""
    contradicted: Estimate
    """Share with yes and no."""
    replayed: Estimate
    """Share whose log gives the same verdict to the bit."""


class _Judge:
    """Sees a noisy version of whether something is good, and rolls dice about it."""

    def __init__(self, dice: np.random.Generator, reliability: float, count: int = CONVERSATIONS) -> None:
        self.good = (dice.random(count) < 0.65).astype(float)
        self._seen = 0.25 + 0.4 * self.good + dice.normal(0, 0.15, count)
        self._noise = float(np.sqrt(self._seen.var() * (1 - reliability) / reliability))
        self._dice = dice

    def draw(self, count: int) -> Table:
        """Shape [conversations, count]."""
        scatter = self._dice.normal(0, self._noise, (len(self.good), count))
        return self._seen[:, None] + scatter


def cost(
    reliability: float, *, runs: int, conversations: int = CONVERSATIONS, labels: int = LABELS, seed: int = 0
) -> Cost:
    """A fixed number of repeats beside what `spending.plan` asks for, on the same conversations."""
    dice = np.random.default_rng(seed)
    fixed: list[float] = []
    ours: list[float] = []
    calls: list[int] = []
    clusters = _clusters(conversations)
    for _ in range(runs):
        judge = _Judge(dice, reliability, conversations)
        truth = 0.65
        human = {f"c{n}": float(judge.good[n]) for n in range(labels)}
        table = judge.draw(MOST)
        fixed.append(_estimate(table[:, :FIXED].mean(1), human) - truth)
        table = judge.draw(MOST)
        pilot = {f"c{n}": table[n, : 2 if n < PILOT else 1].tolist() for n in range(conversations)}
        found = plan(pilot, clusters, human, as_good_as=FIXED)
        each = [
            max(found.labelled, 2 if n < PILOT else 1) if n < labels else found.others
            for n in range(conversations)
        ]
        calls.append(sum(each))
        ours.append(_estimate(np.array([table[n, :k].mean() for n, k in enumerate(each)]), human) - truth)
    return Cost(
        reliability=reliability,
        conversations=conversations,
        labels=labels,
        runs=runs,
        calls_fixed=FIXED * conversations,
        calls=float(np.mean(calls)),
        saved=1 - float(np.mean(calls)) / (FIXED * conversations),
        error_fixed=float(np.sqrt(np.mean(np.square(fixed)))),
        error=float(np.sqrt(np.mean(np.square(ours)))),
    )


def again(*, runs: int, seed: int = 0) -> Again:
    """Ask "at least X?" of the same run twice, with X anywhere and other dice."""
    dice = np.random.default_rng(seed)
    same = contradicted = replayed = 0
    for _ in range(runs):
        judge = _Judge(dice, 0.5)
        human = {f"c{n}": float(judge.good[n]) for n in range(LABELS)}
        labels = [
            Label(subject=name, criterion="simulated", rater="a", value=value)
            for name, value in human.items()
        ]
        wanted = float(dice.uniform(0.3, 0.95))
        told: list[Answer] = []
        for _ in range(2):
            draws = _draws(np.clip(judge.draw(2), 0, 1))
            found = verdict("simulated", draws, labels, _clusters(CONVERSATIONS), at_least=wanted)
            read = msgspec.json.decode(msgspec.json.encode(draws), type=list[Draw])
            replay = verdict("simulated", read, labels, _clusters(CONVERSATIONS), at_least=wanted)
            assert found is not None
            replayed += msgspec.json.encode(found) == msgspec.json.encode(replay)
            told.append(found.answer)
        same += told[0] == told[1]
        contradicted += set(told) == {"yes", "no"}
    return Again(
        runs=runs,
        same=wilson(same, runs),
        contradicted=wilson(contradicted, runs),
        replayed=wilson(replayed, 2 * runs),
    )


def _clusters(count: int) -> Mapping[str, str]:
    return {f"c{n}": f"s{n % (count // 3)}" for n in range(count)}


def _estimate(judged: Floats, human: Mapping[str, float]) -> float:
    names = [f"c{n}" for n in range(len(judged))]
    clusters = _clusters(len(judged))
    return corrected(
        judged.tolist(), [clusters[name] for name in names], [human.get(name) for name in names]
    ).estimate.value


def _draws(values: Table) -> list[Draw]:
    return [
        Draw(
            evaluator="simulated@1",
            subject=f"c{n}",
            seed=count,
            value=float(value),
            details={"criterion": "simulated"},
        )
        for n, row in enumerate(values)
        for count, value in enumerate(row)
    ]
