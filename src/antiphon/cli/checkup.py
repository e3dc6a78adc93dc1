"""Is everything here that a conversation needs? Each finding that is not well says what mends it."""

import errno
import os
import socket
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from antiphon.cli.devices import sound_library
from antiphon.contracts import AntiphonError, ConfigInvalid, PrerequisiteMissing
from antiphon.contracts.discovery import find
from antiphon.runtime import Config
from antiphon.runtime.needs import engines, own_files, weights_of
from antiphon.server.obstacles import obstacles_to_serving
from antiphon.store import Store

Health: TypeAlias = Literal["ok", "warning", "failure"]

_ENGINES = "antiphon engines"
"""The command that shows what could be used instead of an engine."""
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


def checkup(config: Config, store: Store) -> list[Finding]:
    """Look at everything that can be looked at without loading an engine."""
    wrong = list(_wrong(config, store))
    names = {finding.name for finding in wrong}
    well = [finding for finding in _chosen(config) if finding.name not in names]
    here = [finding for finding in _weights(config) if finding.name not in names]
    machine = [_memory(config, store), _cores(), port(config), _library("soundfile"), _sound()]
    return [_python(), *well, *wrong, *here, *machine]


def _wrong(config: Config, store: Store) -> Iterator[Finding]:
    """What keeps the server from serving this, each sentence by itself."""
    for obstacle in obstacles_to_serving(config, store.folder):
        if isinstance(obstacle.error, ConfigInvalid):
            for problem in obstacle.error.problems:
                yield Finding(name=obstacle.about, health="failure", detail=problem, remedy=obstacle.remedy)
        else:
            otherwise = obstacle.remedy if obstacle.model else _ENGINES
            yield failed(obstacle.about, obstacle.error, otherwise=otherwise)


def failed(name: str, error: AntiphonError, *, otherwise: str = _ENGINES) -> Finding:
    """What `error` tells about `name`; `otherwise` mends it where it names no command itself."""
    if isinstance(error, PrerequisiteMissing):
        detail = str(error).removesuffix(f" (mend it with: {error.remedy})")
        return Finding(name=name, health="failure", detail=detail, remedy=error.remedy)
    return Finding(name=name, health="failure", detail=str(error), remedy=otherwise)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(name="python", health="ok", detail=version)


def _chosen(config: Config) -> Iterator[Finding]:
    """Of each engine there is, what it is."""
    for part, choice in engines(config).items():
        try:
            summary = find(part, choice.use).card.summary
        except AntiphonError:
            continue  # told of as an obstacle
        name = "memory engine" if part == "memory" else part.replace("_", " ")
        yield Finding(name=name, health="ok", detail=f"{choice.use}: {summary}")


def _weights(config: Config) -> Iterator[Finding]:
    """What is loaded, if it is here."""
    for name in weights_of(config):
        yield Finding(name=f"weights {name}", health="ok", detail="here")
    for path in own_files(config):
        yield Finding(name=f"weights {path.name}", health="ok", detail=str(path))


def _memory(config: Config, store: Store) -> Finding:
    sizes = {model.name: model.size_bytes for model in store.status()}
    names, files = weights_of(config), [path for path in own_files(config) if path.is_file()]
    needed = _WORKING_MEMORY_BYTES
    needed += sum(sizes.get(name, 0) for name in names) + sum(path.stat().st_size for path in files)
    unknown = [name for name in names if not sizes.get(name)]
    detail = f"{needed / 1e9:.1f} GB needed"
    if unknown:
        detail += f" beside {', '.join(unknown)}, whose size is unknown"
    free = available_memory_bytes()
    if free is None:
        return Finding(name="memory", health="ok", detail=detail)
    detail = f"{free / 1e9:.1f} GB available, {detail}"
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
