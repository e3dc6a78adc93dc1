"""What keeps a configuration from being served, as far as that shows before anything is loaded.

Whoever serves refuses to begin while there is one, and whoever looks a machine over tells them all: a mistake
that comes out only when the models are loaded costs a minute each.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from antiphon.contracts import AntiphonError, BadRequest, ConfigInvalid, Engine, Part
from antiphon.contracts.discovery import find
from antiphon.contracts.settings import decode
from antiphon.runtime.casting import read_cast_file
from antiphon.runtime.config import Config
from antiphon.runtime.memories import file_of, safe_user, settings_for
from antiphon.runtime.needs import own_files, weights_of
from antiphon.runtime.parts import voice_names, wanted
from antiphon.runtime.settings import SessionSettings
from antiphon.runtime.voices import resolve

_SOMEBODY = "somebody"
"""Stands for whoever a memory is opened for."""


class Obstacle(msgspec.Struct, frozen=True):
    """One of them."""

    about: str
    """What it is about, in a word or two, such as "transcriber"."""
    error: AntiphonError
    remedy: str
    """What mends it, where the error itself names no command."""
    model: str = ""
    """The model whose weights are not to be had; empty where it is about something else."""


def obstacles(config: Config, weights: Callable[[str], Path]) -> Iterator[Obstacle]:
    """All of them, of engines, memory, cast, session and weights; `weights` finds a model's folder."""
    for part, choice in (config.engines | wanted(config)).items():
        try:
            _check_settings(part, find(part, choice.use), choice.settings)
        except AntiphonError as error:
            yield Obstacle(part.replace("_", " "), error, below(f"engines.{part}"))
    for about, check, remedy in (
        ("memory engine", _check_memory, below("memory")),
        ("cast", _check_cast, f"antiphon cast check {config.cast}, or another `cast` in antiphon.toml"),
        ("session", _check_beginning, below("session")),
    ):
        try:
            check(config)
        except AntiphonError as error:
            yield Obstacle(about, error, remedy)
    yield from _not_here(config, weights)


def below(table: str) -> str:
    """The remedy for what a table of the configuration file holds."""
    return f"other values below [{table}] in antiphon.toml"


def check_session(settings: SessionSettings, voices: Sequence[str] | None) -> None:
    """Whether a session can begin like this; `voices`: what the speech engine knows, None: anything.

    Raises:
        ConfigInvalid: with all that is in its way.
    """
    problems: list[str] = []
    try:
        if settings.user:
            safe_user(settings.user)
    except BadRequest as refused:
        problems.append(f"session.user: {refused}")
    try:
        if voices is not None:
            resolve(settings.voice, voices, "session.voice")
    except BadRequest as refused:
        problems.append(f"session.voice: {refused}")
    if problems:
        raise ConfigInvalid(tuple(problems))


def _not_here(config: Config, weights: Callable[[str], Path]) -> Iterator[Obstacle]:
    for name in weights_of(config):
        try:
            weights(name)
        except AntiphonError as error:
            yield Obstacle(f"weights {name}", error, "antiphon models list", model=name)
    for path, part in own_files(config).items():
        if not path.is_file():
            error = ConfigInvalid((f"{part}: there is no file {path}",))
            remedy = f"another `path` below [engines.{part}] in antiphon.toml"
            yield Obstacle(f"weights {path.name}", error, remedy)


def _check_settings(part: Part, engine: type[Engine], settings: Mapping[str, Any]) -> None:
    kind: type[msgspec.Struct] | None = getattr(engine, "settings_kind", None)
    if kind is not None:
        decode(settings, kind, f"{part}.{engine.card.name}")


def _check_memory(config: Config) -> None:
    if config.memory.use:
        engine = find("memory", config.memory.use)
        path = file_of(config.memory.folder, _SOMEBODY)
        _check_settings("memory", engine, settings_for(engine, config.memory, path, _SOMEBODY))


def _check_cast(config: Config) -> None:
    if config.cast is not None:
        read_cast_file(Path(config.cast).expanduser(), _voices(config))


def _check_beginning(config: Config) -> None:
    check_session(config.session, _voices(config))


def _voices(config: Config) -> tuple[str, ...] | None:
    try:
        return voice_names(config)
    except AntiphonError:
        return None  # that there is no such engine is an obstacle of its own
