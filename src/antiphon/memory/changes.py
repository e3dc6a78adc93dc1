"""Does a claim take an earlier one's place? A weighing of how alike they are, value for value.

Of two claims about the same, one can be turned into the other by putting its value for the other's: "I
work at Bosch" with Nokia in it is near "My badge says Nokia now", and "I live in Bosch" is not. So every
value of the earlier claim is replaced by one of the later claim, names by names and numbers by numbers,
and the vectors are compared. With whether it says that something is new, and that it says so of the same
person, a logistic weighing decides. Its weights are data (`CHANGE`).
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from antiphon.memory.claims import CUES, Claim
from antiphon.memory.columns import Floats
from antiphon.memory.terms import stem

Embed = Callable[[Sequence[str]], Floats]
"""One unit row per text."""

Near = Callable[[Sequence[str], Sequence[str]], Floats]
"""How alike each of some values is to each of others."""

FEATURES: Final = (
    "alike",
    "alike with the value",
    "values alike",
    "shared words",
    "names the old value",
    "says that something is new",
    "says that something gave way",
    "is hedged",
    "of the speaker",
    "value comes as it went",
    "says much",
    "values are words",
    "values are words, and alike",
    "values are words, and alike with the value",
    "values are words, and names the old one",
    *CUES,
)
_NUMBER = re.compile(r"\d")
_ALIKE = 0.1
"""Values that are less alike are of different sorts."""
_CLAIMS_NEARER = 0.25
"""Two claims are hardly ever nearer than their turns by more than this."""
_VALUES_ALIKE = 0.7
"""Different values are hardly ever more alike than this."""
_TRIED = 2
"""Pairs of values that are tried, the likeliest first."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier claim, a later one, and the values that would change places."""

    old: Claim
    new: Claim
    old_value: str
    new_value: str
    features: tuple[float, ...]
    """In the order of `FEATURES`."""

    def likelihood(self, weights: Sequence[float]) -> float:
        """Between 0 and 1, by weights of a constant and of `FEATURES`."""
        odds = weights[0] + sum(w * x for w, x in zip(weights[1:], self.features, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))


def comparable(old: Claim, new: Claim) -> bool:
    """Whether it is worth weighing: of the same person, and of how things are for good."""
    for_good = not old.hedged and (new.replaces or not new.hedged)
    same = old.subject == new.subject and old.of_other == new.of_other
    return for_good and same and old.text != new.text


def hopeless(old: Claim, new: Claim, near: float, weights: Sequence[float], odds: float) -> bool:
    """Whether `change` would give less than these log-odds whatever the vectors say.

    `near` is how alike the turns are in which they were said.
    """
    known = {
        "alike": min(1.0, near + _CLAIMS_NEARER),
        "alike with the value": 1.0,
        "values alike": _VALUES_ALIKE,
        "shared words": 0.0,
        "names the old value": float(names_value_of(old, new)),
        "says that something is new": float(new.changes),
        "says that something gave way": float(new.replaces),
        "is hedged": float(new.hedged),
        "of the speaker": float(new.of_self),
        "value comes as it went": 1.0,
        "says much": math.log(max(1, len(new.words))),
    } | dict(zip(CUES, new.cues, strict=True))
    return weights[0] + sum(w * known.get(n, 0.0) for n, w in zip(FEATURES, weights[1:], strict=True)) < odds


def names_value_of(old: Claim, new: Claim) -> bool:
    """Whether `new` names a value of `old`."""
    return any(_holds(new.text, value) for value in old.names + old.numbers)


