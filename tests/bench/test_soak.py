"""The line through the memory: found where there is one, and as sure as the samples allow."""

import os

import numpy as np
import pytest

from antiphon.bench.soak import Sample, Sampler, fitted


def samples(slope_mib_per_h: float, noise_mib: float, minutes: int = 60) -> list[Sample]:
    dice = np.random.default_rng(7)
    at_s = np.arange(0, minutes * 60, 5.0)
    start = 80 * np.exp(-at_s / 60)  # what fills at the beginning
    mib = 200 - start + slope_mib_per_h * at_s / 3600 + dice.normal(0, noise_mib, len(at_s))
    return list(zip(at_s.tolist(), mib.tolist(), strict=True))


@pytest.mark.parametrize("slope", [0.0, 12.0, -3.0])
def test_the_slope_is_found_and_lies_in_its_interval(slope: float) -> None:
    soak = fitted(samples(slope, 0.5))
    assert soak.low <= slope <= soak.high
    assert soak.slope_mib_per_h == pytest.approx(slope, abs=0.5)
    assert soak.settled_mib == pytest.approx(200 + slope / 4, abs=0.5)


def test_growth_is_told_from_noise() -> None:
    assert fitted(samples(12.0, 1.0)).low > 0
    flat = fitted(samples(0.0, 1.0))
    assert flat.low < 0 < flat.high


@pytest.mark.parametrize("count", range(33, 60))
def test_any_number_of_samples_will_do(count: int) -> None:
    fitted(samples(0.0, 0.1)[:count])


def test_too_few_samples_are_no_line() -> None:
    with pytest.raises(ValueError, match="too few"):
        fitted(samples(0.0, 0.1, minutes=2))


def test_a_process_is_looked_at_from_the_beginning() -> None:
    with Sampler(os.getpid(), every_s=0.001) as sampler:
        while len(sampler.samples) < 3:
            pass
    assert sampler.samples[0][1] > 1
    assert [at for at, _ in sampler.samples] == sorted(at for at, _ in sampler.samples)
