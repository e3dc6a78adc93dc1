"""Which models exist, what they are made of, and where their bytes come from. Data, in `manifest.toml`."""

import tomllib
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Literal

import msgspec

from antiphon.contracts import ContractBroken, Part, UnknownName

ModelSet = Literal["default", "test"]
"""What the embedded configuration needs, and what the project's own tests need."""


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of a file, lying in a wheel."""

    wheel: str
    """`distribution==version`."""
    member: str
    """Its path inside the wheel."""
    size: int
    sha256: str


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model."""

    path: str
    """Relative to the model's folder."""
    size: int | None = None
    """Bytes; None for an unpinned file."""
    sha256: str | None = None
    """None for an unpinned file: it is verified against what the Hub states."""
    hub_file: str | None = None
    """Its path in the model's Hub repository."""
    pieces: tuple[Piece, ...] = ()
    """Joined in order they are the file; empty when no package holds it."""

    def __post_init__(self) -> None:
        path = PurePosixPath(self.path)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError(f"{self.path!r} does not stay inside the model's folder")
        if (self.size is None) != (self.sha256 is None):
            raise ValueError(f"{self.path!r} needs both a size and a sha256, or neither")
        if self.pieces and sum(piece.size for piece in self.pieces) != self.size:
            raise ValueError(f"the pieces of {self.path!r} do not add up to its size")


class Hub(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Hugging Face repository at a revision."""

    repo: str
    revision: str
    """A commit; a branch only where the files are unpinned."""


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model that can be fetched."""

    name: str
    part: Part
    licence: str
    """SPDX identifier."""
    summary: str
    sets: tuple[ModelSet, ...]
    file: tuple[ModelFile, ...]
    hub: Hub | None = None

    @property
    def size(self) -> int:
        """Bytes of all files whose size is known beforehand."""
        return sum(file.size or 0 for file in self.file)

    @property
    def pinned(self) -> bool:
        """True when every file's sha256 is known beforehand."""
        return all(file.sha256 for file in self.file)

    @property
    def in_packages(self) -> bool:
        """True when packages hold all of it."""
        return all(file.pieces for file in self.file)


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every model that is known by name."""

    model: tuple[Model, ...]

    def find(self, name: str) -> Model:
        """The model called `name`.

        Raises:
            UnknownName: there is none; the text lists the nearest names.
        """
        names = [model.name for model in self.model]
        if name in names:
            return self.model[names.index(name)]
        close = get_close_matches(name, names, n=3, cutoff=0.4)
        nearest = f"the nearest are {', '.join(close)}" if close else f"there are {', '.join(names)}"
        raise UnknownName(f"no model is called {name!r}; {nearest}")

    def names_in(self, chosen: ModelSet) -> tuple[str, ...]:
        """The names of a set, in the manifest's order."""
        return tuple(model.name for model in self.model if chosen in model.sets)


def parse(text: str) -> Manifest:
    """Read a manifest.

    Raises:
        ContractBroken: it is not one; the text says where.
    """
    try:
        return msgspec.convert(tomllib.loads(text), Manifest)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ContractBroken(f"this is not a manifest of models: {error}") from error


@cache
def builtin() -> Manifest:
    """The manifest that comes with Antiphon."""
    return parse(files("antiphon.store").joinpath("manifest.toml").read_text(encoding="utf-8"))
