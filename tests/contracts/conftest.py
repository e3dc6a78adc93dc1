"""Scripted engines to check, and speech that only they understand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from antiphon.contracts import CLOCK_HZ, LISTENING_HZ, EngineSetup
from antiphon.contracts.conformance import Clip, Samples
from antiphon.engines.scripted import ScriptedSynthesizer

Setup = Callable[..., EngineSetup]


@pytest.fixture(scope="session")
def setup() -> Setup:
    """A function from settings to what an engine without weights is opened with."""

    def weights(name: str) -> Path:
        raise AssertionError(f"a scripted engine asked for the weights {name!r}")

    def made(**settings: Any) -> EngineSetup:
        return EngineSetup(settings=settings, weights=weights)

    return made


@pytest.fixture(scope="session")
def samples(setup: Setup) -> Samples:
    """Two sentences in tones, at the rate that ears hear at."""
    speaker = ScriptedSynthesizer.open(setup())

    def clip(text: str) -> Clip:
        audio = np.concatenate([chunk.audio for chunk in speaker.synthesize(text)])
        return Clip(np.asarray(soxr.resample(audio, CLOCK_HZ, LISTENING_HZ), np.float32), text)

    return Samples(clips=(clip("Hello there, good evening."), clip("The lamp is on; Zürich 你好 3.50")))
