"""What a persona says first who takes over from another: something to hear while the model still reads. Pure.

It is said for the caller's ear and left out of what the model reads later, which would begin every answer so.
"""

from antiphon.samp.cast import Cast
from antiphon.samp.state import State


def taking_over(cast: Cast, before: State, after: State) -> str:
    """The words, when somebody else than before speaks in the state `after`; empty otherwise."""
    last = next((said.persona for said in reversed(before.history) if said.role == "agent"), None)
    persona = after.place.persona
    if last is None or last == persona:
        return ""
    known = any(said.persona == persona and said.role == "agent" for said in before.history)
    return _words(cast, persona)[known]


def without_taking_over(cast: Cast, persona: str, text: str) -> str:
    """What `persona` said beyond those words."""
    for words in _words(cast, persona) if persona in cast.personas else ():
        if text.startswith(words):
            return text.removeprefix(words).strip() or text
    return text


def _words(cast: Cast, persona: str) -> tuple[str, str]:
    """For the first time, and for every other."""
    name = cast.personas[persona].name
    return f"This is {name}.", f"{name} again."
