"""Drawing the next token, as llama.cpp does by default: of the forty likeliest, those that hold `top_p`."""

import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import Sampling

_LIKELIEST = 40


class Drawer:
    """Draws the tokens of one answer. The same seed and the same logits draw the same tokens."""

    def __init__(self, sampling: Sampling) -> None:
        self._temperature = sampling.temperature
        self._top_p = sampling.top_p
        self._chance = np.random.default_rng(sampling.seed)

    def draw(self, logits: NDArray[np.float32]) -> int:
        """A token, given one logit for each; the likeliest when the temperature is 0."""
        if self._temperature <= 0:
            return int(logits.argmax())
        count = min(_LIKELIEST, len(logits))
        tokens = np.argpartition(logits, -count)[-count:]
        tokens = tokens[np.argsort(-logits[tokens], kind="stable")]
        chosen = logits[tokens].astype(np.float64)
        likely = softmax(chosen)
        # The one that crosses the line is still in.
        kept = int(np.searchsorted(np.cumsum(likely), self._top_p)) + 1
        shares = softmax(chosen[:kept] / self._temperature)
        return int(self._chance.choice(tokens[:kept], p=shares))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probabilities, of the same shape; a logit of minus infinity has none."""
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def log_total(logits: NDArray[np.float32]) -> float:
    """What to subtract from a logit to get the natural logarithm of its probability."""
    most = float(logits.max())
    return most + float(np.log(np.exp(logits - most).sum(dtype=np.float64)))
