"""How good was it? One draw at a time, because an answer to that is a random variable."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import msgspec

from antiphon.contracts.engine import Engine


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged: a conversation, a turn, or other draws."""

    id: str
    kind: str
    """Such as "transcript" or "draw"; an evaluator's card lists what it takes as "subject:KIND"."""
    content: Mapping[str, Any]
    """JSON-compatible."""


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """One judgment. A failure to judge is a missing value with its reason, never silence."""

    evaluator: str
    subject: str
    """The id of what was judged."""
    seed: int
    value: float | None
    """None when no judgment could be made."""
    missing: str | None = None
    """Why `value` is None."""
    details: Mapping[str, Any] = {}
    """JSON-compatible; whatever makes the draw auditable."""


@runtime_checkable
class Evaluator(Engine, Protocol):
    """Judges, judges of judges and plain measures alike."""

    def draw(self, subject: Subject, seed: int) -> Draw:
        """One judgment of `subject`. The same seed gives the same draw."""
        ...
