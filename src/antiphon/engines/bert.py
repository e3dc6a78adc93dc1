"""A BERT encoder (Devlin et al., 2019) run by CTranslate2, made of the publisher's weights when it is opened.

Its matrices are held and multiplied in 8 bits: the vector of a short question takes a tenth of the time of
plain numpy, which has to read 42 MB of weights for it. One sequence at a time needs no padding, so a text's
vector cannot depend on its neighbours.
"""

from collections.abc import Mapping
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.engines.native import load

Array: TypeAlias = NDArray[np.float32]

_COMPUTE = "int8_float32"


class BertShape(msgspec.Struct, frozen=True):
    """The numbers of a BERT `config.json` that its arithmetic needs."""

    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    layer_norm_eps: float = 1e-12


class Bert:
    """The network without dropout and without its pooler. It may be called by `at_once` threads."""

    def __init__(
        self, shape: BertShape, weights: Mapping[str, Array], vocabulary: list[str], *, at_once: int
    ) -> None:
        library = load("ctranslate2", "ctranslate2")
        with TemporaryDirectory(prefix="antiphon-bert-") as folder:
            made = _made(library.specs, shape, weights)
            made.register_vocabulary(vocabulary)
            made.config.layer_norm_epsilon = shape.layer_norm_eps
            made.validate()
            made.optimize(quantization=_COMPUTE)
            made.save(folder)
            self._encoder: Any = library.Encoder(
                folder, device="cpu", compute_type=_COMPUTE, inter_threads=at_once, intra_threads=1
            )

    def __call__(self, tokens: list[int]) -> Array:
        """The last hidden states of `tokens`: float32, shape [len(tokens), hidden_size]."""
        return np.array(self._encoder.forward_batch([tokens]).last_hidden_state, np.float32)[0]


def _made(specs: Any, shape: BertShape, weights: Mapping[str, Array]) -> Any:
    """The network as CTranslate2 describes one."""
    encoder = specs.TransformerEncoderSpec(
        shape.num_hidden_layers,
        shape.num_attention_heads,
        pre_norm=False,
        activation=specs.common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=specs.common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    encoder.embeddings[0].weight = weights["embeddings.word_embeddings.weight"]
    encoder.embeddings[1].weight = weights["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    _norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        at = f"encoder.layer.{number}"
        three = [f"{at}.attention.self.{name}" for name in ("query", "key", "value")]
        _linear(layer.self_attention.linear[0], weights, *three)
        _linear(layer.self_attention.linear[1], weights, f"{at}.attention.output.dense")
        _norm(layer.self_attention.layer_norm, weights, f"{at}.attention.output.LayerNorm")
        _linear(layer.ffn.linear_0, weights, f"{at}.intermediate.dense")
        _linear(layer.ffn.linear_1, weights, f"{at}.output.dense")
        _norm(layer.ffn.layer_norm, weights, f"{at}.output.LayerNorm")
    return specs.TransformerEncoderModelSpec(encoder, pooling_layer=False)


def _linear(spec: Any, weights: Mapping[str, Array], *names: str) -> None:
    """One matrix, or several that read the same and are multiplied as one."""
    spec.weight = np.concatenate([weights[f"{name}.weight"] for name in names])
    spec.bias = np.concatenate([weights[f"{name}.bias"] for name in names])


def _norm(spec: Any, weights: Mapping[str, Array], name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]
