"""hibari's network, made to tell how long it holds each phoneme."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import EngineBroken
from antiphon.engines.native import load
from antiphon.engines.onnx import OnnxModel
from antiphon.engines.voices import Frames

FRAME_SAMPLES = 300  # 12.5 ms at 24 kHz
_DURATIONS = "/Clip_output_0"  # inside the graph: how many steps each phoneme lasts
_FRAMES = ("lh", "theta", "ln", "lr", "phi", "f0")


class Network:
    """Phoneme ids in, spectral frames and phoneme boundaries out."""

    def __init__(self, threads: int) -> None:
        """Load the model inside the package; raises EngineBroken when it is not the one that is known."""
        folder = Path(load("hibari.tts", "hibari-tts").ASSETS)
        model = (folder / "hibari.onnx").read_bytes() + graph_output(_DURATIONS)
        self._model = OnnxModel("hibari", model, threads=threads)
        self._dsp: Any = load("hibari.dsp", "hibari-tts")

    def frames(self, ids: Sequence[int], speed: float) -> tuple[Frames, NDArray[np.intp]]:
        """The frames for `ids`, and where each id begins, with the end as the last: len(ids) + 1 numbers."""
        inputs = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)}
        *parts, durations = self._model.run([*_FRAMES, _DURATIONS], inputs)
        frames = Frames(*(part[0] for part in parts))
        steps = np.concatenate([[0], np.cumsum(durations.reshape(-1))])
        per_step, rest = divmod(len(frames.f0), int(steps[-1]))
        if len(steps) != len(ids) + 1 or rest:
            raise EngineBroken("hibari", "its phoneme durations do not add up to its frames")
        return frames, (steps * per_step).astype(np.intp)

    def waveform(self, frames: Frames) -> NDArray[np.float32]:
        """The sound of `frames`, 300 samples each at 24 kHz. The same frames always give the same sound."""
        return self._dsp.synth(*frames, np.random.default_rng(0))


def graph_output(name: str) -> bytes:
    """What to append to a serialised ONNX model so that its float32 tensor `name` becomes an output.

    Protocol buffers define concatenation as merging: repeated fields of the two messages are joined. So this
    is a model that holds nothing but ModelProto.graph (7) . output (12): name (1), type (2) . tensor_type (1)
    . elem_type (1) = FLOAT (1).
    """
    float_tensor = _field(1, b"\x08\x01")
    value = _field(1, name.encode()) + _field(2, float_tensor)
    return _field(7, _field(12, value))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field (wire type 2)."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
