"""What the engines of a configuration load: weights of the store, and files of its author's."""

from pathlib import Path
from typing import Any

import msgspec

from antiphon.contracts import AntiphonError, Engine, Part
from antiphon.contracts.discovery import find
from antiphon.runtime.config import Config, EngineChoice
from antiphon.runtime.parts import wanted


def engines(config: Config) -> dict[Part, EngineChoice]:
    """All that are opened, those of memory included."""
    memory: dict[Part, EngineChoice] = (
        {"memory": EngineChoice(use=config.memory.use)} if config.memory.use else {}
    )
    return config.engines | wanted(config) | memory


def weights_of(config: Config) -> dict[str, Part]:
    """The names of all weights, each with the part that loads them first.

    A setting that is a name on the engine's card unless it is told chooses what is loaded instead, and when
    it is empty, nothing is.
    """
    names: dict[str, Part] = {}
    for part, choice in engines(config).items():
        kind = _kind(part, choice)
        if kind is None or choice.settings.get("path"):
            continue
        settings = _settings_by_default(kind)
        for on_card in kind.card.weights:
            setting = settings.get(on_card)
            name = on_card if setting is None else choice.settings.get(setting, on_card)
            if name:
                names.setdefault(str(name), part)
    return names


def own_files(config: Config) -> dict[Path, Part]:
    """What engines are told to load instead of weights of the store."""
    files: dict[Path, Part] = {}
    for part, choice in engines(config).items():
        kind, path = _kind(part, choice), choice.settings.get("path")
        if kind is not None and kind.card.weights and path and isinstance(path, str):
            files.setdefault(Path(path).expanduser(), part)
    return files


def _kind(part: Part, choice: EngineChoice) -> type[Engine] | None:
    try:
        return find(part, choice.use)
    except AntiphonError:
        return None  # an obstacle of its own


def _settings_by_default(engine: type[Engine]) -> dict[Any, str]:
    kind: type[msgspec.Struct] | None = getattr(engine, "settings_kind", None)
    fields = () if kind is None else msgspec.structs.fields(kind)
    return {field.default: field.name for field in fields if isinstance(field.default, str)}
