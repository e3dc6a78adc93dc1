"""The cast file: who plays, where a conversation can go, what is asked on the way. Frozen values.

Each text under a field is also what an editor shows for it: `schema.py` puts it into the JSON Schema.
"""

import re
from typing import Annotated, Literal, TypeAlias

import msgspec

Name: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$", max_length=40)]
Words: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=600)]
Phrases: TypeAlias = Annotated[tuple[Words, ...], msgspec.Meta(max_length=40)]

SLOT_IN_TEXT = re.compile(r"\{(\w+)\}")
"""A slot whose value an opening says."""

SlotType: TypeAlias = Literal["number", "time", "date", "name", "choice", "free"]

Variable: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*$", max_length=80)]

MCP = "mcp:"
"""How a tool's `runs` begins that is on a server."""
BACK = "back"
"""Where a way leads that ends a jump: to the scene it came from."""
RESERVED = frozenset({BACK, "done", "and", "or", "not", "in"})
"""Words of ways and guards, which nothing may be named after."""


class Persona(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody the agent can be."""

    name: Words
    """What callers call them, such as "Maya"."""
    role: Words
    """What they are, in a few words, such as "the host of the restaurant"."""
    voice: Name
    """A voice of the speech engine; each persona should have its own."""
    manner: Words
    """How they speak, in a sentence or two. All personas know this of each other."""
    knows: Phrases = ()
    """Facts that stand in this persona's prompt and in nobody else's."""
    may: tuple[Name, ...] = ()
    """The tools this persona may use."""
    asked_for: Phrases = ()
    """What a caller says who wants to speak with them, such as "can I talk to the chef"."""
    home: str = ""
    """The scene to jump to when they are asked for; without one they take over in the scene at hand."""
    discreet: bool = False
    """Whether everything said while they play is kept in confidence."""
    confides_in: tuple[Name, ...] = ()
    """The personas that may know what this one was told in confidence; nobody otherwise."""


class Slot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to be known, and of what kind it is."""

    type: SlotType
    """What an answer must look like: number, time, date, name, choice, or free words."""
    about: Words
    """What it is, in a few words, such as "how many guests"."""
    ask: Words | None = None
    """A question that asks for it; written by the model otherwise."""
    options: dict[Name, Phrases] = {}
    """Of a choice: each option with other words for it."""
    least: float | None = None
    """Of a number: the lowest that is taken."""
    most: float | None = None
    """Of a number: the highest that is taken."""
    cues: Phrases = ()
    """Words beside an answer that tell what it answers, such as "guests" or "people" beside a number."""
    private: bool = False
    """Whether it is kept in confidence: only who was told knows it, and whom that persona confides in."""


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of a checklist: something to ask, or something to do."""

    ask: str = ""
    """The slot to be known."""
    do: str = ""
    """What the persona should have said or done, such as "mention the terrace"."""
    optional: bool = False
    """Whether the scene is done without it."""


class Way(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"guard": "if"}):
    """A way out of a scene. Earlier ways go first."""

    to: str
    """The next scene, or "back" where a jump ends."""
    when: str = ""
    """A guard in words: when the caller should be taken there, such as "the caller wants a table"."""
    guard: str = ""
    """A guard on slots: "guests > 8 and day" (day is known), "drink == wine", "done" (the checklist is)."""
    says: Phrases = ()
    """Examples of what callers say who want to go there."""
    does: str = ""
    """A tool that runs when this way is taken, if all it needs is known: for what the caller must confirm."""


class Jump(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"guard": "if"}):
    """Something that can come up in any scene."""

    to: str
    """The scene that takes care of it."""
    when: str = ""
    """A guard in words, such as "the caller asks about allergies"."""
    guard: str = ""
    """A guard on slots that must hold as well."""
    says: Phrases = ()
    """Examples of what callers say who bring it up."""
    returns: bool = True
    """Whether the conversation goes back afterwards to where it was."""


class Scene(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of the conversation with one aim."""

    plays: str
    """The persona who speaks."""
    aim: Words
    """What the scene is for, told to the persona."""
    opening: Words | None = None
    """Said word for word when the scene is entered for the first time, with what is known put in, such as
    "So you are {guests}. Is that right?"; while that is not known, the model speaks."""
    checklist: tuple[Task, ...] = ()
    """What is to be asked and done here."""
    ways: tuple[Way, ...] = ()
    """Where it can go from here."""
    ends: bool = False
    """Whether the conversation may end here."""
    does: str = ""
    """A tool that runs here as soon as all it needs is known; one that changes nothing."""


class ToolUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something a persona can have done."""

    about: Words
    """What it does and gives back, told to the model."""
    runs: Annotated[str, msgspec.Meta(pattern=r"^[\w.]+:[\w./-]+$")]
    """`module:function`, or `mcp:server/tool` with a server of this file."""
    needs: tuple[Name, ...] = ()
    """Slots that must be known first; they are its arguments."""
    bridge: Words | None = None
    """What is said while it takes its time."""
    changes: bool = False
    """Whether it changes the world: then it runs in confirmed turns only, never ahead and never twice."""

    @property
    def on_server(self) -> tuple[str, str] | None:
        """The server it runs on and what it is called there; None: it is a Python function."""
        if not self.runs.startswith(MCP):
            return None
        server, _, tool = self.runs.removeprefix(MCP).partition("/")
        return server, tool


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server of the Model Context Protocol, which has tools: started by a command, or reached by a URL."""

    command: Annotated[tuple[Words, ...], msgspec.Meta(max_length=40)] = ()
    """What starts it, word by word; it is spoken with over stdin and stdout, and runs beside this file."""
    env: Annotated[tuple[Variable, ...], msgspec.Meta(max_length=40)] = ()
    """Of a command: the variables of the environment that it is given beside PATH; no others are."""
    url: Annotated[str, msgspec.Meta(pattern=r"^(https?://\S+)?$", max_length=600)] = ""
    """Where it is reached over streamable HTTP; plain http on this machine only."""
    token: Annotated[str, msgspec.Meta(pattern="^([A-Za-z_][A-Za-z0-9_]*)?$", max_length=80)] = ""
    """Of a URL: the variable of the environment that holds its bearer token."""


class Cast(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything one agent can be, and everywhere the conversation can go."""

    cast: Words
    """The title."""
    about: Words
    """What every persona knows of the place and the occasion."""
    start: str
    """The scene it begins with."""
    personas: Annotated[dict[Name, Persona], msgspec.Meta(min_length=1, max_length=20)]
    """Who there is."""
    scenes: Annotated[dict[Name, Scene], msgspec.Meta(min_length=1, max_length=100)]
    """The scenes, which ways join into a graph."""
    slots: Annotated[dict[Name, Slot], msgspec.Meta(max_length=100)] = {}
    """What is to be known."""
    anywhere: Annotated[dict[Name, Jump], msgspec.Meta(max_length=40)] = {}
    """What can come up at any time."""
    tools: Annotated[dict[Name, ToolUse], msgspec.Meta(max_length=40)] = {}
    """What can be done."""
    servers: Annotated[dict[Name, Server], msgspec.Meta(max_length=10)] = {}
    """Servers whose tools are used."""