def change(old: Claim, new: Claim, embed: Embed) -> Change | None:
    """The likeliest exchange of values between two comparable claims; None when there is none."""
    pairs = _pairs(old, new, embed)
    if not pairs:
        return None
    texts = [_exchanged(old.text, before, after) for before, after, _ in pairs]
    texts += [_exchanged(old.plainly, before, after) for before, after, _ in pairs if old.plainly]
    said = [new.text, new.plainly] if new.plainly else [new.text]
    vectors = embed([old.text, *said, *texts])
    # Of every way to say the one and every way to say the other, the nearest two.
    ways = (vectors[1 + len(said) :] @ vectors[1 : 1 + len(said)].T).max(1)
    near = ways.reshape(-1, len(pairs)).max(0)
    best = int((near + np.array([alike for _, _, alike in pairs], np.float32)).argmax())
    before, after, alike = pairs[best]
    shared = set(old.words) & set(new.words) - set(before.casefold().split())
    named = float(_holds(new.text, before))
    words = float(before not in old.names + old.numbers and before != old.first)
    features = (
        float((vectors[1 : 1 + len(said)] @ vectors[0]).max()),
        float(near[best]),
        alike,
        len(shared) / max(1, min(len(old.words), len(new.words))),
        named,
        float(new.changes),
        float(new.replaces),
        float(new.hedged),
        float(new.of_self),
        float(_frame(old.text, before) == _frame(new.text, after)),
        math.log(max(1, len(new.words))),
        words,
        words * alike,
        words * float(near[best]),
        words * named,
        *new.cues,
    )
    return Change(old=old, new=new, old_value=before, new_value=after, features=features)


def _pairs(old: Claim, new: Claim, embed: Embed) -> list[tuple[str, str, float]]:
    """Values that might change places, likeliest first."""
    near = _same_meaning(embed)
    if old.numbers:
        return _likeliest(old.numbers, _fresh(new.numbers, old), new, _same_form)
    if old.names:
        firsts = (new.first,) if new.first else ()
        return _likeliest(old.names, _fresh((*new.names, *firsts), old), new, near)
    if old.first and new.names and (found := _likeliest((old.first,), _fresh(new.names, old), new, near)):
        return found
    ours, theirs = ([word for word in each.words if not _FRAME_WORD.fullmatch(word)] for each in (old, new))
    fresh = [word for word in theirs if word not in old.words and not _NUMBER.search(word)]
    return _likeliest(ours, fresh, new, near)


def _fresh(values: Sequence[str], old: Claim) -> list[str]:
    return [value for value in dict.fromkeys(values) if not _holds(old.text, value)]


def _likeliest(
    ours: Sequence[str], fresh: Sequence[str], new: Claim, near: Near
) -> list[tuple[str, str, float]]:
    if not ours or not fresh:
        return []
    alike = near(ours, fresh)
    # Who names what is over names it beside what takes its place.
    named = np.array([_holds(new.text, value) for value in ours], np.float32)
    order = np.argsort(-(alike + named[:, None]), axis=None)[:_TRIED]
    places = [divmod(int(place), len(fresh)) for place in order]
    pairs = [(ours[row], fresh[column], float(alike[row, column])) for row, column in places]
    return [pair for pair in pairs if pair[2] >= _ALIKE and stem(pair[0]) != stem(pair[1])]


def _same_meaning(embed: Embed) -> Near:
    return lambda ours, fresh: embed(ours) @ embed(fresh).T


def _same_form(ours: Sequence[str], fresh: Sequence[str]) -> Floats:
    """Numbers and codes of the same form are taken for each other, a code and a telephone number are not."""
    forms = [[re.sub(r"\d", "0", re.sub(r"[^\W\d_]+", "a", each)) for each in some] for some in (ours, fresh)]
    return np.array([[_form_alike(one, other) for other in forms[1]] for one in forms[0]], np.float32)


def _form_alike(one: str, other: str) -> float:
    if one == other:
        return 0.8
    return 0.5 if re.sub("0+", "0", one) == re.sub("0+", "0", other) else 0.1


def _holds(text: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE) is not None


def _exchanged(text: str, before: str, after: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(before)}(?!\w)", lambda _: after, text, flags=re.IGNORECASE)


def _frame(text: str, value: str) -> str:
    """The word before `value`."""
    head = re.split(rf"(?<!\w){re.escape(value)}(?!\w)", text, maxsplit=1, flags=re.IGNORECASE)[0]
    return head.split()[-1].casefold() if head.split() else ""


_FRAME_WORD = re.compile(
    r"now|new|newly|days|day|week|month|year|years|time|instead|lately|finally|since|"
    r"work|works|working|live|lives|living|go|goes|going|went|have|has|had|got|get|"
    r"gets|take|takes|took|make|makes|made|play|plays|like|love|start|starts|started|"
    r"use|used|moved|changed|switched|quit|left|dropped|gave|became|become|thing|things|"
    r"one|really|well|good|better|much|many|lot"
)
"""Seldom a value that changes."""
