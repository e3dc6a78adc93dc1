"""Embeddings by all-MiniLM-L6-v2: a six-layer BERT, its last states averaged and scaled to length 1.

Read from its publisher's own files without PyTorch. Texts are computed one by one, so a text's row never
depends on its neighbours, and what comes twice within a call is computed once. Every engine of a process that
reads the same files shares one network.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Self, cast
from weakref import WeakValueDictionary

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import EngineBroken, EngineCard, EngineSetup, PrerequisiteMissing
from antiphon.contracts.settings import decode
from antiphon.engines.bert import Array, Bert, BertShape
from antiphon.engines.native import load

_NAME = "minilm"
_WEIGHTS = "all-minilm-l6-v2"
_FILES = ("config.json", "model.safetensors", "tokenizer.json")
_AT_ONCE = 2
_LONGEST_TOKENS = 256  # what the model was trained on, its two markers included


class MiniLMSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """MiniLM has nothing to set."""


class MiniLM:
    """A small English sentence encoder."""

    card: ClassVar[EngineCard] = EngineCard(
        name=_NAME,
        part="embedder",
        summary="all-MiniLM-L6-v2: what English sentences mean, in 384 numbers and a few milliseconds.",
        licence="Apache-2.0",
        languages=("en",),
        weights=(_WEIGHTS,),
        concurrency=_AT_ONCE,
    )
    settings_kind: ClassVar[type[MiniLMSettings]] = MiniLMSettings

    def __init__(self, network: "_Network") -> None:
        self._network = network
        self.dimensions = network.dimensions

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load weights and vocabulary: a second, unless another engine of this process has them."""
        decode(setup.settings, MiniLMSettings, "embedder.minilm")
        folder = setup.weights(_WEIGHTS)
        files = tuple(_present(folder / name) for name in _FILES)
        with _loading:
            network = _loaded.get(folder) or _Network(*files)
            _loaded[folder] = network
        return cls(network)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 per text; what lies beyond its 256th token is cut."""
        rows = {text: self._row(text) for text in dict.fromkeys(texts)}
        return np.array([rows[text] for text in texts], np.float32).reshape(len(texts), self.dimensions)

    def close(self) -> None:
        """Nothing is held but memory, which goes with the engine."""

    def _row(self, text: str) -> Array:
        mean = self._network.bert(self._network.tokenizer.encode(text).ids).mean(0)
        return mean / np.linalg.norm(mean)


class _Network:
    """What was read of the files. The one before it is gone when nobody uses it any more."""

    def __init__(self, config: Path, model: Path, vocabulary: Path) -> None:
        read_weights = load("safetensors.numpy", "safetensors").load_file
        read_vocabulary = load("tokenizers", "tokenizers").Tokenizer.from_file
        try:
            shape = msgspec.json.decode(config.read_bytes(), type=BertShape)
            self.tokenizer: Any = read_vocabulary(str(vocabulary))
            words = cast(dict[str, int], self.tokenizer.get_vocab())
            weights = cast(dict[str, Array], read_weights(str(model)))
            self.bert = Bert(shape, weights, sorted(words, key=words.__getitem__), at_once=_AT_ONCE)
        except Exception as error:  # each library has its own
            raise EngineBroken(_NAME, f"its files do not load: {error}") from error
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(_LONGEST_TOKENS)
        self.dimensions = shape.hidden_size


_loaded: WeakValueDictionary[Path, _Network] = WeakValueDictionary()
_loading = Lock()


def _present(file: Path) -> Path:
    if file.is_file():
        return file
    raise PrerequisiteMissing(
        f"{_NAME} needs {file.name}, which is not in {file.parent}", remedy=f"antiphon models pull {_WEIGHTS}"
    )
