"""End of turn by Smart Turn v3.2: Whisper's encoder, taught to hear whether somebody has finished."""

from typing import Annotated, ClassVar, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import LISTENING_HZ, Audio, EngineCard, EngineSetup
from antiphon.contracts.settings import decode
from antiphon.engines.mel import log_mel
from antiphon.engines.onnx import OnnxModel

_WINDOW_SAMPLES = 8 * LISTENING_HZ
_VARIANCE_FLOOR = 1e-7


class SmartTurnSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `end_of_turn.smart_turn`."""

    threads: Annotated[int, msgspec.Meta(ge=1)] = 1
    """More is faster alone and slower beside a transcriber, which works at the same moment."""


class SmartTurn:
    """Reads intonation, pace and trailing off in the last eight seconds; ignores the words."""

    card: ClassVar[EngineCard] = EngineCard(
        name="smart_turn",
        part="end_of_turn",
        summary="Smart Turn v3.2: judges from the sound alone whether a turn is over, in about 60 ms.",
        licence="BSD-2-Clause",
        languages=(
            *("ar", "bn", "da", "de", "en", "es", "fi", "fr", "hi", "id", "it", "ja"),
            *("ko", "mr", "nl", "no", "pl", "pt", "ru", "tr", "uk", "vi", "zh"),
        ),
        sample_rate_hz=LISTENING_HZ,
        weights=("smart-turn-v3.2",),
        concurrency=2,
    )
    settings_kind: ClassVar[type[SmartTurnSettings]] = SmartTurnSettings

    def __init__(self, model: OnnxModel) -> None:
        self._model = model

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load the network and run it once, because the first run is the slowest."""
        settings = decode(setup.settings, SmartTurnSettings, "end_of_turn.smart_turn")
        path = setup.weights("smart-turn-v3.2") / "smart-turn-v3.2-cpu.onnx"
        engine = cls(OnnxModel("smart_turn", path, threads=settings.threads))
        engine.score(np.zeros(LISTENING_HZ, np.float32))
        return engine

    def score(self, audio: Audio, text: str = "") -> float:
        """The probability that the turn heard in the last eight seconds of `audio` is over."""
        if len(audio) == 0:
            return 0.0
        # The output is called logits and has already been through a sigmoid.
        (score,) = self._model.run(["logits"], {"input_features": features(audio)[None]})
        return float(np.clip(score.reshape(-1)[0], 0.0, 1.0))

    def close(self) -> None:
        """Nothing to let go of but memory."""


def features(audio: Audio) -> NDArray[np.float32]:
    """The last eight seconds, silence before them where they are fewer, as the network was trained on them.

    Returns:
        float32, shape [80, 800]: the log-mel of the padded waveform at zero mean and unit variance.
    """
    window = np.zeros(_WINDOW_SAMPLES, np.float32)
    recent = audio[-_WINDOW_SAMPLES:]
    window[_WINDOW_SAMPLES - len(recent) :] = recent
    window -= window.mean()
    window /= np.sqrt(window.var() + _VARIANCE_FLOOR)
    return log_mel(window)
