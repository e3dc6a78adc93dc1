"""Similarity by shared words."""

import re
from collections.abc import Sequence
from typing import ClassVar, Self
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import EngineCard, EngineSetup
from antiphon.contracts.settings import decode

DIMENSIONS = 256


class EmbedderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `embedder.scripted`: there is nothing to set."""


class ScriptedEmbedder:
    """A bag of words, each counted in the place its hash names: texts that share words lie near."""

    card: ClassVar[EngineCard] = EngineCard(
        name="scripted",
        part="embedder",
        summary="Compares texts by the words they share; for tests and load.",
        licence="Apache-2.0",
        concurrency=16,
    )
    settings_kind: ClassVar[type[EmbedderSettings]] = EmbedderSettings
    dimensions = DIMENSIONS

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Nothing to load."""
        decode(setup.settings, EmbedderSettings, "embedder.scripted")
        return cls()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit row per text; a text without words points along the first axis."""
        rows = np.zeros((len(texts), DIMENSIONS), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.casefold()):
                row[crc32(word.encode()) % DIMENSIONS] += 1.0
            row[0] = row[0] if row.any() else 1.0
            row[:] = row / np.linalg.norm(row)
        return rows

    def close(self) -> None:
        """Nothing to let go of."""
