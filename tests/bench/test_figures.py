"""Figures and their intervals."""

import pytest

from antiphon.bench.figures import figure, machine, median, percentile


def test_the_interval_holds_the_value_and_is_always_the_same() -> None:
    values = [float(n) for n in range(1, 100)]
    found = figure(values)
    assert found.value == 50.0
    assert 35 < found.low < 50 < found.high < 65
    assert found == figure(values)


def test_few_values_give_a_wide_interval() -> None:
    few, many = figure([1.0, 2.0, 9.0]), figure([1.0, 2.0, 9.0] * 100)
    assert few.high - few.low > many.high - many.low


def test_a_percentile_is_a_statistic() -> None:
    assert figure([float(n) for n in range(101)], percentile(95)).value == 95.0
    assert median([3.0, 1.0, 2.0]) == 2.0


def test_nothing_has_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing"):
        figure([])


def test_the_machine_is_described() -> None:
    here = machine()
    assert here.cores >= 1
    assert here.memory_mib > 100
