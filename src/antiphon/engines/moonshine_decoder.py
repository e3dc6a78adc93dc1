"""Moonshine's decoder: from the encoder's view of some audio to tokens, the likeliest each time.

A *draft* is what may come: its tokens are all looked at in one step, and those that the decoder would have
written itself are kept, as in speculative decoding (Leviathan et al., 2023).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import Cancel
from antiphon.engines.native import load
from antiphon.engines.onnx import OnnxModel

BEGIN, END = 1, 2
_HEADS, _HEAD_SIZE = 8, 36
_STRIDE = 384
"""Samples of 16 kHz for each position of the encoder's view; the mask is given in samples."""


class Written(NamedTuple):
    """What one pass wrote down."""

    tokens: tuple[int, ...]
    log_probability: float
    """Natural logarithm, summed over the tokens and the end mark."""
    ended: bool
    """Whether the decoder came to an end by itself."""

    @property
    def belief(self) -> float:
        """The geometric mean probability of the tokens and the end mark."""
        return float(np.exp(self.log_probability / (len(self.tokens) + 1)))


class Decoder:
    """The network. Calls may overlap: it holds no state between them."""

    def __init__(self, engine: str, file: Path, *, threads: int) -> None:
        """Load it. Raises as `OnnxModel` does."""
        self._model = OnnxModel(engine, file, threads=threads)
        names = [name for name in self._model.inputs if name.startswith("past_key_values.")]
        self._own = [name for name in names if ".decoder." in name]
        self._seen = [name for name in names if ".encoder." in name]
        self._own_out = [name.replace("past_key_values", "present") for name in self._own]
        self._seen_out = [name.replace("past_key_values", "present") for name in self._seen]
        self._value = load("onnxruntime", "onnxruntime").OrtValue.ortvalue_from_numpy

    def write(
        self, encoded: NDArray[np.float32], draft: Sequence[int], *, most: int, cancel: Cancel
    ) -> Written:
        """At most `most` tokens for `encoded`, shape (1, positions, size); `draft` changes how long it takes.

        It is looked at in one step, whose rounding differs from that of many: of two tokens that are equally
        likely the other may win. Raises EngineBroken.
        """
        draft = tuple(draft[:most])
        feed = self._begin(encoded)
        outputs = self._step(feed, (BEGIN, *draft), [*self._own_out, *self._seen_out])
        likely, surprise = _likeliest(outputs[0])
        kept = _agreed(draft, likely)
        own = outputs[1 : 1 + len(self._own)]
        feed |= zip(
            self._own,
            (self._cut(value, kept + 1) for value in own) if kept < len(draft) else own,
            strict=True,
        )
        feed |= zip(self._seen, outputs[1 + len(self._own) :], strict=True)
        feed["use_cache_branch"] = self._value(np.array([True]))
        tokens, log_probability = list(draft[:kept]), -float(surprise[: kept + 1].sum())
        token = int(likely[kept])
        while token != END and len(tokens) < most and not cancel.is_set():
            tokens.append(token)
            outputs = self._step(feed, (token,), self._own_out)
            feed |= zip(self._own, outputs[1:], strict=True)
            likely, surprise = _likeliest(outputs[0])
            token, log_probability = int(likely[0]), log_probability - float(surprise[0])
        return Written(tuple(tokens), log_probability, token == END)

    def _begin(self, encoded: NDArray[np.float32]) -> dict[str, Any]:
        positions = encoded.shape[1]
        nothing = self._value(np.zeros((1, _HEADS, 0, _HEAD_SIZE), np.float32))
        unseen = self._value(np.zeros((1, _HEADS, positions, _HEAD_SIZE), np.float32))
        return {
            "encoder_attention_mask": self._value(np.ones((1, positions * _STRIDE), np.int64)),
            "encoder_hidden_states": self._value(encoded),
            "use_cache_branch": self._value(np.array([False])),
            **dict.fromkeys(self._own, nothing),
            **dict.fromkeys(self._seen, unseen),
        }

    def _step(self, feed: dict[str, Any], tokens: Sequence[int], outputs: Sequence[str]) -> list[Any]:
        feed["input_ids"] = self._value(np.array([tokens], np.int64))
        return self._model.run_kept(["logits", *outputs], feed)

    def _cut(self, value: Any, positions: int) -> Any:
        return self._value(np.ascontiguousarray(value.numpy()[:, :, :positions]))


def _likeliest(logits: Any) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The likeliest token at each position, and minus the logarithm of its probability."""
    scores: NDArray[np.float32] = logits.numpy()[0]
    best = scores.max(axis=1)
    return scores.argmax(axis=1), np.log(np.exp(scores - best[:, None]).sum(axis=1))


def _agreed(draft: Sequence[int], likely: NDArray[np.int64]) -> int:
    """How many tokens of the draft, from the first on, are the likeliest."""
    for place, token in enumerate(draft):
        if likely[place] != token:
            return place
    return len(draft)
