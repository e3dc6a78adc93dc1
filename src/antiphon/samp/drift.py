"""Is a persona still who they are? What a listener is asked about an answer; when a card is renewed. Pure.

A card stands in every prompt, but a model goes on in the manner of what it has said before, and characters
grow alike. So the slow loop listens: a model that sees the manners of all personas, without their names,
says whose an answer sounds like. When somebody else's is likelier than the speaker's own in two answers on
end, a renewal is proposed; and who says the same thing again needs no model to be noticed. For some turns
then the manner is said once more, last of all but the caller's words, where it counts most.
"""

import re
from collections.abc import Sequence
from math import exp

import msgspec

from antiphon.contracts import Message, Prompt
from antiphon.samp.cast import Cast
from antiphon.samp.state import State
from antiphon.samp.tone import said_again

LETTERS = "ABCDEFGHIJKLMNOPQRST"
NOTHING = "…"
"""What is said where it is asked whom the listener would name anyway."""
FIRST_WORDS = 12
"""A manner shows at the beginning or not at all."""
ANSWERS = 2
"""How many answers on end sound like somebody else before a card is renewed."""
RENEWED_FOR_TURNS = 3


class Listening(msgspec.Struct, frozen=True):
    """Whose manner do these words show?"""

    prompt: Prompt
    prior: Prompt
    """The same of nothing said, to be taken off."""
    options: tuple[str, ...]
    """A letter for each persona."""
    personas: tuple[str, ...]
    """In the order of the letters."""


def listening(cast: Cast, words: str, *, turned: int = 0) -> Listening:
    """The question whose manner `words` show; `turned`: how far the order of the personas is turned."""
    names = tuple(cast.personas)
    turned %= len(names)
    order = (*names[turned:], *names[:turned])
    cards = "\n".join(
        f"{letter}: {cast.personas[name].manner}" for letter, name in zip(LETTERS, order, strict=False)
    )
    heard = without_names(cast, " ".join(words.split()[:FIRST_WORDS]))
    return Listening(_asked(cards, heard), _asked(cards, NOTHING), tuple(LETTERS[: len(order)]), order)


def _asked(cards: str, words: str) -> Prompt:
    question = f'{cards}\n\nOne of them says: "{words}"\nWho speaks like that? Answer with the letter.'
    return Prompt((Message("system", "You know people by how they speak."), Message("user", question)))


def without_names(cast: Cast, words: str) -> str:
    """`words` without what would tell who speaks: names, and what the personas are."""
    names = {part for persona in cast.personas.values() for part in persona.name.split()}
    names |= {re.split(r"[ ,]", persona.role.removeprefix("the "))[0] for persona in cast.personas.values()}
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", NOTHING, words)


def shares(listened: Listening, scores: Sequence[float], prior: Sequence[float]) -> dict[str, float]:
    """How likely each persona is, from the options' scores less those of nothing said."""
    margins = [score - before for score, before in zip(scores, prior, strict=True)]
    odds = [exp(margin - max(margins)) for margin in margins]
    return {name: each / sum(odds) for name, each in zip(listened.personas, odds, strict=True)}


def sounds_like_another(found: dict[str, float], persona: str) -> bool:
    """Whether somebody else is likelier, and clearly so."""
    return max(found.values()) > 1.5 * found[persona]


def renewal_line(cast: Cast, state: State) -> str:
    """The card once more, while it is renewed; empty otherwise."""
    name = state.place.persona
    if not renewed(state, name) and not _repeats(state, name):
        return ""
    persona = cast.personas[name]
    again = " Say nothing that you have said before." if _repeats(state, name) else ""
    return f"Be {persona.name} from the first word on: {persona.manner}{again}"


def renewed(state: State, persona: str) -> bool:
    """Whether the card of `persona` was renewed not long ago."""
    return persona in state.renewed and state.turn - state.renewed[persona] < RENEWED_FOR_TURNS


def _repeats(state: State, persona: str) -> bool:
    """Whether what they said last they had said before."""
    own = [each.text for each in state.history if each.role == "agent" and each.persona == persona]
    return any(said_again(own[-1], before) for before in own[-4:-1]) if own else False
