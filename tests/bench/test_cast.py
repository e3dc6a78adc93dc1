"""A listener who tells the engine's voices apart, and what a script expects of days and words."""

from datetime import date

import numpy as np
import pytest

from antiphon.bench.cast_call import _alike
from antiphon.bench.cast_listener import enrol, median_pitch_hz, recognised
from antiphon.contracts import EngineSetup
from antiphon.contracts.discovery import find
from antiphon.store import Store


@pytest.mark.real
def test_every_voice_is_known_again_by_a_sentence_it_was_not_known_from() -> None:
    voice = find("synthesizer", "hibari").open(EngineSetup(weights=Store().folder))
    known = enrol(voice)
    assert len(known) == len(voice.voices)
    for one in voice.voices:
        speech = voice.synthesize(
            "Bruno here, from the kitchen. What would you like to know?", voice=one.name
        )
        assert recognised(np.concatenate([chunk.audio for chunk in speech]), known) == one.name
    voice.close()


def test_pitch_is_that_of_the_tone_and_silence_has_none() -> None:
    time_s = np.arange(24_000) / 24_000
    for hz in (82.0, 110.0, 190.0, 260.0):
        tone = sum(np.sin(2 * np.pi * hz * n * time_s) / n for n in range(1, 12)).astype(np.float32) / 4
        assert median_pitch_hz(tone) == pytest.approx(hz, rel=0.03)
    assert median_pitch_hz(np.zeros(24_000, np.float32)) is None
    assert median_pitch_hz(np.zeros(10, np.float32)) is None


def test_days_are_counted_from_the_day_of_the_call() -> None:
    today = date(2026, 5, 6)
    assert _alike("2026-05-08", "2026-11-27", today)  # a Friday is a Friday
    assert not _alike("2026-05-08", "2026-11-26", today)
    assert _alike("It's walnuts, mostly", "its walnuts mostly.", today)
    assert _alike(4, 4.0, today)
    assert not _alike("red", None, today)
