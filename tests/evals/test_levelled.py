"""What only the way of asking says is taken away, and nothing of what is judged."""

from random import Random

import numpy as np
import pytest

from antiphon.contracts import Draw
from antiphon.evals.agreement import auroc
from antiphon.evals.levelled import levelled, without_manners


def _draw(subject: str, odds: float, **manner: object) -> Draw:
    details = {"criterion": "x", "model": "one", "logprobs": [odds, 0.0], **manner}
    return Draw(evaluator="x@1", subject=subject, seed=0, value=1 / (1 + np.exp(-odds)), details=details)


def _asked(lean: float) -> tuple[list[Draw], list[bool]]:
    """A judge that sees what is good, and says "bad" more often by `lean` when it is to be strict."""
    dice = Random(1)
    good = [dice.random() < 0.5 for _ in range(200)]
    strict = [dice.random() < 0.5 for _ in good]
    draws = [
        _draw(f"s{n}", 1.5 * g - lean * s + dice.gauss(0, 1), strictness="strict" if s else "plain")
        for n, (g, s) in enumerate(zip(good, strict, strict=True))
    ]
    return draws, good


def test_a_lean_of_the_manner_is_taken_away_and_what_is_seen_stays() -> None:
    (without, good), (leaning, _) = _asked(0.0), _asked(8.0)
    fair = auroc([draw.value or 0.0 for draw in without], good)
    assert auroc([draw.value or 0.0 for draw in leaning], good) < fair - 0.15
    assert auroc([value or 0.0 for value in levelled(leaning)], good) == pytest.approx(fair, abs=0.02)


def test_models_are_levelled_each_by_itself() -> None:
    dice = Random(2)
    draws = [_draw(f"s{n}", dice.gauss(0, 1)) for n in range(50)]
    draws += [_draw(f"s{n}", dice.gauss(9, 3), model="other") for n in range(50)]
    values = [value or 0.0 for value in levelled(draws)]
    assert np.mean(values[:50]) == pytest.approx(np.mean(values[50:]), abs=0.06)


def test_missing_stays_missing_and_a_judge_without_probabilities_is_taken_at_its_word() -> None:
    mute = Draw(evaluator="x@1", subject="s", seed=1, value=None, missing="mute")
    assert levelled([_draw("a", 1.0), mute, _draw("b", -1.0)])[1] is None
    plain = [Draw(evaluator="y", subject=str(n), seed=0, value=n / 4) for n in range(5)]
    assert levelled([*plain, mute]) == [0, 0.25, 0.5, 0.75, 1, None]
    assert levelled([]) == []


def test_one_manner_alone_leaves_everything_but_the_mean() -> None:
    said = np.array([1.0, 2.0, 6.0])
    assert without_manners(said, [{"strictness": "plain"}] * 3) == pytest.approx(said - 3)


def test_a_judge_that_always_says_the_same_says_nothing() -> None:
    dice = Random(3)
    draws = [_draw(f"c{n}", 0.1 + 0.2, strictness=dice.choice("abc")) for n in range(37)]
    assert levelled(draws) == pytest.approx([0.5] * 37)
