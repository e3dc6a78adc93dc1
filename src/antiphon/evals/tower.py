"""Who judges the judges, and when to stop asking.

Level 1 judges conversations; level k is asked whether what level k-1 said is right, which ought to be an
easier question. A chain of such verdicts about one conversation is an *opinion* of it: what level 1 said,
turned round as often as somebody above said that it was wrong. The estimate at depth d telescopes:

    theta(d) = mean of opinion 1 over all + sum over k = 2..d of the mean of (opinion k - opinion k-1)

each mean over those that level k has seen, a random part of those that level k-1 has. So every level needs
fewer draws than the one below, and the sampling error of each is in the error of the sum. What the top
level gets wrong is not: that takes *anchors*, subjects of which the truth is known. Where these are a
random part of what is judged, the mean of (truth - opinion d) is the last term, and the sum is unbiased
whatever the judges.

Depth alone is no proof: with errors that levels share, the shift from depth to depth shrinks while the
error does not. So it stops only when all of `Depth.failing` is empty, and that cannot be without anchors.
"""

from collections.abc import Sequence
from math import sqrt

import msgspec
import numpy as np

from antiphon.contracts import ContractBroken
from antiphon.evals.intervals import Estimate, Floats, by_cluster, numbered, rate_within, spread_of, t_of

SHIFT_MOST = 0.25
"""Of a standard error, between the last two depths."""
EXTRA_MOST = 0.05
"""Of the variance, that the last level adds."""
CORRELATION_MOST = 0.2
"""Of the errors of adjacent levels, at the upper end of what anchors leave possible."""
COVERED_LEAST = 0.9
ANCHORS_LEAST = 20
_SPLITS = 60


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of one subject, and of that, and so on."""

    cluster: str
    said: tuple[float, ...]
    """Said[0]: how likely level 1 finds it good. Said[k]: how likely the level above finds the verdict before
    it right. As many as levels have seen it."""
    truth: float | None = None
    """1 good, 0 bad; None where it is no anchor."""
    missing: bool = False
    """Whether the next level was asked and gave no answer. Who is silent is seldom silent at random."""


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when asking stops here."""

    depth: int
    estimate: Estimate
    """With the anchors' correction, where there are anchors."""
    uncorrected: float
    se: float
    seen: int
    """Subjects that this level has seen."""
    missing: int = 0
    """Subjects of which it, or a level below, gave no answer."""
    youden: float | None
    """Sensitivity plus specificity less 1 of this level *at its own question*, on the anchors."""
    correlation: float | None
    """Of its errors with those of the level below, on the anchors: the upper end of its 95 % interval."""
    covered: float | None
    """How often nominal 95 % intervals cover held-out anchors."""
    failing: tuple[str, ...]
    """Why it may not stop here, a sentence each."""


class Tower(msgspec.Struct, frozen=True, kw_only=True):
    """All depths, and where it stopped."""

    depths: tuple[Depth, ...]
    stopped_at: int | None
    """The first depth at which nothing fails; None: cannot tell."""
    settle: str = ""


def opinions(said: Sequence[float]) -> list[float]:
    """How likely each level finds the subject good."""
    found: list[float] = []
    for value in said:
        agrees = not found or found[-1] >= 0.5
        found.append(value if agrees else 1 - value)
    return found


def tower(
    chains: Sequence[Chain], *, tolerance: float | None = None, threshold: float | None = None, seed: int = 0
) -> Tower:
    """Look at every depth there is, from the lowest on.

    Args:
        tolerance: half the width that the interval may have; any when None.
        threshold: what the rate is asked to reach; the answer must be the same at the last two depths.
        seed: of the splits that coverage is measured on.

    Raises:
        ContractBroken: there are no chains.
    """
    if not chains:
        raise ContractBroken("there is nothing to build a tower on: no judgment was drawn")
    depths: list[Depth] = []
    for depth in range(1, max(len(chain.said) for chain in chains) + 1):
        before = depths[-1] if depths else None
        found = _depth(chains, depth, seed)
        failing = tuple(_failing(found, before, tolerance, threshold))
        depths.append(msgspec.structs.replace(found, failing=failing))
    stopped = next((each.depth for each in depths if not each.failing), None)
    return Tower(
        depths=tuple(depths), stopped_at=stopped, settle="" if stopped else "; ".join(depths[-1].failing)
    )


def _depth(chains: Sequence[Chain], depth: int, seed: int) -> Depth:
    plain, _ = _telescoped(chains, depth, anchored=False)
    value, variance = _telescoped(chains, depth, anchored=True)
    anchors = [chain for chain in chains if chain.truth is not None and len(chain.said) >= depth]
    enough = len(anchors) >= ANCHORS_LEAST
    groups = len({chain.cluster for chain in anchors or chains})
    se = sqrt(variance)
    return Depth(
        depth=depth,
        estimate=Estimate(value, *rate_within(value, se, groups, t_of(0.95, groups)), groups),
        uncorrected=plain,
        se=se,
        seen=sum(len(chain.said) >= depth for chain in chains),
        missing=sum(chain.missing and len(chain.said) < depth for chain in chains),
        youden=_youden(anchors, depth) if enough else None,
        correlation=_correlation(anchors, depth) if enough and depth > 1 else None,
        covered=_covered(anchors, depth, seed) if enough else None,
        failing=(),
    )


