"""Is everything here that a conversation needs? Each finding that is not well says what mends it."""

import errno
import os
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from antiphon.cli.devices import sound_library
from antiphon.contracts import AntiphonError, Part, PrerequisiteMissing
from antiphon.contracts.discovery import find
from antiphon.runtime import Config

Health: TypeAlias = Literal["ok", "warning", "failure"]

_CORES = 2
_WORKING_MEMORY_BYTES = 1_000_000_000
"""Beside the weights: caches, audio, this program."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    health: Health
    detail: str
    remedy: str = ""
    """The command that mends it; never empty for a failure."""


def checkup(config: Config, weights: Callable[[str], Path]) -> list[Finding]:
    """Look at everything that can be looked at without loading an engine."""
    findings = [_python(), *(_engine(part, config) for part in config.engines)]
    findings += [_weights(name, weights) for name in _needed(config)]
    return [*findings, _memory(config, weights), _cores(), port(config), _library("soundfile"), _sound()]


def failed(name: str, error: AntiphonError) -> Finding:
    """What `error` tells about `name`."""
    if isinstance(error, PrerequisiteMissing):
        detail = str(error).removesuffix(f" (mend it with: {error.remedy})")
        return Finding(name=name, health="failure", detail=detail, remedy=error.remedy)
    return Finding(name=name, health="failure", detail=str(error), remedy="antiphon engines")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(name="python", health="ok", detail=version)


def _engine(part: Part, config: Config) -> Finding:
    name = part.replace("_", " ")
    try:
        card = find(part, config.engines[part].use).card
    except AntiphonError as error:
        return failed(name, error)
    return Finding(name=name, health="ok", detail=f"{config.engines[part].use}: {card.summary}")


def _needed(config: Config) -> list[str]:
    """Names of all weights: the ones the settings choose, or the ones on the card."""
    names: list[str] = []
    for part, choice in config.engines.items():
        try:
            on_card = find(part, choice.use).card.weights
        except AntiphonError:
            continue
        if on_card and "path" not in choice.settings:
            names += [str(choice.settings["model"])] if "model" in choice.settings else on_card
    return list(dict.fromkeys(names))


def _weights(name: str, weights: Callable[[str], Path]) -> Finding:
    try:
        weights(name)
    except AntiphonError as error:
        return failed(f"weights {name}", error)
    return Finding(name=f"weights {name}", health="ok", detail="here")


def _memory(config: Config, weights: Callable[[str], Path]) -> Finding:
    needed = _WORKING_MEMORY_BYTES
    for name in _needed(config):
        try:
            needed += sum(file.stat().st_size for file in weights(name).rglob("*") if file.is_file())
        except AntiphonError:
            continue  # told of elsewhere
    free = available_memory_bytes()
    if free is None:
        return Finding(name="memory", health="ok", detail=f"{needed / 1e9:.1f} GB needed")
    detail = f"{free / 1e9:.1f} GB available, {needed / 1e9:.1f} GB needed"
    if free >= needed:
        return Finding(name="memory", health="ok", detail=detail)
    return Finding(
        name="memory",
        health="warning",
        detail=detail,
        remedy="antiphon models list (and choose a smaller one)",
    )


def available_memory_bytes() -> int | None:
    """What a program may still take; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kilobytes = next((line.split()[1] for line in lines if line.startswith("MemAvailable:")), None)
    return None if kilobytes is None else int(kilobytes) * 1024


def _cores() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores >= _CORES:
        return Finding(name="cores", health="ok", detail=str(cores))
    return Finding(
        name="cores",
        health="warning",
        detail=f"{cores}: hearing and thinking will wait for each other",
        remedy="a machine with two cores, or a remote engine in antiphon.toml",
    )


def port(config: Config) -> Finding:
    """Whether the server could listen where it is told to."""
    host, number = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            detail = f"{host} port {number}: {'taken, perhaps by a running server' if taken else error}"
            remedy = f"antiphon serve --port {number + 1}" if taken else "antiphon serve --host 127.0.0.1"
            return Finding(
                name="port", health="warning" if taken else "failure", detail=detail, remedy=remedy
            )
    return Finding(name="port", health="ok", detail=f"{host} port {number} is free")


def _library(name: str) -> Finding:
    try:
        import_module(name)
    except (ImportError, OSError) as error:
        detail = f"{error}: recordings other than WAV cannot be read"
        return Finding(name=name, health="warning", detail=detail, remedy=f"pip install {name}")
    return Finding(name=name, health="ok", detail="recordings other than WAV can be read")


def _sound() -> Finding:
    try:
        sound_library()
    except PrerequisiteMissing as missing:
        return msgspec.structs.replace(failed("sound", missing), health="warning")
    return Finding(name="sound", health="ok", detail="microphone and loudspeaker can be reached")
