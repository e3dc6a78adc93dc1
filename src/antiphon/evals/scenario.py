"""The suite file: simulated people, what they want and hide, how they speak. Frozen values.

Each text under a field is also what an editor shows for it: `schema.py` puts it into the JSON Schema.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec

Name: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$", max_length=40)]
Words: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=600)]
Phrases: TypeAlias = Annotated[tuple[Words, ...], msgspec.Meta(max_length=40)]
Spoken: TypeAlias = Annotated[tuple[Words, ...], msgspec.Meta(min_length=1, max_length=20)]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]

Temper: TypeAlias = Literal["patient", "hurried", "chatty", "gruff"]
Background: TypeAlias = Literal["none", "hum", "street", "voices"]
Room: TypeAlias = Literal["none", "small", "hall"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something the caller knows and tells when asked for it."""

    says: Spoken
    """Ways to say it; one is drawn."""
    asked: Phrases = ()
    """Words of the agent that ask for it, such as "how many"; in a question, any will do."""
    slot: str = ""
    """The slot of the cast that should hold it once it was told; empty when none does."""
    value: str | int | float | None = None
    """What the slot should then hold."""
    hidden: bool = False
    """Whether it is told only when asked for; others are volunteered when nothing else is left to say."""


class Point(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something the caller brings up unasked."""

    says: Spoken
    """Ways to say it; one is drawn."""
    tells: tuple[Name, ...] = ()
    """The facts that are thereby told."""
    slot: str = ""
    """The slot that should hold `value` from then on: a change of mind, where a fact had filled it."""
    value: str | int | float | None = None
    """What the slot should then hold."""
    once: tuple[Name, ...] = ()
    """The facts that must have been told before."""
    cuts_in: bool = False
    """Whether the caller says it into the answer before, without waiting for its end."""
    answered: Phrases = ()
    """Words that the answer to it should hold, such as what was told before; "half past|30" takes either."""


class Manner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a caller behaves; each number is a share of the occasions."""

    interrupts: Share = 0.0
    """Of the agent's answers, how many are cut into with whatever comes next."""
    backchannels: Share = 0.0
    """Of the agent's longer answers, into how many the caller says "mm-hm"."""
    noises: Share = 0.0
    """Of the agent's longer answers, into how many a cough or a door falls."""
    pauses: Share = 0.0
    """Of the caller's own turns with a comma, how many stop there to think."""
    silences: Share = 0.0
    """Before how many turns the caller says nothing for `silence_s`."""
    silence_s: Annotated[float, msgspec.Meta(ge=0, le=30)] = 5.0
    """How long such a silence lasts."""
    pause_s: Annotated[float, msgspec.Meta(ge=0, le=3)] = 0.6
    """How long the caller stops to think."""


class Sounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the caller is."""

    background: Background = "none"
    """What is heard behind the voice."""
    below_voice_db: Annotated[float, msgspec.Meta(ge=0, le=60)] = 20.0
    """How far it lies below the voice."""
    room: Room = "none"
    """What the walls do to the voice."""


class Expect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What should have come of it, besides the slots of the facts that were told."""

    scene: str = ""
    """The scene it should end in."""
    slots: dict[str, str | int | float] = {}
    """Slots and their values at the end."""
    tools: tuple[Name, ...] = ()
    """Tools that should have been run."""
    says: Phrases = ()
    """Words that the agent should have said at some time; "lamb|pike" takes either."""
    never: Phrases = ()
    """Words that the agent must never say."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One simulated person with a purpose."""

    caller: Words
    """Who it is, in a sentence."""
    aim: Words
    """What they want, in a sentence."""
    opens: Spoken
    """Ways to begin; one is drawn."""
    opens_with: tuple[Name, ...] = ()
    """The facts that are thereby told."""
    facts: dict[Name, Fact] = {}
    """What they know, by name; the order is the one in which they are volunteered."""
    points: Annotated[tuple[Point, ...], msgspec.Meta(max_length=30)] = ()
    """What they bring up, in this order, whenever the agent asks for nothing they know."""
    agrees: Spoken = ("Yes, that's right.", "Yes, please.")
    """What they say when they are to confirm something."""
    leaves: Spoken = ("That's all, thank you. Goodbye.", "All right, thank you, goodbye.")
    """How they take leave once everything is said."""
    temper: Temper = "patient"
    """How much they put up with: how long they wait, how often they repeat themselves, what they say then."""
    voice: Name = "woman"
    """A voice of the speech engine that the agent does not speak with."""
    pace: Annotated[float, msgspec.Meta(ge=0.5, le=1.5)] = 1.0
    """How fast they speak; 1 is the voice's own pace."""
    manner: Manner = Manner()
    """How they take turns."""
    sounds: Sounds = Sounds()
    """Where they are."""
    turns_max: Annotated[int, msgspec.Meta(ge=1, le=60)] = 20
    """After so many turns of theirs the conversation has failed to end."""
    expect: Expect = Expect()
    """What should have come of it."""


class Suite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Scenarios for one agent."""

    suite: Words
    """The title."""
    cast: str = ""
    """The cast file that is played, as a path from this one; without it the agent is told `instructions`."""
    instructions: str = ""
    """What an agent without a cast is told to be."""
    today: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")] = "2026-05-06"
    """The day of the calls in text mode; by speech it is the server's. A slot's value may be `today`,
    `tomorrow`, a weekday such as `friday`, or a day of the year such as `05-08`: the next one from then."""
    scenarios: Annotated[dict[Name, Scenario], msgspec.Meta(min_length=1, max_length=500)]
    """The callers, by name."""
