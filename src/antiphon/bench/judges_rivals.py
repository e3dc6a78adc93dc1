"""The usual recipes on the same transcripts and models, from the same probabilities.

With two answers to choose from, one call at temperature 0 and "P(yes) at least .5" are the same rule. A
sampled answer is drawn with the probability that was read; so k = 5 and re-asking cost no further calls to
measure here.
"""

from collections.abc import Callable, Mapping

import msgspec
import numpy as np

from antiphon.bench.judges_cover import Population, sampled
from antiphon.evals.agreement import weighted_kappa
from antiphon.evals.intervals import Estimate, Floats, wilson

Recipe = Callable[[Floats, np.random.Generator], Floats]
Calls = Callable[[Floats], float]
MAJORITY_OF = 5


class Rival(msgspec.Struct, frozen=True, kw_only=True):
    """One recipe."""

    population: str
    recipe: str
    calls: float
    """For each conversation, the mean."""
    bias: float
    """Of the rate it reports."""
    covered: Estimate
    """How often its rate's Wilson interval, which most do not even print, covers what people say."""
    kappa: float
    """With people, of single verdicts."""


def _once(p: Floats, dice: np.random.Generator) -> Floats:
    del dice
    return (p >= 0.5).astype(np.float64)


def _sampled(p: Floats, dice: np.random.Generator) -> Floats:
    return (dice.random(len(p)) < p).astype(np.float64)


def _majority(p: Floats, dice: np.random.Generator) -> Floats:
    return (dice.binomial(MAJORITY_OF, p) * 2 > MAJORITY_OF).astype(np.float64)


def _asked_again(p: Floats, dice: np.random.Generator) -> Floats:
    """A failure counts only when it fails twice."""
    return np.maximum(_sampled(p, dice), _sampled(p, dice))


RECIPES: Mapping[str, tuple[Recipe, Calls]] = {
    "one call at temperature 0; P(yes) >= .5": (_once, lambda p: 1.0),
    "one sampled call": (_sampled, lambda p: 1.0),
    "majority of 5": (_majority, lambda p: 5.0),
    "asked again on failure": (_asked_again, lambda p: 1.0 + float((1 - p).mean())),
}


def rivals(population: Population, *, runs: int, seed: int = 0) -> list[Rival]:
    """Every recipe, over runs as `judges_cover` draws them."""
    dice = np.random.default_rng(seed)
    truth = float(population.good.mean())
    found: list[Rival] = []
    for name, (recipe, calls) in RECIPES.items():
        rates: list[float] = []
        hits = 0
        for _ in range(runs):
            sample = sampled(population, dice, 0)
            said = recipe(sample.judged, dice)
            told = wilson(int(said.sum()), len(said))
            rates.append(told.value)
            hits += told.covers(truth)
        verdicts = recipe(population.judged, dice)
        found.append(
            Rival(
                population=population.name,
                recipe=name,
                calls=calls(population.judged),
                bias=float(np.mean(rates)) - truth,
                covered=wilson(hits, runs),
                kappa=weighted_kappa(verdicts.tolist(), population.good.tolist()),
            )
        )
    return found
