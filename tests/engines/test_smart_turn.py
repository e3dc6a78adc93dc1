"""End of turn on its real weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr

from antiphon.contracts import Audio, ConfigInvalid, EngineSetup
from antiphon.contracts.conformance import Samples, run
from antiphon.engines.hibari import RATE_HZ, HibariVoices
from antiphon.engines.smart_turn import SmartTurn, features

SECOND = 16_000


def noise(samples: int) -> Audio:
    return np.random.default_rng(0).normal(0.01, 0.1, samples).astype(np.float32)


def test_it_looks_at_the_last_eight_seconds_only() -> None:
    audio = noise(12 * SECOND)
    assert np.array_equal(features(audio), features(audio[-8 * SECOND :]))
    assert features(audio).shape == (80, 800)


def test_shorter_audio_stands_at_the_end_of_the_window() -> None:
    audio = noise(2 * SECOND)
    before = np.zeros(6 * SECOND, np.float32)
    assert np.array_equal(features(audio), features(np.concatenate([before, audio])))


def test_loudness_does_not_matter() -> None:
    audio = noise(8 * SECOND)
    assert np.allclose(features(audio), features(audio * 0.1), atol=1e-3)


@pytest.mark.real
def test_it_keeps_its_contract(weights: Callable[[str], Path], samples: Samples) -> None:
    report = run("end_of_turn", SmartTurn.open(EngineSetup(weights=weights)), samples=samples)
    assert report.ok, report
    assert not report.skipped


@pytest.mark.real
def test_a_request_is_over_at_its_end_and_not_in_its_middle(
    weights: Callable[[str], Path], hibari: HibariVoices
) -> None:
    engine = SmartTurn.open(EngineSetup(weights=weights, settings={"threads": 2}))
    (chunk,) = hibari.synthesize("I would like to book a table for four people on Friday evening.")
    pause = np.random.default_rng(0).normal(0, 0.0005, SECOND // 5).astype(np.float32)

    def score_up_to(word: str) -> float:
        end = next(timed.end_sample for timed in chunk.words if timed.text == word)
        heard = soxr.resample(chunk.audio[:end], RATE_HZ, SECOND).astype(np.float32)
        return engine.score(np.concatenate([heard, pause]))

    assert score_up_to("evening.") > 0.5
    assert score_up_to("on") < 0.5


def test_unknown_settings_are_refused(weights: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigInvalid, match="treads"):
        SmartTurn.open(EngineSetup(weights=weights, settings={"treads": 2}))
