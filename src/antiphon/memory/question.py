"""What a question says about where its answer lies: terms, whom it is about, whether it asks for a time."""

import re
from collections.abc import Mapping

import msgspec

from antiphon.memory.terms import terms, words
from antiphon.memory.values import Ask
from antiphon.memory.view import View

_WHEN = re.compile(r"\W*(when|how long|(in |on )?(what|which) (year|month|date|day|week))\b", re.IGNORECASE)
_MYSELF = frozenset({"i", "my", "me", "mine", "myself"})
_PAST = re.compile(
    r"\b(has|have)\b.*\b\w+ed\b|"
    r"\b(used to|before|previous|previously|former|formerly|originally|first|earlier|back (in|then)|did|was|"
    r"were|had|ago|in the past|how often|how many times|won|history|change[ds]?|(?<!how )old)\b",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(would|might|could|should|may|some|any|all|both|other|kinds?|types?|sorts?|says?|thinks?|feels?|means?|"
    r"symboli\w+|plans?|planning|reasons?|why|recent(ly)?|inspire[ds]?|motivate[ds]?|describes?|happened|besides|"
    r"things|and)\b|"
    r"^\W*(what|which) (are\b|(\w+ )?\w+[^s\W](?<!serie)s (do|does|has|have|is|are)\b)|"
    r"^(?!.*\b(do|does)\b).*\b(has|have)\b",
    re.IGNORECASE,
)
_TERMS_MAX = 64
"""Distinct ones that are looked up; a question of more is a text, and its first ones say what it is about."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """An `Ask` as recall understands it."""

    text: str
    terms: tuple[str, ...]
    """Distinct stems, without the names of speakers."""
    about: frozenset[int]
    """Codes of the speakers of the one name in it; empty when it names nobody, or several people."""
    when: bool
    past: bool
    """It asks how things were, so what has been superseded is welcome."""
    several: bool
    """It may have more than one answer, or asks for more than what is so: an opinion, a reason, a list."""


def read(ask: Ask, view: View) -> Question:
    """Understand `ask` with what `view` knows of names."""
    spoken = words(ask.text)
    named = {word: view.names[word] for word in spoken if word in view.names}
    # "Anna Berg" is who has both names, "Anna" may be two people, "Anna and Otto" is nobody in particular.
    about = frozenset[int].intersection(*named.values()) if named else frozenset[int]()
    if not named and ask.speaker in view.speakers and _MYSELF & set(spoken):
        about = frozenset({view.speakers[ask.speaker]})
    left = dict.fromkeys(term for term in terms(ask.text) if not _is_name(term, named))
    return Question(
        text=ask.text,
        terms=tuple(left)[:_TERMS_MAX],
        about=about,
        when=_WHEN.match(ask.text) is not None,
        past=_PAST.search(ask.text) is not None,
        several=_SEVERAL.search(ask.text) is not None,
    )


def _is_name(term: str, named: Mapping[str, frozenset[int]]) -> bool:
    return any(term in terms(word) for word in named)
