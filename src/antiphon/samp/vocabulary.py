"""Words a caller is likely to use next, for whoever writes down what they say. Pure."""

from collections.abc import Iterator

from antiphon.samp.cast import Cast
from antiphon.samp.state import State, open_tasks

WORDS_MAX = 40
"""More would cost the transcriber more than they tell it."""


def likely_words(cast: Cast, state: State) -> str:
    """Names of people, and what answers the questions that are open, as a list with commas."""
    found: list[str] = []
    words = 0
    for phrase in dict.fromkeys(_phrases(cast, state)):
        words += len(phrase.split())
        if words > WORDS_MAX:
            break
        found.append(phrase)
    return ", ".join(found)


def _phrases(cast: Cast, state: State) -> Iterator[str]:
    places = (state.place.scene, *(place.scene for place in reversed(state.stack)))
    for scene in places:
        for task in open_tasks(cast, scene, state):
            if task.ask:
                slot = cast.slots[task.ask]
                yield from (name.replace("_", " ") for name in slot.options)
                yield from slot.cues[:3]
                yield from (word for words in slot.options.values() for word in words[:2])
    yield from (persona.name for persona in cast.personas.values())
