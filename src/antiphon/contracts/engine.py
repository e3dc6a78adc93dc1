"""What every engine has in common: a card that describes it, and a way to open it.

A card is readable without loading the engine: it is a class attribute, and importing the module that holds
it must not import a native library. An engine's methods *block*; the runtime calls them on a lane of threads
of that engine's own, at most `card.concurrency` at once, so an engine never needs a lock for its own sake.
Only an engine whose card says `instant` is called where it is needed.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

import msgspec

Part = Literal[
    "voice_activity",
    "end_of_turn",
    "transcriber",
    "language_model",
    "synthesizer",
    "embedder",
    "memory",
    "journal",
    "evaluator",
]


class EngineCard(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine is, for people who choose and for code that checks."""

    name: str
    part: Part
    summary: str
    """One sentence a user would choose by."""
    licence: str
    """SPDX identifier of the weights and the code it needs, or "service" for a remote one."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags; empty where language does not matter."""
    sample_rate_hz: int | None = None
    """The rate of the audio it takes or gives; None where it handles none."""
    capabilities: frozenset[str] = frozenset()
    """Optional abilities, such as "prefill", "score", "word_times", "tools"."""
    weights: tuple[str, ...] = ()
    """Names in the weights manifest that must be pulled before it opens."""
    instant: bool = False
    """Whether each call takes microseconds and waits for nothing: it may be made on the event loop."""
    concurrency: int = 1
    """How many calls may be in flight at once, each on its own thread."""
    latency_ms: Mapping[str, float] = {}
    """Measured on this machine by `antiphon doctor`: what was measured, and its median."""


class EngineSetup(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an engine is given when it opens."""

    settings: Mapping[str, Any] = {}
    """The engine's own table of the configuration file."""
    weights: Callable[[str], Path]
    """From a name in the manifest to the folder that holds its verified files; raises PrerequisiteMissing."""
    threads: int = 2
    """How many threads a native library may use for one call."""


@runtime_checkable
class Engine(Protocol):
    """What the runtime needs of any engine before it looks at what kind it is.

    One that has a class attribute `settings_kind` besides, the msgspec Struct that its settings are decoded
    as, has them checked before anything is loaded.
    """

    card: ClassVar[EngineCard]

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load everything, ready for the first call.

        Raises:
            PrerequisiteMissing: weights, a library or an account is absent.
            ConfigInvalid: `setup.settings` holds what this engine does not understand.
            EngineBroken: it is all there and still does not load.
        """
        ...

    def close(self) -> None:
        """Let go of memory, threads and sockets. Calling it twice is allowed."""
        ...


@runtime_checkable
class Cancel(Protocol):
    """A flag another thread may raise; `threading.Event` is one. Long calls look at it often."""

    def is_set(self) -> bool:
        """True once the result is no longer wanted."""
        ...


class Never:
    """A `Cancel` that is never raised: the default where nobody can lose interest."""

    def is_set(self) -> bool:
        """Always False."""
        return False


NEVER = Never()
