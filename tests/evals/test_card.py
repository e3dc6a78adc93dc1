"""A judge's card: what it is worth, and what moves it that should not."""

from collections.abc import Sequence
from math import log
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.cli import main
from antiphon.contracts import ContractBroken, EngineSetup, Prompt, Subject
from antiphon.engines.scripted import ScriptedLanguageModel
from antiphon.evals.agreement import agreement, auroc, weighted_kappa
from antiphon.evals.card import Judged, calibration_error, card, isotonic
from antiphon.evals.criteria import CRITERIA, criterion_named
from antiphon.evals.defects import control, reply, spoiled
from antiphon.evals.judge import ModelJudge
from antiphon.evals.manners import plain_manner
from antiphon.evals.probes import asking, leans, misheard, planted, self_preference
from antiphon.evals.spending import Plan, fewest, plan


class _FallsForLength(ScriptedLanguageModel):
    """Finds long replies good, and those that speak of cheese bad; the answer named first draws it."""

    def score(self, prompt: Prompt, options: Sequence[str], **_: object) -> tuple[float, ...]:
        text = prompt.messages[-1].content
        reply = text.partition("====")[2].partition("====")[0]
        good = 0.5 + 0.3 * ("anything else" in reply) - 0.4 * ("cheese" in reply)
        good += 0.1 if "Yes or No" in text else 0.0
        return (log(good), log(1 - good))


def _judge() -> ModelJudge:
    def none(name: str) -> Path:
        raise AssertionError(name)

    return ModelJudge(criterion_named("fitting"), {"0.5b": _FallsForLength.open(EngineSetup(weights=none))})


