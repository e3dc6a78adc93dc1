"""A BERT encoder's forward pass in plain numpy and 32 bits: what the engine's vectors are compared with."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from antiphon.engines.bert import BertShape
from antiphon.engines.native import load

Array: TypeAlias = NDArray[np.float32]


class Bert:
    """The network of Devlin et al. (2019), without dropout, for one sequence at a time.

    One sequence at a time needs no padding, so a text's vector cannot depend on its neighbours.
    """

    def __init__(self, shape: BertShape, weights: Mapping[str, Array]) -> None:
        self._shape = shape
        self._weights = {name: np.ascontiguousarray(array, np.float32) for name, array in weights.items()}

    def __call__(self, tokens: NDArray[np.int64]) -> Array:
        """The last hidden states of `tokens`: float32, shape [len(tokens), hidden_size]."""
        weights = self._weights
        embedded = (
            weights["embeddings.word_embeddings.weight"][tokens]
            + weights["embeddings.position_embeddings.weight"][: len(tokens)]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        states = self._norm("embeddings.LayerNorm", embedded)
        for layer in range(self._shape.num_hidden_layers):
            states = self._layer(f"encoder.layer.{layer}", states)
        return states

    def _layer(self, at: str, states: Array) -> Array:
        attended = self._linear(f"{at}.attention.output.dense", self._attend(f"{at}.attention.self", states))
        states = self._norm(f"{at}.attention.output.LayerNorm", states + attended)
        inner = _gelu(self._linear(f"{at}.intermediate.dense", states))
        return self._norm(f"{at}.output.LayerNorm", states + self._linear(f"{at}.output.dense", inner))

    def _attend(self, at: str, states: Array) -> Array:
        query, key, value = (self._heads(f"{at}.{name}", states) for name in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(query.shape[-1]))
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        return (scores @ value).transpose(1, 0, 2).reshape(states.shape)

    def _heads(self, name: str, states: Array) -> Array:
        projected = self._linear(name, states)
        return projected.reshape(len(states), self._shape.num_attention_heads, -1).transpose(1, 0, 2)

    def _linear(self, name: str, states: Array) -> Array:
        return states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, name: str, states: Array) -> Array:
        centred = states - states.mean(-1, keepdims=True)
        variance = np.square(centred).mean(-1, keepdims=True)
        scaled = centred / np.sqrt(variance + np.float32(self._shape.layer_norm_eps))
        return scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def _gelu(x: Array) -> Array:
    erf = load("scipy.special", "scipy").erf
    return x * np.float32(0.5) * (1 + erf(x * np.float32(np.sqrt(0.5))))
