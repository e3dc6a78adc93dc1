"""The arithmetic of the scheduler bench."""

import pytest

from antiphon.bench.figures import machine
from antiphon.bench.scheduler_report import Result, condition, ratio, table


def test_a_ratio_is_of_medians_and_its_interval_is_of_rounds_in_pairs() -> None:
    alone = [100.0, 200.0, 300.0, 400.0]
    twice = ratio([2 * value for value in alone], alone)
    assert (twice.value, twice.low, twice.high, twice.n) == (2.0, 2.0, 2.0, 4)
    noisy = ratio([100.0, 250.0, 290.0, 400.0], alone)
    assert noisy.low < noisy.value < noisy.high


def test_the_table_has_a_row_for_each_condition() -> None:
    alone = [(300.0, 600.0, 0), (310.0, 620.0, 0)]
    beside = [(330.0, 640.0, 12), (320.0, 650.0, 10)]
    rows = (condition("alone", alone, alone), condition("beside", beside, alone))
    assert rows[0].background_tokens is None
    assert rows[1].first_token_ratio.value == pytest.approx(325 / 305)
    text = "\n".join(table(Result(machine=machine(), model="m", rounds=2, answers=rows, calls=())))
    assert "1.07 (" in text
    assert text.count("beside") == 2
