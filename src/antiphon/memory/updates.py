"""Which turns say what no longer holds, and which questions they would mislead."""

from collections.abc import Iterable, Mapping

from antiphon.memory.terms import terms

_CUES = {
    "lives in": "live living move moved based reside residing home city town country address staying",
    "works at": "work working job employer employed company office",
    "works as": "work working job profession occupation career living",
    "comes from": "originally hometown native",
    "age": "age old",
    "partner": "married partner dating wife husband girlfriend boyfriend engaged spouse",
    "name": "name called",
    "is called": "name called",
}
_LOOSE = frozenset(terms("favourite favorite number name"))
"""Words that many relations have in common and that say little about which."""


def cues(relation: str) -> frozenset[str]:
    """Terms of questions that ask for `relation`."""
    found = frozenset(terms(_CUES.get(relation, relation)))
    return found - _LOOSE or found


def outdated_rows(
    known: Mapping[int, frozenset[str]], said: Iterable[tuple[int, str]]
) -> Mapping[int, frozenset[str]]:
    """`known` and, for rows with the relations in them that have been superseded, whom they would mislead."""
    found = dict(known)
    for row, relation in said:
        found[row] = found.get(row, frozenset()) | cues(relation)
    return found
