"""The server with real engines, a caller's voices, and a second pair of ears."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr

from antiphon.contracts import CLOCK_HZ, LISTENING_HZ, Audio, EngineSetup
from antiphon.engines.hibari import HibariVoices
from antiphon.engines.whisper import Whisper

from .running import Running
from .utterance import Speak, Utterance, spoken

Ears = Callable[[Audio], str]


@pytest.fixture(scope="session")
def server(real_server: Running) -> Running:
    return real_server


@pytest.fixture(scope="session")
def speak(weights: Callable[[str], Path]) -> Speak:
    """`speak(text, voice)`: an utterance."""
    voices = HibariVoices.open(EngineSetup(weights=weights))

    def utterance(text: str, voice: str) -> Utterance:
        return spoken(voices, text, voice)

    return utterance


@pytest.fixture(scope="session")
def ears(weights: Callable[[str], Path]) -> Iterator[Ears]:
    """The words of 24 kHz audio, by a model twice the size of the one the server listens with."""
    whisper = Whisper.open(EngineSetup(weights=weights, settings={"model": "whisper-base"}))

    def words(audio: Audio) -> str:
        heard = np.asarray(soxr.resample(audio, CLOCK_HZ, LISTENING_HZ), np.float32)
        return whisper.transcribe(heard).text

    yield words
    whisper.close()
