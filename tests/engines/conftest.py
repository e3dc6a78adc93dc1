"""Speech that is the same on every machine: hibari's own, at the rate the listening engines take."""

from collections.abc import Callable

import numpy as np
import pytest
import soxr

from antiphon.bench.stage import no_weights
from antiphon.contracts import Audio, EngineSetup
from antiphon.contracts.conformance import Clip, Samples
from antiphon.engines.hibari import RATE_HZ, HibariVoices

SENTENCES = (
    "Could you tell me where the nearest station is?",
    "My brother would like two coffees and a slice of apple pie.",
    "The kitchen closes early on Sunday evenings.",
)


@pytest.fixture(scope="session")
def hibari() -> HibariVoices:
    return HibariVoices.open(EngineSetup(weights=no_weights))


@pytest.fixture(scope="session")
def say(hibari: HibariVoices) -> Callable[..., Audio]:
    """`say(text, voice)`: the speech at 16 kHz."""

    def speech(text: str, voice: str = "") -> Audio:
        audio = np.concatenate([chunk.audio for chunk in hibari.synthesize(text, voice=voice)])
        return soxr.resample(audio, RATE_HZ, 16_000).astype(np.float32)

    return speech


@pytest.fixture(scope="session")
def samples(say: Callable[..., Audio]) -> Samples:
    return Samples(
        clips=tuple(
            Clip(say(text, voice), text) for text, voice in zip(SENTENCES, ("", "man", "alto"), strict=True)
        )
    )
