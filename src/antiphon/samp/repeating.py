"""What was told in confidence and is said again: a turn that repeats it is kept as the first one was. Pure.

Who was told something speaks of it later, and so does the caller, without saying "between us" again. A turn
with them counts as repeating when it holds a telling word that was said in confidence and nowhere else: not
in the cast, and in no turn that everybody knows. Too much is kept rather than too little: what it costs is
that another persona does not remember that turn.
"""

from antiphon.samp.cast import Cast
from antiphon.samp.confidence import knows_turn
from antiphon.samp.moves import telling_words
from antiphon.samp.state import State


def repeats_a_confidence(cast: Cast, state: State, persona: str, text: str) -> bool:
    """Whether `text`, said by `persona` or to them, repeats what they were told in confidence."""
    kept = {turn for turn in state.confided if knows_turn(cast, state, persona, turn)}
    if not kept:
        return False
    confided, openly = set[str](), _words_of(cast)
    for said in state.history:
        if said.turn in kept:
            confided |= telling_words(said.text)
        elif said.turn not in state.confided:
            openly |= telling_words(said.text)
    return bool(telling_words(text) & (confided - openly))


def _words_of(cast: Cast) -> set[str]:
    """What the cast itself speaks of, to everybody."""
    told = [cast.about, *(slot.about for slot in cast.slots.values())]
    told += [option for slot in cast.slots.values() for option in slot.options]
    told += [f"{each.name} {each.role}" for each in cast.personas.values()]
    told += [f"{scene.aim} {scene.opening or ''}" for scene in cast.scenes.values()]
    return {word for text in told for word in telling_words(text)}
