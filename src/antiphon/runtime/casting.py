"""A cast made ready to be played by the sessions of one process: read, checked, its phrases embedded once."""

import typing
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import ConfigInvalid, Embedder
from antiphon.runtime.toolbox import Toolbox, open_toolbox
from antiphon.samp import Cast, Decider, check_cast

_TEXTS_KEPT = 1024
"""Sentences whose place is remembered: what is said is asked about several times within a turn."""


class Staged(msgspec.Struct, frozen=True):
    """What sessions that play the same cast share. Only the lanes use the decider."""

    cast: Cast
    text: str
    """The file, as it was read."""
    decider: Decider
    today: Callable[[], date]
    tools: Toolbox | None = None
    """None: nothing can be done."""


def stage(name: str, embedder: Embedder, voices: Sequence[str] | None) -> Staged:
    """Read the cast file `name` and embed its phrases: some milliseconds for each.

    Raises:
        ConfigInvalid: with all that is wrong with the file, each with its line.
    """
    path = Path(name).expanduser()
    text, cast = read_cast_file(path, voices)
    tools = open_toolbox(cast, path.parent)
    return Staged(cast, text, Decider(cast, remembering(embedder)), _today, tools)


def read_cast_file(path: Path, voices: Sequence[str] | None) -> tuple[str, Cast]:
    """A cast file's text and what it says; `voices`: what the speech engine knows, None: anything.

    Raises:
        ConfigInvalid: it cannot be read, or with all that is wrong with it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigInvalid((f"there is no file {path}",)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid((f"{path}: {error}",)) from error
    found, problems = check_cast(text, voices=None if voices is None else tuple(voices))
    if found is None or problems:
        raise ConfigInvalid(tuple(f"{path}: {problem}" for problem in problems))
    return text, found


def remembering(embedder: Embedder) -> Embedder:
    """`embedder`, but the last texts it was asked for it knows by heart. Any thread may ask."""
    return typing.cast(Embedder, _Remembering(embedder))


class _Remembering:
    def __init__(self, embedder: Embedder) -> None:
        self.card, self.dimensions = embedder.card, embedder.dimensions

        def row(text: str) -> NDArray[np.float32]:
            return embedder.embed([text])[0]

        self._row = lru_cache(_TEXTS_KEPT)(row)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As the embedder itself."""
        return np.array([self._row(text) for text in texts], np.float32).reshape(len(texts), self.dimensions)

    def close(self) -> None:
        """The embedder is somebody else's."""


def _today() -> date:
    return datetime.now(UTC).astimezone().date()
