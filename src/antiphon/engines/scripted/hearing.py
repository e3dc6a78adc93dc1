"""Ears that go by loudness: who is louder than a threshold speaks, who is quiet for long has finished."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

import msgspec
import numpy as np

from antiphon.contracts import LISTENING_HZ, Audio, EngineCard, EngineSetup, SpeechProbability
from antiphon.contracts.settings import decode

WINDOW_SAMPLES = 512

_LICENCE = "Apache-2.0"


class VoiceActivitySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `voice_activity.scripted`."""

    loud: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.01
    """The root mean square, of full scale, from which a window counts as speech."""


class ScriptedVoiceActivity:
    """A window louder than the threshold is speech for certain, any other for certain is not."""

    card: ClassVar[EngineCard] = EngineCard(
        name="scripted",
        part="voice_activity",
        summary="Takes whatever is loud for speech; for tests and load.",
        licence=_LICENCE,
        sample_rate_hz=LISTENING_HZ,
        concurrency=16,
        instant=True,
    )
    settings_kind: ClassVar[type[VoiceActivitySettings]] = VoiceActivitySettings
    window_samples = WINDOW_SAMPLES

    def __init__(self, loud: float = 0.01) -> None:
        self._loud = loud

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Read the threshold."""
        return cls(decode(setup.settings, VoiceActivitySettings, "voice_activity.scripted").loud)

    def stream(self) -> "ScriptedVoiceActivityStream":
        """A fresh ear."""
        return ScriptedVoiceActivityStream(self._loud)

    def close(self) -> None:
        """Nothing to let go of."""


class ScriptedVoiceActivityStream:
    """One caller's ear."""

    def __init__(self, loud: float) -> None:
        self._loud_power = loud**2 * WINDOW_SAMPLES
        self.reset()

    def push(self, audio: Audio) -> Sequence[SpeechProbability]:
        """Answer 1.0 or 0.0 for each window `audio` completes."""
        heard = np.concatenate([self._waiting, audio])
        whole = len(heard) // WINDOW_SAMPLES
        windows = heard[: whole * WINDOW_SAMPLES].reshape(whole, WINDOW_SAMPLES)
        self._waiting = heard[whole * WINDOW_SAMPLES :].copy()
        powers: list[float] = np.vecdot(windows, windows).tolist()
        answers = [
            SpeechProbability(self._end_sample + WINDOW_SAMPLES * count, float(power >= self._loud_power))
            for count, power in enumerate(powers, 1)
        ]
        self._end_sample += WINDOW_SAMPLES * whole
        return answers

    def reset(self) -> None:
        """Forget everything heard; counting starts at 0 again."""
        self._waiting = np.zeros(0, np.float32)
        self._end_sample = 0


class EndOfTurnSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `end_of_turn.scripted`."""

    score: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    """Given for any audio; without it, the longer the closing silence the higher the score."""
    certain_ms: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    """The closing silence that scores 1.0; half as much scores 0.5."""
    loud: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.01
    """What is below is silence; a sample's height, of full scale."""


class ScriptedEndOfTurn:
    """Scores a pause by its length."""

    card: ClassVar[EngineCard] = EngineCard(
        name="scripted",
        part="end_of_turn",
        summary="Takes a long silence for the end of a turn; for tests and load.",
        licence=_LICENCE,
        sample_rate_hz=LISTENING_HZ,
        concurrency=16,
    )
    settings_kind: ClassVar[type[EndOfTurnSettings]] = EndOfTurnSettings

    def __init__(self, settings: EndOfTurnSettings) -> None:
        self._settings = settings

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Read the rule."""
        return cls(decode(setup.settings, EndOfTurnSettings, "end_of_turn.scripted"))

    def score(self, audio: Audio, text: str = "") -> float:
        """The share of the certain silence that `audio` (16 kHz) closes with; `text` is ignored."""
        if len(audio) == 0:
            return 0.0
        if self._settings.score is not None:
            return self._settings.score
        loud = np.flatnonzero(np.abs(audio) >= self._settings.loud)
        quiet_samples = len(audio) - (int(loud[-1]) + 1 if len(loud) else 0)
        return min(1.0, quiet_samples * 1000 / LISTENING_HZ / self._settings.certain_ms)

    def close(self) -> None:
        """Nothing to let go of."""
