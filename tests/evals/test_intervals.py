"""Intervals keep what they promise, on data whose truth is known."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.contracts import ContractBroken
from antiphon.evals.intervals import clustered_mean, clustered_rate, rogan_gladen, wilson, with_missing
from antiphon.evals.prediction_powered import corrected
from antiphon.evals.sequences import ConfidenceSequence, anytime_factor
from antiphon.evals.variance import Observation, split
from antiphon.evals.verdict import at_any_time


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_rate_lies_in_its_interval_and_is_never_certain(hits: int, misses: int) -> None:
    found = wilson(hits, hits + misses)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low > 0


def test_wilson_is_the_published_one() -> None:
    found = wilson(115, 137)  # 83.9 % of 137
    assert (round(found.low, 3), round(found.high, 3)) == (0.769, 0.891)


def test_a_mean_over_clusters_is_as_wide_as_its_clusters_are_few() -> None:
    values = [0.0] * 50 + [1.0] * 50
    alike = clustered_mean(values, [0] * 50 + [1] * 50)
    apart = clustered_mean(values, list(range(100)))
    assert alike.high - alike.low > 5 * (apart.high - apart.low)
    with pytest.raises(ContractBroken):
        clustered_mean([], [])


def test_a_rate_over_clusters_stays_a_rate_and_is_never_certain() -> None:
    few = clustered_rate([1.0, 1.0, 0.0, 1.0], [0, 0, 1, 2])
    assert (few.value, few.n) == (0.75, 3)
    assert 0 <= few.low < 0.25
    assert few.high == 1
    assert clustered_rate([0.5, 0.1], [0, 1]).low == 0
    alike = clustered_rate([0.3] * 12, [0, 1, 2, 3] * 3)
    assert alike.low == pytest.approx(wilson(1.2, 4).low)
    assert alike.high == pytest.approx(wilson(1.2, 4).high)


@pytest.mark.parametrize("rate", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("clusters", [3, 6, 16])
def test_a_rate_over_clusters_covers_the_truth(rate: float, clusters: int) -> None:
    dice, covered = np.random.default_rng(2), 0
    for _ in range(400):
        means = dice.beta(4 * rate, 4 * (1 - rate), clusters)
        values = [float(dice.random() < mean) for mean in means for _ in range(3)]
        covered += clustered_rate(values, [place for place in range(clusters) for _ in range(3)]).covers(rate)
    assert covered / 400 > 0.85


def test_rogan_gladen_undoes_a_known_judge_and_refuses_a_coin() -> None:
    found = rogan_gladen(420, 1000, (180, 200), (160, 200))  # .9 of the good, .2 of the bad: .42 is .314
    assert found is not None
    assert found.value == pytest.approx(0.314, abs=0.001)
    assert found.covers(0.314)
    assert rogan_gladen(500, 1000, (50, 100), (50, 100)) is None


def _drawn(
    dice: np.random.Generator, hit: float, false: float, n: int, labels: int
) -> tuple[list[float], list[float | None]]:
    truth = (dice.random(n) < 0.7).astype(float)
    said = np.where(truth > 0, dice.random(n) < hit, dice.random(n) < false).astype(float)
    human: list[float | None] = [
        float(value) if place < labels else None for place, value in enumerate(truth)
    ]
    return said.tolist(), human


@pytest.mark.parametrize(("hit", "false"), [(0.9, 0.2), (0.6, 0.5), (0.5, 0.5), (0.2, 0.9)])
def test_corrected_rates_cover_the_truth_whatever_the_judge(hit: float, false: float) -> None:
    dice, covered, errors = np.random.default_rng(1), 0, []
    for _ in range(300):
        said, human = _drawn(dice, hit, false, 500, 80)
        found = corrected(said, range(500), human)
        covered += found.estimate.covers(0.7)
        errors.append(found.estimate.value - 0.7)
    assert 0.91 <= covered / 300 <= 0.99
    assert abs(float(np.mean(errors))) < 0.01


def test_a_good_judge_is_worth_labels_and_a_bad_one_costs_none() -> None:
    dice = np.random.default_rng(2)
    said, human = _drawn(dice, 0.95, 0.05, 2000, 100)
    good = corrected(said, range(2000), human)
    noise = corrected(dice.random(2000).tolist(), range(2000), human)
    assert good.worth > 2
    assert good.se < 0.7 * noise.se
    assert noise.weight < 0.5
    labels = [value for value in human if value is not None]
    assert noise.se < 1.1 * float(np.std(labels)) / 10  # no wider than labels alone


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1))
def test_missing_values_are_bounded_and_none_is_dropped(values: list[float | None]) -> None:
    low, high = with_missing(values, 0.0, 1.0)
    assert len(low) == len(high) == len(values)
    assert all(one <= other for one, other in zip(low, high, strict=True))


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.floats(0.05, 0.95))
def test_a_confidence_sequence_holds_its_mean_inside(seed: int, rate: float) -> None:
    dice = Random(seed)
    values = [float(dice.random() < rate) for _ in range(100)]
    found = ConfidenceSequence(0, 1).add(values).estimate
    assert found.low <= found.value <= found.high


def test_looking_all_the_time_is_safe_with_a_sequence_and_not_with_an_interval() -> None:
    dice, wrong, naive = np.random.default_rng(3), 0, 0
    for _ in range(60):
        values = (dice.random(120) < 0.3).astype(float)
        sequence = ConfidenceSequence(0, 1)
        once = False
        for place, value in enumerate(values, 1):
            sequence.add([value])
            once |= place >= 10 and not wilson(int(values[:place].sum()), place).covers(0.3)
        wrong += not sequence.estimate.covers(0.3)  # what leaves it never comes back
        naive += once
    assert wrong / 60 <= 0.1
    assert naive / 60 > 0.15


def test_evidence_grows_against_a_wrong_mean_only() -> None:
    dice = np.random.default_rng(4)
    sequence = ConfidenceSequence(0, 1).add((dice.random(300) < 0.5).astype(float))
    assert sequence.evidence_against(0.8) > 1000
    assert sequence.evidence_against(0.5) < 20
    assert anytime_factor(50) > 1.96
    assert anytime_factor(0) == float("inf")


def test_the_split_of_variance_finds_what_was_put_in() -> None:
    dice = np.random.default_rng(5)
    observations = [
        Observation(f"s{s}", f"s{s}c{c}", scenario + conversation + float(dice.normal(0, 0.3)))
        for s in range(60)
        for scenario in [float(dice.normal(0, 0.5))]
        for c in range(int(dice.integers(2, 6)))
        for conversation in [float(dice.normal(0, 0.2))]
        for _ in range(int(dice.integers(1, 5)))
    ]
    found = split(observations)
    assert found.scenario == pytest.approx(0.25, rel=0.4)
    assert found.conversation == pytest.approx(0.04, rel=0.5)
    assert found.judge == pytest.approx(0.09, rel=0.2)
    assert found.best_draws(conversation_cost=1, draw_cost=1) == 1
    assert found.best_draws(conversation_cost=100, draw_cost=1) >= 3
    with pytest.raises(ContractBroken):
        split([])


@pytest.mark.parametrize(("rate", "labels"), [(0.9, 50), (0.93, 50), (0.96, 100), (0.07, 50), (0.5, 10)])
def test_corrected_rates_cover_the_truth_near_the_edges_too(rate: float, labels: int) -> None:
    dice, covered = np.random.default_rng(4), 0
    for _ in range(200):
        truth: list[float | None] = (dice.random(labels) < rate).astype(float).tolist()
        said = dice.random(labels + 200).tolist()
        covered += corrected(said, range(len(said)), [*truth, *[None] * 200]).estimate.covers(rate)
    assert covered / 200 >= 0.93


def test_a_rate_that_is_looked_at_after_every_few_labels_is_missed_in_one_of_twenty_runs_at_most() -> None:
    dice, missed = np.random.default_rng(5), 0
    for _ in range(150):
        truth: list[float | None] = (dice.random(60) < 0.9).astype(float).tolist()
        said = dice.random(80).tolist()
        looks = (corrected(said, range(80), truth[:n] + [None] * (80 - n)) for n in range(10, 61, 4))
        missed += any(not at_any_time(found).covers(0.9) for found in looks)
    assert missed / 150 <= 0.05


@pytest.mark.parametrize("label", [0.0, 0.5, 1.0])
def test_labels_that_all_agree_are_no_certainty_however_they_are_spread_over_scenarios(label: float) -> None:
    for scenarios in (20, 3, 1):
        found = corrected([0.5, 0.6] * 10, [n % scenarios for n in range(20)], [label] * 10 + [None] * 10)
        assert found.estimate.high - found.estimate.low > 0.2
        assert found.estimate.covers(label)
        assert at_any_time(found).low >= 0
        assert at_any_time(found).high <= 1
