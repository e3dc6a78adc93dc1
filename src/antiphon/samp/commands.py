"""What may be proposed to happen to a conversation's state. Imperative, frozen, JSON by their tags."""

from typing import Annotated, Literal, TypeAlias

import msgspec

from antiphon.samp.guards import Value

Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=2000)]


class GoTo(msgspec.Struct, frozen=True, tag=True):
    """Take a way out of the scene."""

    scene: str
    then: tuple[str, ...] = ()
    """Scenes passed on to at once, each over a way whose guard on slots holds by now."""
    instead_of: int | None = None
    """The version at which the last move was made, when that was wrong: the way then leads out of the scene
    before it, and counts for the same turn."""


class JumpTo(msgspec.Struct, frozen=True, tag=True):
    """Take care of something that came up, or of a persona who was asked for at home."""

    scene: str
    instead_of: int | None = None
    """As of `GoTo`."""


class Return(msgspec.Struct, frozen=True, tag=True):
    """Go back to where the last jump came from."""

    then: tuple[str, ...] = ()
    """Scenes passed on to at once: the first over any way that is open there, the others as of `GoTo`."""


class SwitchPersona(msgspec.Struct, frozen=True, tag=True):
    """Let another persona take over in this scene."""

    persona: str


class SetSlot(msgspec.Struct, frozen=True, tag=True):
    """Something has become known."""

    slot: str
    value: Value


class CorrectSlot(msgspec.Struct, frozen=True, tag=True):
    """Something known was wrong."""

    slot: str
    was: Value
    value: Value


class UnsetSlot(msgspec.Struct, frozen=True, tag=True):
    """Something known is not meant, and nothing was told in its place: it is asked for again."""

    slot: str
    was: Value


class Tick(msgspec.Struct, frozen=True, tag=True):
    """A task of the scene's checklist was done."""

    task: str
    """Its `do`."""


class Clarify(msgspec.Struct, frozen=True, tag=True):
    """Ask the caller what they meant."""

    question: Text
    slot: str = ""
    """What it is about; empty for where to go."""


class Leave(msgspec.Struct, frozen=True, tag=True):
    """End the conversation, in a scene where it may end."""


class Renew(msgspec.Struct, frozen=True, tag=True):
    """A persona begins to sound like another one: say their manner once more."""

    persona: str


Command: TypeAlias = (
    GoTo
    | JumpTo
    | Return
    | SwitchPersona
    | SetSlot
    | CorrectSlot
    | UnsetSlot
    | Tick
    | Clarify
    | Leave
    | Renew
)
Move: TypeAlias = GoTo | JumpTo | Return | SwitchPersona | Leave
"""What changes who speaks or where; a turn of the caller's does that once."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A command, and what its proposer knew."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    """The same proposal has the same id, however often it arrives."""
    base: int
    """The version of the state it was thought of for."""
    turn: int
    """The caller's turn that gave reason to it."""
    by: Literal["live", "reflective", "client"]
    command: Command


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a proposal."""

    id: str
    turn: int
    """That of the proposal."""
    outcome: Literal["applied", "rebased", "dropped"]
    """Rebased: applied, although the state had changed since, in a way that does not matter to it."""
    reason: str = ""
    """Why it was dropped."""
    version: int
    """Of the state afterwards."""
