"""How many calls a verdict takes: beside a fixed number of repeats, on judges simulated and real.

The simulated judge sees a noisy version of whether something is good, and its dice are of two kinds: what
a manner of asking adds to every subject alike, and what is new with every call. In `Cost` the rate is
estimated, in `Asked` it is asked whether it reaches a threshold. Both ways see the same conversations, the
same labels and the same first draws.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
from msgspec.structs import replace

from antiphon.contracts import Draw
from antiphon.evals.intervals import Estimate, Floats, wilson
from antiphon.evals.levelled import levelled
from antiphon.evals.prediction_powered import Corrected, corrected
from antiphon.evals.spending import PILOT, plan
from antiphon.evals.verdict import at_any_time, by_subject

FIXED = 5
_RESAMPLINGS = 2000
RATE = 0.65
_MANNERS = {
    "strictness": ("lenient", "plain", "strict"),
    "wording": (0, 1, 2),
    "form": ("words", "letters"),
    "good_first": (True, False),
}


class Drawn(NamedTuple):
    """A conversation, and what was drawn of it, in an order of chance."""

    cluster: str
    good: float
    draws: Sequence[Draw]


Source: TypeAlias = Callable[[np.random.Generator], list[Drawn]]
"""The conversations of one run; those that are labelled come first."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Calls until the rate is as sure as with `FIXED` draws of everything."""

    judge: str
    labels: int
    runs: int
    calls_fixed: float
    calls: float
    saved: float
    error_fixed: float
    """Root mean square."""
    error: float
    ratio: Estimate
    """Of the two errors, ours above; the interval is from runs drawn again."""
    error_once: float
    """With one draw of everything: what there was to win by repeats."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Calls until "at least X?" is answered, with X anywhere."""

    judge: str
    labels: int
    runs: int
    calls_fixed: float
    calls: float
    saved: float
    wrong_fixed: Estimate
    """Share of runs whose answer is not so."""
    wrong: Estimate
    untold_fixed: Estimate
    """Share of runs with no answer."""
    untold: Estimate
    same: Estimate
    """Share of runs with the same answer either way."""


def cost(judge: str, source: Source, truth: float, labels: int, *, runs: int, seed: int = 0) -> Cost:
    """A fixed number of repeats beside what `spending.plan` asks for."""
    dice = np.random.default_rng(seed)
    fixed, ours, once = list[float](), list[float](), list[float]()
    calls, all_calls = 0, 0
    for _ in range(runs):
        drawn = source(dice)
        fixed.append(_repeated(drawn, labels, FIXED).estimate.value - truth)
        once.append(_repeated(drawn, labels, 1).estimate.value - truth)
        spent, found = _planned(drawn, labels, None)
        ours.append(found.estimate.value - truth)
        calls, all_calls = calls + spent, all_calls + FIXED * len(drawn)
    return Cost(
        judge=judge,
        labels=labels,
        runs=runs,
        calls_fixed=all_calls / runs,
        calls=calls / runs,
        saved=1 - calls / all_calls,
        error_fixed=_root_mean_square(fixed),
        error=_root_mean_square(ours),
        ratio=_ratio(np.square(ours), np.square(fixed)),
        error_once=_root_mean_square(once),
    )


def asked(judge: str, source: Source, truth: float, labels: int, *, runs: int, seed: int = 0) -> Asked:
    """The same for a question, whose threshold may be anywhere within .3 of the truth."""
    dice = np.random.default_rng(seed)
    calls, all_calls, same = 0, 0, 0
    wrong, untold = [0, 0], [0, 0]
    for _ in range(runs):
        drawn = source(dice)
        threshold = float(np.clip(truth + dice.uniform(-0.3, 0.3), 0.02, 0.98))
        spent, found = _planned(drawn, labels, threshold)
        answers = [_answer(_repeated(drawn, labels, FIXED), threshold), _answer(found, threshold)]
        for way, answer in enumerate(answers):
            wrong[way] += answer is not None and answer != (truth >= threshold)
            untold[way] += answer is None
        same += answers[0] == answers[1]
        calls, all_calls = calls + spent, all_calls + FIXED * len(drawn)
    return Asked(
        judge=judge,
        labels=labels,
        runs=runs,
        calls_fixed=all_calls / runs,
        calls=calls / runs,
        saved=1 - calls / all_calls,
        wrong_fixed=wilson(wrong[0], runs),
        wrong=wilson(wrong[1], runs),
        untold_fixed=wilson(untold[0], runs),
        untold=wilson(untold[1], runs),
        same=wilson(same, runs),
    )


