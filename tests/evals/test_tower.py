"""Towers of judges: the errors of all levels in the verdict, and no verdict that rests on judges alone."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.bench.synthetic_towers import KINDS, TOLERANCE, chains, measure
from antiphon.contracts import ContractBroken
from antiphon.evals.intervals import Estimate
from antiphon.evals.judging import carried
from antiphon.evals.tower import Chain, opinions, tower
from antiphon.evals.variance import Observation, split
from antiphon.evals.verdict import Answer, Verdict


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_an_opinion_is_turned_round_as_often_as_somebody_disagrees(said: list[float]) -> None:
    turned = sum(value < 0.5 for value in said[1:])
    last = opinions([float(value >= 0.5) for value in said])[-1]
    assert last == float((said[0] >= 0.5) ^ (turned % 2 == 1))
    assert all(0 <= value <= 1 for value in opinions(said))


@pytest.mark.parametrize("kind", [kind for kind, made in KINDS.items() if not made.anchors])
def test_judges_alone_never_vouch_for_each_other(kind: str) -> None:
    drawn, _ = chains(KINDS[kind], np.random.default_rng(0), 400)
    found = tower(drawn)
    assert found.stopped_at is None
    assert "label" in found.settle


def test_a_model_that_judges_itself_is_not_believed_with_anchors_either() -> None:
    assert measure("one model judges itself, .6", towers=4, subjects=600).stopped.value == 0


def test_where_it_stops_the_error_is_within_the_tolerance() -> None:
    found = measure("independent, easier upward", towers=6, subjects=900, seed=1)
    assert found.stopped.value >= 0.2
    assert found.within.value == 1
    assert found.error_median is not None
    assert found.error_median < found.raw_error_median
    assert found.error_median < TOLERANCE


def test_anchors_make_any_tower_unbiased() -> None:
    dice, errors = np.random.default_rng(2), []
    for _ in range(20):
        drawn, rate = chains(KINDS["one model judges itself, .6"], dice, 500)
        two = [msgspec.structs.replace(chain, said=chain.said[:2]) for chain in drawn]
        errors.append(tower(two).depths[1].estimate.value - rate)
    assert abs(float(np.mean(errors))) < 0.02


def test_fewer_seen_above_means_a_wider_interval() -> None:
    dice = np.random.default_rng(3)
    drawn, _ = chains(KINDS["independent, easier upward"], dice, 800)
    short = [
        Chain(cluster=c.cluster, said=c.said[:1] if place >= 200 else c.said[:2])
        for place, c in enumerate(drawn)
    ]
    whole = [Chain(cluster=c.cluster, said=c.said[:2]) for c in drawn]
    assert tower(short).depths[1].se > 1.2 * tower(whole).depths[1].se
    assert tower(short).depths[1].seen == 200


def test_nothing_is_no_tower() -> None:
    with pytest.raises(ContractBroken, match="no judgment"):
        tower([])


def _agreed(count: int, anchors: int) -> list[Chain]:
    """Level 1 errs now and then, and level 2 finds every error."""
    dice = np.random.default_rng(1)
    found: list[Chain] = []
    for place in range(count):
        truth, wrong = dice.random() < 0.6, dice.random() < 0.12
        said = float(truth ^ wrong), float(not wrong)
        found.append(Chain(cluster=str(place), said=said, truth=float(truth) if place < anchors else None))
    return found


def test_that_few_anchors_show_no_error_is_no_proof_that_none_is_shared() -> None:
    few, many = tower(_agreed(400, 24)).depths[1], tower(_agreed(400, 300)).depths[1]
    assert few.correlation is not None
    assert few.correlation > 0.3
    assert any("share their errors" in reason for reason in few.failing)
    assert many.correlation is not None
    assert many.correlation < 0.2


def test_it_does_not_stop_where_what_got_no_answer_could_move_it() -> None:
    whole = _agreed(400, 300)
    assert tower(whole).stopped_at == 2
    for silent in (1, 2):
        part = [
            msgspec.structs.replace(chain, said=chain.said[: silent - 1], missing=True)
            if place % 9 == 0
            else chain
            for place, chain in enumerate(whole)
        ]
        found = tower(part)
        assert found.stopped_at is None
        assert found.depths[1].missing == 45
        assert "what got no answer" in found.settle


def test_anchors_of_one_scenario_leave_everything_possible() -> None:
    chains = [
        msgspec.structs.replace(c, cluster="a" if c.truth is not None else c.cluster) for c in _agreed(90, 30)
    ]
    found = tower(chains).depths[1].estimate
    assert (found.low, found.high) == (0, 1)


def test_the_verdict_is_that_of_the_tower_and_never_the_opposite_of_the_labels() -> None:
    built = tower(_agreed(400, 300))
    assert built.stopped_at == 2
    top = built.depths[1].estimate
    low, high = top.low - 0.05, top.high + 0.05
    for alone, at_least, answer in (
        ("cannot tell", low, "yes"),
        ("yes", low, "yes"),
        ("yes", top.value, "cannot tell"),
        ("cannot tell", high, "no"),
        ("yes", high, "cannot tell"),
        ("no", low, "cannot tell"),
    ):
        found = carried(_alone(alone, at_least), built)
        assert (found.answer, found.estimate) == (answer, top), (alone, at_least)
        assert bool(found.settle) == (answer == "cannot tell")


def _alone(answer: Answer, at_least: float) -> Verdict:
    """What level 1 and its labels say."""
    return Verdict(
        criterion="successful",
        answer=answer,
        at_least=at_least,
        estimate=None,
        at_any_time=None,
        raw=Estimate(0.5, 0.4, 0.6, 20),
        weight=1.0,
        worth=1.0,
        labels=300,
        subjects=400,
        draws=400,
        missing=0,
        variance=split([Observation("", "", 0.0)]),
        settle="",
    )
