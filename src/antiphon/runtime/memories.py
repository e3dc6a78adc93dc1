"""The memories of one process: a file for each person, and one of documents that all of them share.

A memory is opened on the memory lane when the first session of its user begins, and stays open for the next
ones; of those that nobody uses the oldest is closed when there are too many. Nothing here is called on the
event loop but `lane` and `close`.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Self, cast

from antiphon.contracts import BadRequest, Engine, EngineCard, EngineSetup, Memory
from antiphon.contracts.discovery import find
from antiphon.runtime.config import MemoryConfig
from antiphon.runtime.lanes import Lane
from antiphon.runtime.scheduler import Demand
from antiphon.store import data_home

OPEN_MAX = 16
"""Memories of users that have no session now and are kept open all the same."""
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def safe_user(name: str) -> str:
    """`name`, as the name of a user and of a file.

    Raises:
        BadRequest: it is none.
    """
    if not _SAFE.fullmatch(name):
        raise BadRequest(
            f"{name[:80]!r} is no user's name: up to 64 letters, digits, dots, hyphens and underscores, "
            "a letter or digit first.",
            code="invalid_user",
            param="user",
        )
    return name


def safe_name(path: Path) -> str:
    """The name of the file at `path` in letters that any engine takes."""
    return re.sub(r"[^\w.-]", "_", path.stem)[:64]


def file_of(folder: str, user: str) -> Path:
    """Where the memory of `user` lies: "Mira" and "mira" are one person."""
    root = Path(folder).expanduser() if folder else data_home() / "memory"
    return root / f"{safe_user(user).lower()}.sqlite"


def settings_for(kind: type[Engine], config: MemoryConfig, path: Path, user: str) -> dict[str, Any]:
    """What the memory engine `kind` is opened with for the memory of `user`, in the file at `path`."""
    settings: dict[str, Any] = dict(config.settings)
    if "path" in kind.card.capabilities:
        settings["path"] = str(path)
    if "user" in kind.card.capabilities:
        settings["user"] = user.lower()
    return settings


class Memories:
    """Opens memories and keeps them. Its methods may be called from any thread of its lane."""

    card: ClassVar[EngineCard] = EngineCard(
        name="memories",
        part="memory",
        summary="The memories of everybody who speaks here.",
        licence="Apache-2.0",
        # One learns while another recalls.
        concurrency=2,
    )

    def __init__(
        self, config: MemoryConfig, *, weights: Callable[[str], Path], threads: int, demand: Demand
    ) -> None:
        """Opens nothing. ConfigInvalid, PrerequisiteMissing: there is no such engine."""
        self._config, self._weights, self._threads = config, weights, threads
        self._kind = find("memory", config.use) if config.use else None
        self._lock = Lock()
        self._users: OrderedDict[str, Memory] = OrderedDict()
        self._held: dict[str, int] = {}
        self._documents: Memory | None = None
        self.lane = Lane(self, demand=demand)

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """For the lane, which asks for an engine: there is nothing to choose."""
        return cls(MemoryConfig(), weights=setup.weights, threads=setup.threads, demand=Demand())

    def hold(self, user: str) -> Memory:
        """The memory of `user`, which stays open until `let_go` was called as often.

        Raises:
            AntiphonError: see the engine's `open`.
        """
        name = user.lower()
        with self._lock:
            memory = self._users.get(name) or self._opened(file_of(self._config.folder, user), user)
            self._users[name] = memory
            self._users.move_to_end(name)
            self._held[name] = self._held.get(name, 0) + 1
            return memory

    def let_go(self, user: str) -> None:
        """One session of `user` is over."""
        name = user.lower()
        with self._lock:
            self._held[name] -= 1
            if not self._held[name]:
                del self._held[name]
            unused = [each for each in self._users if each not in self._held]
            for each in unused[: max(0, len(unused) - OPEN_MAX)]:
                self._users.pop(each).close()

    def documents(self) -> Memory | None:
        """What every session recalls from; None without any."""
        if not self._config.documents:
            return None
        with self._lock:
            if self._documents is None:
                path = Path(self._config.documents).expanduser()
                # No user can have a name like this.
                self._documents = self._opened(path, f"documents@{safe_name(path)}")
            return self._documents

    def close(self) -> None:
        """Let what waits be learned, then close every file. Blocks."""
        self.lane.close(drop=False)
        with self._lock:
            documents = [self._documents] if self._documents is not None else []
            for memory in [*self._users.values(), *documents]:
                memory.close()
            self._users.clear()
            self._documents = None

    def _opened(self, path: Path, user: str) -> Memory:
        kind = self._kind
        assert kind is not None
        settings = settings_for(kind, self._config, path, user)
        setup = EngineSetup(settings=settings, weights=self._weights, threads=self._threads)
        return cast(Memory, kind.open(setup))
