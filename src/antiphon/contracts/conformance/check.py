"""What a check is made of: a function that says nothing when all is well and `Broken(sentence)` when not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from antiphon.contracts.audio import Audio
from antiphon.contracts.engine import Engine
from antiphon.contracts.errors import AntiphonError
from antiphon.contracts.evaluator import Subject

E = TypeVar("E")


class Broken(AntiphonError):
    """The engine breaks its contract; the sentence says what it did and what the contract demands."""


class Skipped(Exception):
    """The check does not apply, or lacks what it needs; the text is the reason."""


class Clip(msgspec.Struct, frozen=True):
    """Somebody saying something."""

    audio: Audio
    """16 kHz."""
    text: str
    """The words that are said."""


class Samples(msgspec.Struct, frozen=True, kw_only=True):
    """What a suite cannot make up: real speech, and subjects for kinds of evaluator it has never heard of."""

    clips: tuple[Clip, ...] = ()
    subjects: tuple[Subject, ...] = ()

    def speech(self) -> tuple[Clip, ...]:
        """The clips, at least one.

        Raises:
            Skipped: there is none.
        """
        if not self.clips:
            raise Skipped("needs recorded speech, and no samples were given")
        return self.clips


@dataclass(frozen=True)
class Suite(Generic[E]):
    """The checks of one contract, in the order they run."""

    protocol: type
    """The runtime-checkable protocol itself."""
    checks: tuple[Callable[[E], None], ...]
    with_samples: tuple[Callable[[E, Samples], None], ...] = ()
    with_reopen: tuple[Callable[[E, Callable[[], E]], None], ...] = ()
    """Given a function that opens the same engine over the same data once more."""


def demand(condition: bool, sentence: str) -> None:
    """Raise `Broken(sentence)` unless `condition` holds."""
    if not condition:
        raise Broken(sentence)


def needs(engine: Engine, capability: str) -> None:
    """Raise `Skipped` unless the card declares `capability`."""
    if capability not in engine.card.capabilities:
        raise Skipped(f"the card does not declare the capability {capability!r}")


def refuses(error: type[Exception], call: Callable[[], object], what: str) -> None:
    """Raise `Broken` unless `call` raises `error`; `what` names the call for the sentence."""
    try:
        call()
    except error:
        return
    except Exception as other:
        raise Broken(f"{what} raised {other!r}; the contract demands {error.__name__}") from other
    raise Broken(f"{what} was accepted; the contract demands {error.__name__}")
