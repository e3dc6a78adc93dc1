"""Two versions of one agent: no alarm without a cause, and hardly a cause without an alarm."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.contracts import Draw
from antiphon.evals.alarms import evidence_of_worse, named, sign_flip_p
from antiphon.evals.comparing import EXIT, compare, decide, overall
from antiphon.evals.measured import MEASURES, as_often, judged, measure_named, with_opinions
from antiphon.evals.records import Conversation, ConversationOutcome, Gate

Dice = np.random.Generator


def _run(dice: Dice, count: int, *, slow_ms: float = 0.0, success: float = 0.85) -> list[Conversation]:
    return [
        Conversation(
            id=f"s{place % 10}-{place // 10}",
            scenario=f"s{place % 10}",
            seed=place // 10,
            mode="speech",
            measures={"latency_ms": float(dice.normal(900 + slow_ms, 300)), "unknown": 3.0},
            outcome=ConversationOutcome(success=bool(dice.random() < success)),
        )
        for place in range(count)
    ]


def _rings(differences: Sequence[float]) -> bool:
    return bool((evidence_of_worse(differences) >= 20).any())


def test_a_version_compared_with_itself_rings_in_one_of_twenty_at_most_however_often_one_looks() -> None:
    dice = np.random.default_rng(0)
    normal = sum(_rings(dice.normal(0, 1, 150)) for _ in range(400))
    heavy = sum(_rings(dice.standard_cauchy(150)) for _ in range(400))
    binary = sum(_rings((dice.random(150) < 0.8) * 1.0 - (dice.random(150) < 0.8)) for _ in range(400))
    assert max(normal, heavy, binary) / 400 <= 0.06


def test_a_loss_rings_and_a_gain_does_not() -> None:
    dice = np.random.default_rng(1)
    assert sum(_rings(dice.normal(-0.6, 1, 80)) for _ in range(50)) >= 45
    assert sum(_rings(dice.normal(0.6, 1, 80)) for _ in range(50)) == 0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_evidence_is_positive_and_knows_only_the_past(differences: list[float]) -> None:
    whole = evidence_of_worse(differences)
    assert (whole > 0).all()
    assert whole[0] == pytest.approx(evidence_of_worse(differences[:1])[0])


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.floats(0, 1e4), max_size=6))
def test_naming_is_no_laxer_than_one_alarm_and_no_stricter_than_dividing_alpha(
    found: dict[str, float],
) -> None:
    held = set(named(found, 0.05))
    assert {name for name, value in found.items() if value >= 20 * len(found)} <= held
    assert held <= {name for name, value in found.items() if value >= 20}


def test_the_same_runs_are_not_worse_and_few_pairs_decide_nothing() -> None:
    run = _run(np.random.default_rng(2), 200)
    same = compare(run, run, MEASURES)
    assert {each.measure for each in same.compared} == {"success", "latency_ms"}
    assert (same.decision, EXIT[same.decision]) == ("same", 0)
    few = compare(run[:6], run[:6], MEASURES)
    assert (few.decision, EXIT[few.decision]) == ("cannot tell", 2)
    assert "pairs" in few.compared[0].settle
    assert EXIT[compare([], [], MEASURES).decision] == 2


def test_a_second_and_a_half_slower_is_worse_after_a_dozen_pairs() -> None:
    dice = np.random.default_rng(3)
    found = compare(_run(dice, 20), _run(dice, 20, slow_ms=1500), MEASURES)
    latency = next(each for each in found.compared if each.measure == "latency_ms")
    assert (latency.decision, EXIT[found.decision]) == ("worse", 1)
    assert latency.difference.covers(1500)
    assert latency.p < 0.001


def test_a_loss_within_the_margin_is_none() -> None:
    differences = [-0.02, -0.03] * 60
    decision, interval = decide(differences, alarm=True, margin=0.1, reach=0.5)
    assert decision == "same"
    assert interval.low > -0.1


def test_a_loss_that_nobody_minds_is_never_called_worse_however_sure_it_is() -> None:
    # Runs of two days on one machine: always some milliseconds apart, in the same direction.
    late = [-4.0 - 0.1 * (place % 7) for place in range(40)]
    for pairs in range(1, 41):
        alarm = float(evidence_of_worse(late[:pairs])[-1]) >= 20
        decision, _ = decide(late[:pairs], alarm=alarm, margin=300, reach=600)
        assert decision == ("same" if pairs >= 11 else "cannot tell")
        assert alarm or pairs < 6


def test_what_never_happened_in_a_few_pairs_is_not_excluded() -> None:
    assert decide([0.0] * 10, alarm=False, margin=0.1, reach=1.0)[0] == "cannot tell"
    assert decide([0.0] * 100, alarm=False, margin=0.1, reach=1.0)[0] == "same"


def test_conversations_set_aside_are_counted_and_not_compared() -> None:
    run = _run(np.random.default_rng(4), 30)
    kept = [*run[:29], Conversation(id="s9-2", scenario="s9", seed=2, mode="speech", gate=Gate(kept=False))]
    found = compare(run, kept[1:], MEASURES)
    assert (found.pairs, found.unpaired, found.set_aside) == (28, 1, 1)


def test_worse_goes_before_cannot_tell_and_both_before_better() -> None:
    assert overall(["better", "cannot tell", "worse"]) == "worse"
    assert overall(["better", "cannot tell"]) == "cannot tell"
    assert overall(["same", "better"]) == "better"


@settings(max_examples=30)
@given(st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=1, max_size=12))
def test_a_sign_flip_test_gives_a_probability(differences: list[float]) -> None:
    assert 0 < sign_flip_p(differences) <= 1


def test_an_unknown_measure_is_named() -> None:
    with pytest.raises(Exception, match="latency_ms"):
        measure_named("latency")


def test_a_scenario_that_was_changed_makes_no_pair() -> None:
    before = _run(np.random.default_rng(1), 12)
    other = [msgspec.structs.replace(each, caller={"aim": "something easier"}) for each in before[:5]]
    found = compare(before, [*other, *before[5:]], MEASURES)
    assert (found.pairs, found.unpaired) == (len(before) - 5, 10)


def test_an_alarm_rings_falsely_when_one_version_was_asked_about_more_often_and_so_it_is_not() -> None:
    dice, rang = np.random.default_rng(3), {"all": 0, "as often": 0}
    conversations = _run(dice, 36)
    for _ in range(40):
        draws = [
            [
                Draw(
                    evaluator="j@1",
                    subject=each.id,
                    seed=seed,
                    value=float(dice.random() < 0.85),
                    details={"criterion": "successful"},
                )
                for each in conversations
                for seed in range(count)
            ]
            for count in (1, 9)
        ]
        for way, (old, new) in {"all": draws, "as often": as_often(*draws, "successful")}.items():
            opinions = [with_opinions(conversations, "successful", said) for said in (old, new)]
            looks = (
                compare(opinions[0][:pairs], opinions[1][:pairs], [judged("successful")])
                for pairs in range(6, 37, 6)
            )
            rang[way] += any(found.decision == "worse" for found in looks)
    assert rang["as often"] <= 3
    assert rang["all"] >= 8