def _subjects(count: int) -> list[tuple[Subject, str]]:
    replies = ("It opens at nine in the morning every day.", "cheese cheese cheese cheese cheese cheese")
    return [
        (
            Subject(
                id=f"t{n}",
                kind="turn",
                content={"context": [{"role": "user", "text": "When?"}], "response": replies[2 * n // count]},
            ),
            f"c{n % 5}",
        )
        for n in range(count)
    ]


def test_leans_are_found_with_their_size() -> None:
    found = {
        lean.probe: lean.effect for lean in leans(asking(_judge()), _subjects(10)[:5], plain_manner("0.5b"))
    }
    assert found["verbosity"].value == pytest.approx(0.3)
    assert found["position"].value == pytest.approx(-0.1)
    for probe in ("paraphrase", "praise", "strictness"):
        assert found[probe].value == pytest.approx(0)


class _LikesItsOwn(_FallsForLength):
    """Gives more to what it finds likely, whatever people say."""

    def score(self, prompt: Prompt, options: Sequence[str], **_: object) -> tuple[float, ...]:
        if len(options) == 1:
            return (-float(len(options[0].split())) * (1 if "cheese" in options[0] else 3),)
        good = 0.8 if "cheese" in prompt.messages[-1].content else 0.3
        return (log(good), log(1 - good))


def test_what_a_judge_gives_its_own_words_is_told() -> None:
    def none(name: str) -> Path:
        raise AssertionError(name)

    model = _LikesItsOwn.open(EngineSetup(weights=none))
    judge = ModelJudge(criterion_named("fitting"), {"0.5b": model})
    items = [(subject, cluster, 0.5) for subject, cluster in _subjects(20)]
    (found,) = self_preference(judge, asking(judge), items, plain_manner("0.5b"))
    assert found.effect.value == pytest.approx(0.25, abs=0.01)
    assert found.effect.low > 0


def test_planted_defects_are_seen_and_their_controls_are_not_blamed() -> None:
    found = planted(asking(_judge()), "fitting", _subjects(10), plain_manner("0.5b"))
    assert found is not None
    assert found.verdicts[0] >= found.verdicts[-1]
    assert found.blamed.value == pytest.approx(0)
    clean = _subjects(10)[0][0]
    assert reply(control(clean, "fitting", 4)) == "It opens at nine in the morning every day"
    assert misheard(clean, Random(2)).content["response"] != clean.content["response"]


@pytest.mark.parametrize("criterion", [each.name for each in CRITERIA])
def test_every_criterion_has_defects_and_a_control(criterion: str) -> None:
    said = [{"role": role, "text": f"{role} {n}."} for n in range(5) for role in ("caller", "agent")]
    content: dict[str, object] = {"context": said}
    if criterion_named(criterion).unit == "turn":
        content["response"] = "We open at nine in the morning."
    subject = Subject(id="c", kind=criterion_named(criterion).unit, content=content)
    found = [spoiled(subject, criterion, step, "Cheese is made of milk by people.") for step in (0, 1, 2, 4)]
    assert found[0] == subject
    assert len({str(each.content) for each in [*found, control(subject, criterion, 4)]}) == 5
    assert spoiled(subject, criterion, 99, "other").content["context"]


def _items(dice: Random, count: int, *, skill: float) -> list[Judged]:
    found: list[Judged] = []
    for n in range(count):
        good = dice.random() < 0.6
        value = dice.betavariate(2 + 4 * skill * good, 2 + 4 * skill * (not good))
        found.append(Judged(id=f"i{n}", cluster=f"c{n % 30}", value=value, human=(float(good), float(good))))
    return found


def test_a_card_tells_a_good_judge_from_a_bad_one() -> None:
    good = card("fitting", "judge@1", _items(Random(1), 400, skill=1.0))
    coin = card("fitting", "judge@1", _items(Random(1), 400, skill=0.0))
    assert good.auroc > 0.85
    assert good.worth > 1.5
    assert good.ceiling is not None
    assert good.ceiling.alpha == 1
    assert coin.youden is not None
    assert abs(coin.youden) < 0.15
    assert coin.worth < 1.1
    assert coin.calibration_error_after < coin.calibration_error + 0.02
    with pytest.raises(ContractBroken, match="ten"):
        card("fitting", "judge@1", _items(Random(1), 5, skill=1.0))


def test_of_a_judge_of_bad_ones_only_nobody_knows_what_it_says_of_good_ones() -> None:
    items = [Judged(id=f"i{n}", cluster=f"c{n}", value=0.1, human=(0.0,)) for n in range(12)]
    found = card("fitting", "judge@1", items)
    assert found.youden is None
    assert (found.sensitivity.low, found.sensitivity.high, found.specificity.value) == (0, 1, 1)


def test_a_label_beyond_its_scale_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"id": "t", "context": [], "response": "Nine.", "labels": {"fit": [4, 7]}, "scale": {"fit": [1, 5]}}
    (tmp_path / "labels.jsonl").write_bytes(msgspec.json.encode(row))
    assert main(["eval", "judge-card", "--labels", str(tmp_path / "labels.jsonl")]) == 1
    assert "line 1: fit has labels outside of 1 to 5" in capsys.readouterr().err


def test_isotonic_rises_and_mends_what_is_off() -> None:
    dice = np.random.default_rng(0)
    said = dice.random(2000)
    good = (dice.random(2000) < said**3).astype(float)
    edges, shares = isotonic(said, good)
    assert (np.diff(shares) > 0).all()
    mended = shares[np.minimum(np.searchsorted(edges, said), len(shares) - 1)]
    assert calibration_error(mended, good) < 0.05 < calibration_error(said, good)


def test_agreement_is_corrected_for_chance() -> None:
    assert weighted_kappa([0, 1, 0, 1], [0, 1, 0, 1]) == 1
    assert weighted_kappa([0, 1, 0, 1], [0, 0, 1, 1]) == 0
    assert auroc([0.1, 0.9], [False, True]) == 1
    assert auroc([0.5, 0.5], [False, True]) == 0.5
    ratings = [(f"s{n}", rater, float(n % 2)) for n in range(10) for rater in "ab"]
    found = agreement(ratings)
    assert found is not None
    assert (found.alpha, found.same) == (1, 1)
    assert agreement([("s", "a", 1.0)]) is None


def test_dice_are_averaged_where_they_count() -> None:
    dice = np.random.default_rng(3)
    good = (dice.random(600) < 0.6).astype(float)
    clusters = {f"i{n}": f"c{n}" for n in range(600)}
    human = {f"i{n}": float(good[n]) for n in range(60)}

    def drawn(noise: float) -> dict[str, list[float]]:
        return {f"i{n}": (good[n] + dice.normal(0, noise, 2)).tolist() for n in range(600)}

    wavering = plan(drawn(1.0), clusters, human, as_good_as=5)
    assert wavering.labelled > wavering.others
    assert 60 * wavering.labelled + 540 * wavering.others < 0.6 * 5 * 600
    assert plan(drawn(0.001), clusters, human, as_good_as=5) == Plan(labelled=1, others=1)


def test_a_question_far_from_the_answer_takes_no_repeats_and_a_close_one_as_many_as_none() -> None:
    dice = np.random.default_rng(4)
    good = (dice.random(400) < 0.6).astype(float)
    clusters = {f"i{n}": f"c{n}" for n in range(400)}
    human = {f"i{n}": float(good[n]) for n in range(100)}
    drawn = {f"i{n}": (good[n] + dice.normal(0, 0.8, 2)).tolist() for n in range(400)}

    def calls(at_least: float | None) -> int:
        found = plan(drawn, clusters, human, as_good_as=5, at_least=at_least)
        return 100 * found.labelled + 300 * found.others

    assert calls(0.05) == 400
    open_question = calls(None)
    assert open_question > 400
    assert max(calls(share / 100) for share in range(30, 90)) == open_question


@given(st.integers(2, 300), st.integers(0, 2000), st.integers(1, 8))
def test_a_plan_is_as_exact_as_repeats_and_never_dearer(labelled: int, others: int, repeats: int) -> None:
    allowed = (1 / labelled + (1 / others if others else 0)) / repeats
    found = fewest(labelled, others, allowed, most=repeats)
    noise = 1 / (labelled * found.labelled) + (1 / (others * found.others) if others else 0)
    assert noise <= allowed * (1 + 1e-6)
    assert labelled * found.labelled + others * found.others <= repeats * (labelled + others)
