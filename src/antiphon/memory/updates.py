"""Which turns say what no longer holds, and which questions they would mislead."""

import re
from collections.abc import Collection, Iterable, Mapping

import msgspec

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
_WHOLE = "…"
"""Stands in relations that are sentences, where their value was."""
_NAMES = re.compile(r"[A-Z\d]")
_LOOSE = frozenset(terms("favourite favorite number name"))
"""Words that many relations have in common and that say little about which."""


def cues(relation: str) -> frozenset[str]:
    """Terms of questions that ask for `relation`."""
    found = frozenset(terms(_CUES.get(relation, relation)))
    # A whole sentence has many words, and hardly one of them alone asks for it.
    return (found - _LOOSE or found) | frozenset([_WHOLE] if _WHOLE in relation else [])


class Passed(msgspec.Struct, frozen=True):
    """What a turn said and what no longer holds."""

    cues: tuple[frozenset[str], ...]
    """Of each relation, terms of questions that ask for it."""
    values: frozenset[str]
    """Terms of what it was."""
    alone: bool
    """The turn says nothing else, so that it misleads whoever does not ask for just that."""

    def misleads(self, asked: frozenset[str], several: bool = False) -> bool:
        """Whether a question of the terms `asked` would take it for what holds now.

        One that has `several` answers is misled by what patterns read alone: of other relations nobody knows
        whether there is only one.
        """
        if self.alone and not self.values & asked and not (several and self.loose):
            return True
        return any(
            len(each & asked) >= _needed(each) for each in self.cues if not (several and _WHOLE in each)
        )

    @property
    def loose(self) -> bool:
        """Whether no pattern has read what it said."""
        return all(_WHOLE in each for each in self.cues)


def _needed(about: frozenset[str]) -> int:
    """How many terms of a relation a question has in common with it that asks for it."""
    return 1 if _WHOLE not in about else max(2, len(about) // 2)


Outdated = Mapping[int, Mapping[int, Passed]]
"""Rows that say what no longer holds, each with the rows that said so."""


def outdated_rows(
    known: Outdated, said: Iterable[tuple[int, int, str, str]], alone: Collection[int] = ()
) -> Outdated:
    """`known` and what is in `said`: a row, the row that superseded something in it, its relation and object.

    Rows `alone` say nothing else.
    """
    found = dict(known)
    for row, by, relation, object_ in said:
        before = found.get(row, {})
        passed = before.get(by, Passed((), frozenset(), row in alone))
        # Of words without a capital nobody knows whether they are what changed or only beside it.
        values = passed.values | (frozenset(terms(object_)) if _NAMES.search(object_) else frozenset[str]())
        found[row] = {**before, by: Passed((*passed.cues, cues(relation)), values, passed.alone)}
    return found


def misleads(outdated: Outdated, row: int, asked: frozenset[str], several: bool = False) -> bool:
    """Whether what `row` says of the terms `asked` no longer holds."""
    return any(each.misleads(asked, several) for each in outdated.get(row, {}).values())


def instead_of(outdated: Outdated, row: int, asked: frozenset[str], several: bool = False) -> frozenset[int]:
    """The rows that say what holds now of that in which `row` misleads, over all changes in between."""
    seen, left = {row}, [row]
    while left:
        later = {
            by for by, each in outdated.get(left.pop(), {}).items() if each.misleads(asked, several)
        } - seen
        seen |= later
        left += later
    return frozenset(each for each in seen if not misleads(outdated, each, asked, several))