def _failing(
    found: Depth, before: Depth | None, tolerance: float | None, threshold: float | None
) -> list[str]:
    if found.covered is None or found.youden is None:
        return [
            f"fewer than {ANCHORS_LEAST} anchors: label some of these conversations by hand"
            " (antiphon eval label); judges alone cannot vouch for each other"
        ]
    if before is None or before.youden is None:
        return ["one level only: ask a judge of the judge (--depth 2)"]
    failing: list[str] = []
    if abs(found.estimate.value - before.estimate.value) >= SHIFT_MOST * found.se:
        failing.append("the last level still moved the verdict: more anchors, or one more level")
    if found.se**2 > (1 + EXTRA_MOST) * before.se**2:
        failing.append("the last level adds scatter: let it see more")
    if found.youden <= before.youden:
        failing.append("the last level's question is no easier for it: another model family, or ask people")
    if found.correlation is None or found.correlation > CORRELATION_MOST:
        failing.append("the last two levels may share their errors: another model family, or more anchors")
    if found.missing and found.missing >= SHIFT_MOST * found.se * (found.seen + found.missing):
        failing.append("what got no answer could move the verdict: another model family, or ask people")
    if found.covered < COVERED_LEAST:
        failing.append("its intervals do not cover held-out anchors: more anchors")
    half = (found.estimate.high - found.estimate.low) / 2
    if tolerance is not None and half > tolerance:
        failing.append(f"the interval is wider than ±{tolerance:g}: more anchors")
    if threshold is not None and _side(found.estimate, threshold) != _side(before.estimate, threshold):
        failing.append("the answer changed with the last level: more conversations")
    return failing


def _side(estimate: Estimate, threshold: float) -> int:
    return 1 if estimate.low >= threshold else -1 if estimate.high < threshold else 0


def _telescoped(chains: Sequence[Chain], depth: int, *, anchored: bool) -> tuple[float, float]:
    """The estimate at `depth` and its variance over clusters."""
    value, parts, extra = 0.0, np.zeros(len(chains)), 0.0
    for level in range(1, depth + 1):
        step = [_step(chain.said, level) for chain in chains]
        value += _add(parts, step)
        if level > 1:
            # That nobody was overruled among a few says little of the rest: half a case each way.
            extra += 0.5 / (sum(each is not None for each in step) + 2) ** 2
    if anchored and any(chain.truth is not None and len(chain.said) >= depth for chain in chains):
        value += _add(parts, [_rest(chain, depth) for chain in chains])
    return value, spread_of(by_cluster(parts, [chain.cluster for chain in chains])) + extra


def _step(said: Sequence[float], level: int) -> float | None:
    if len(said) < level:
        return None
    found = opinions(said[:level])
    return found[-1] - (found[-2] if level > 1 else 0.0)


def _rest(chain: Chain, depth: int) -> float | None:
    if chain.truth is None or len(chain.said) < depth:
        return None
    return chain.truth - opinions(chain.said[:depth])[-1]


def _add(parts: Floats, step: Sequence[float | None]) -> float:
    """Add each subject's share in the mean of `step`; returns the mean."""
    known = np.array([value is not None for value in step])
    if not known.any():
        return 0.0
    values = np.array([0.0 if value is None else value for value in step])
    mean = float(values[known].mean())
    parts[known] += (values[known] - mean) / known.sum()
    return mean


def _right(chain: Chain, level: int) -> tuple[bool, bool]:
    """What the right answer to the level's question was, and what it said."""
    assert chain.truth is not None
    said = chain.said[level - 1] >= 0.5
    if level == 1:
        return chain.truth >= 0.5, said
    below = opinions(chain.said[: level - 1])[-1] >= 0.5
    return below == (chain.truth >= 0.5), said


def _youden(anchors: Sequence[Chain], level: int) -> float:
    answers = [_right(chain, level) for chain in anchors]
    rates: list[float] = []
    for which in (True, False):
        said = [answer == which for truth, answer in answers if truth == which]
        rates.append((sum(said) + 0.5) / (len(said) + 1))
    return sum(rates) - 1


def _correlation(anchors: Sequence[Chain], level: int) -> float:
    """Of the errors of `level` and the one below: the upper end of a Fisher interval.

    Where one of them made no error nothing has been seen of it, and as much is possible as about 0.
    """
    errors = np.array(
        [
            [float(truth != said) for truth, said in (_right(chain, level - 1), _right(chain, level))]
            for chain in anchors
        ]
    )
    rho = float(np.corrcoef(errors.T)[0, 1]) if errors.std(axis=0).all() else 0.0
    reach = 1.96 / sqrt(max(len(anchors) - 3, 1))
    return float(np.tanh(np.arctanh(np.clip(rho, -0.999, 0.999)) + reach))


def _covered(anchors: Sequence[Chain], depth: int, seed: int) -> float:
    """How often what half of the anchors teach covers the other half's truth."""
    rest = np.array([_rest(chain, depth) for chain in anchors], np.float64)
    groups = numbered([chain.cluster for chain in anchors])
    count = int(groups.max()) + 1
    if count < 4:
        return 0.0
    dice, hits = np.random.default_rng(seed), 0
    for _ in range(_SPLITS):
        mine = np.isin(groups, dice.permutation(count)[: count // 2])
        variance = 0.0
        for half in (mine, ~mine):
            part = (rest[half] - rest[half].mean()) / half.sum()
            variance += spread_of(by_cluster(part, groups[half].tolist())) + 0.5 / (half.sum() + 2) ** 2
        gap = abs(float(rest[mine].mean() - rest[~mine].mean()))
        hits += gap <= t_of(0.95, count // 2) * sqrt(variance)
    return hits / _SPLITS