def simulated_dice(
    reliability: float, leaning: float, *, conversations: int, labels: int, draws: tuple[int, int] = (25, 5)
) -> Source:
    """Conversations judged by a simulated judge.

    Args:
        reliability: share of a draw's variance that lies in what is judged.
        leaning: share of the rest that the manner adds to every subject alike.
        draws: of each labelled conversation, and of each other one.
    """

    def source(dice: np.random.Generator) -> list[Drawn]:
        good = (dice.random(conversations) < RATE).astype(float)
        seen = 0.25 + 0.4 * good + dice.normal(0, 0.15, conversations)
        noise = float(np.sqrt(seen.var() * (1 - reliability) / reliability))
        leans = {name: dice.normal(0, 1, len(values)) for name, values in _MANNERS.items()}
        leans = {name: (lean - lean.mean()) / lean.std() for name, lean in leans.items()}
        each = noise * float(np.sqrt(leaning / len(leans)))
        found: list[Drawn] = []
        for n in range(conversations):
            count = draws[0] if n < labels else draws[1]
            picks = {name: dice.integers(len(values), size=count) for name, values in _MANNERS.items()}
            said = seen[n] + noise * np.sqrt(1 - leaning) * dice.normal(0, 1, count)
            said += each * np.sum([leans[name][picks[name]] for name in picks], axis=0)
            made = [
                _draw(f"c{n}", seed, float(value), {k: _MANNERS[k][p[seed]] for k, p in picks.items()})
                for seed, value in enumerate(said)
            ]
            found.append(Drawn(f"s{n % (conversations // 3)}", float(good[n]), made))
        return found

    return source


def kept(items: Sequence[Drawn], *, conversations: int) -> Source:
    """Real draws: whole clusters with replacement, each item's draws in another order."""
    groups: dict[str, list[Drawn]] = {}
    for item in items:
        groups.setdefault(item.cluster, []).append(item)
    pools = list(groups.values())

    def source(dice: np.random.Generator) -> list[Drawn]:
        found: list[Drawn] = []
        number = 0
        while len(found) < conversations:
            number += 1
            for item in pools[int(dice.integers(len(pools)))]:
                name = f"c{len(found)}"
                order: list[int] = dice.permutation(len(item.draws)).tolist()
                draws = [replace(item.draws[place], subject=name) for place in order]
                found.append(Drawn(f"s{number}", item.good, draws))
        return [found[place] for place in dice.permutation(len(found))]

    return source


def _draw(subject: str, seed: int, value: float, manner: dict[str, object]) -> Draw:
    details = {"criterion": "simulated", "model": "one", "logprobs": [value, 0.0], **manner}
    return Draw(evaluator="simulated@1", subject=subject, seed=seed, value=value, details=details)


def _repeated(drawn: Sequence[Drawn], labels: int, count: int) -> Corrected:
    """The plain mean of `count` draws of everything, corrected by the labels."""
    means = [float(np.mean([d.value for d in each.draws[:count] if d.value is not None])) for each in drawn]
    return _corrected(drawn, labels, means)


def _planned(drawn: Sequence[Drawn], labels: int, at_least: float | None) -> tuple[int, Corrected]:
    counts = planned(drawn, labels, at_least)
    opinions = _opinions(drawn, counts)
    means = [float(np.mean(opinions[each.draws[0].subject])) for each in drawn]
    return sum(counts), _corrected(drawn, labels, means)


def planned(drawn: Sequence[Drawn], labels: int, at_least: float | None) -> list[int]:
    """How many draws of each are made where it is left to `spending.plan`."""
    pilot = [2 if place < min(PILOT, labels) else 1 for place in range(len(drawn))]
    opinions = _opinions(drawn, pilot)
    clusters = {each.draws[0].subject: each.cluster for each in drawn}
    human = {each.draws[0].subject: each.good for each in drawn[:labels]}
    found = plan(opinions, clusters, human, as_good_as=FIXED, at_least=at_least)
    return [
        min(max(found.labelled if place < labels else found.others, first), len(each.draws))
        for place, (each, first) in enumerate(zip(drawn, pilot, strict=True))
    ]


def _opinions(drawn: Sequence[Drawn], counts: Sequence[int]) -> dict[str, list[float]]:
    draws = [draw for each, count in zip(drawn, counts, strict=True) for draw in each.draws[:count]]
    told = by_subject(draws, levelled(draws))
    return {name: [value for value in values if value is not None] for name, values in told.items()}


def _corrected(drawn: Sequence[Drawn], labels: int, means: Sequence[float]) -> Corrected:
    human = [each.good if place < labels else None for place, each in enumerate(drawn)]
    return corrected(means, [each.cluster for each in drawn], human)


def _answer(found: Corrected, threshold: float) -> bool | None:
    known = at_any_time(found)
    return True if known.low >= threshold else False if known.high < threshold else None


def _ratio(ours: Floats, fixed: Floats) -> Estimate:
    again = np.random.default_rng(0).integers(len(ours), size=(_RESAMPLINGS, len(ours)))
    ratios = np.sqrt(ours[again].mean(1) / fixed[again].mean(1))
    low, high = (float(np.percentile(ratios, q)) for q in (2.5, 97.5))
    return Estimate(float(np.sqrt(ours.mean() / fixed.mean())), low, high, len(ours))


def _root_mean_square(errors: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))
