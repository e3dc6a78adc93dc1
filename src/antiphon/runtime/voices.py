"""Voices by the names that existing clients know, so that each of them gets one at once."""

from collections.abc import Sequence

from antiphon.contracts import BadRequest

ALIASES = {
    "alloy": "alto",
    "ash": "man",
    "ballad": "youth",
    "cedar": "man",
    "coral": "woman",
    "echo": "youth",
    "marin": "woman",
    "sage": "alto",
    "shimmer": "child",
    "verse": "youth",
}
"""The nearest of the voices that come with Antiphon; with other engines a place in the list decides."""


def resolve(name: str, voices: Sequence[str], param: str) -> str:
    """The synthesizer's own name for what a client calls `name`; empty for the default.

    Raises:
        BadRequest: nobody knows this voice; `param` is the field it stood in.
    """
    if not name or name in voices:
        return name
    if name not in ALIASES:
        known = ", ".join((*voices, *ALIASES))
        raise BadRequest(
            f"There is no voice {name!r}; there are: {known}.", code="invalid_value", param=param
        )
    if ALIASES[name] in voices:
        return ALIASES[name]
    return voices[list(ALIASES).index(name) % len(voices)] if voices else ""
