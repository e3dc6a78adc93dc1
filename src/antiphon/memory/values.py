"""What the graph is made of: turns that can be quoted, entities, and facts with two times."""

import msgspec

from antiphon.contracts import Utterance


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """An episode: something said, word for word. It is the source of everything else."""

    id: str
    speaker: str
    text: str
    said_at: str = ""
    """ISO 8601; empty when unknown."""
    conversation: str = ""
    persona: str = ""
    """Who may recall it; empty: everyone."""
    to: str = ""
    """Who is meant by "you"; empty when unknown. It is used in learning, and not kept."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A fact as it was read out of one turn."""

    subject: str
    relation: str
    object: str
    valid_from: str = ""
    """ISO date; empty when unknown."""
    confidence: float = 1.0
    single: bool = False
    """Whether a newer value takes this one's place: one lives in one city, and may like many things."""
    ended: bool = False
    """Said to be over ("I used to live in Rome")."""
    told: str = ""
    """Who was told this of themselves ("you live in Rome"): their own word outweighs it."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A subject, a relation and an object; when it was true, and when it was learned."""

    id: int
    subject: str
    relation: str
    object: str
    valid_from: str
    """ISO date from which it holds; empty when unknown."""
    valid_to: str
    """ISO date from which it no longer holds; empty while it does."""
    recorded_at: str
    """ISO 8601, UTC: when the memory learned it."""
    superseded_at: str
    """ISO 8601, UTC: when the memory learned that it no longer holds; empty while it does."""
    source: str
    """Id of the turn it rests on."""
    speaker: str
    confidence: float
    persona: str = ""


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody or something with a name, under all its names."""

    name: str
    aliases: tuple[str, ...]
    mentions: int


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be recalled: `RecallQuery` and what only this memory understands."""

    text: str
    budget_tokens: int
    speaker: str = ""
    """Who asks: "I" in the text is them."""
    conversation: str = ""
    persona: str = ""
    """Turns of this persona and of none are recalled."""
    since: str = ""
    """ISO date: nothing said before it."""
    until: str = ""
    """ISO date: nothing said after it."""
    only_conversation: bool = False
    """Nothing from other conversations."""
    known: frozenset[str] = frozenset()
    """Ids of turns that need no quoting: they are in the prompt already."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A turn that made it into the context."""

    id: str
    score: float
    tokens: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A recall with its account."""

    context: str
    tokens: int
    chosen: tuple[Chosen, ...]
    """In the order of the context."""
    known: tuple[Chosen, ...] = ()
    """Those of `Ask.known` that would have been chosen, best first; their `tokens` are 0."""
    left_out: tuple[Chosen, ...]
    """The best of those that did not fit or would have repeated something."""
    facts: tuple[Fact, ...]
    """What holds, of all that rests on the chosen turns."""
    answerable: float
    """Between 0 and 1: how likely the memory holds an answer. 0 when nothing was chosen.
    Ranks questions; calibrated on chat."""


def turn_of(utterance: Utterance) -> Turn:
    """`utterance` as a turn."""
    return Turn(
        id=utterance.id,
        speaker=utterance.speaker,
        text=utterance.text,
        said_at=utterance.said_at,
        conversation=utterance.conversation,
        persona=utterance.persona,
        to=utterance.to,
    )
