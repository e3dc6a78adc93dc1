"""Notices, without a language model, that what was just said takes the place of something said before.

Patterns know some ways of saying that something changed; people have many more. So every new claim that
has a word of change in it, or names an old value, is weighed against the earlier claims of the same
speaker that are nearest in meaning (`changes`). The likeliest of them, when likely enough, gives way.
"""

import math
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np

from antiphon.memory.addressing import addressed
from antiphon.memory.changes import Change, Embed, change, comparable, hopeless, names_value_of
from antiphon.memory.claims import Claim, claims_of
from antiphon.memory.columns import Floats, products
from antiphon.memory.facts import facts_of, since
from antiphon.memory.values import Draft, Turn
from antiphon.memory.view import View
from antiphon.memory.weights import CHANGE, DOUBTFUL, LIKELY

NEAREST: Final = 8
"""Earlier turns of the speaker whose claims are looked at, for each new turn."""
WEIGHED: Final = 2
"""Claims of these that are weighed, for each new claim: twenty short texts to embed, mostly met before."""
LOOKED_BACK: Final = 4096
"""Turns, of all speakers."""
DOUBTS_MAX: Final = 64
DOUBTS_A_CLAIM: Final = 2
_KEPT_VECTORS = 4096
_VALUE_WORDS = 8


class Noticed(msgspec.Struct, frozen=True, kw_only=True):
    """A change, with the turns it was told in."""

    old_row: int
    new_row: int
    change: Change
    likelihood: float


Doubt = tuple[str, str, Noticed]
"""What may be a change, with the ids of the turn that said the old and of the one that said the new."""


class Noticing:
    """Weighs new claims; keeps the vectors of claims and words it has met."""

    def __init__(self, embed: Embed, weights: Sequence[float] = CHANGE, likely: float = LIKELY) -> None:
        @lru_cache(_KEPT_VECTORS)
        def one(text: str) -> Floats:
            return embed([text])[0]

        def kept(texts: Sequence[str]) -> Floats:
            return np.stack([one(text) for text in texts])

        self._embed: Embed = kept
        self._weights = weights
        self._likely = likely
        self._worth_a_look = math.log(DOUBTFUL / (1 - DOUBTFUL))
        self._doubts: deque[Doubt] = deque(maxlen=DOUBTS_MAX)

    def notice(self, view: View, row: int) -> list[Noticed]:
        """What the turn in `row` changes of what was said before it."""
        best: list[Noticed] = []
        for new in claims_of(view.turns[row].text, view.names):
            found = sorted(self.weighed(view, row, new), key=lambda each: -each.likelihood)
            if found and found[0].likelihood >= self._likely:
                best.append(found[0])
            else:
                doubtful = [each for each in found[:DOUBTS_A_CLAIM] if each.likelihood >= DOUBTFUL]
                self._doubts += [(view.turns[one.old_row].id, view.turns[row].id, one) for one in doubtful]
        return best

    def newest_doubts(self, at_most: int) -> list[Doubt]:
        """What was not sure enough, newest first."""
        return list(self._doubts)[::-1][:at_most]

    def settled(self, doubt: Doubt) -> None:
        """It is none any more."""
        if doubt in self._doubts:
            self._doubts.remove(doubt)

    def weighed(self, view: View, row: int, new: Claim) -> list[Noticed]:
        """Every earlier claim that `new`, out of the turn in `row`, may take the place of."""
        if not new.may_change:
            return []
        near = [
            (alike + names_value_of(old, new), alike, earlier, old)
            for earlier, alike in nearest(view, row)
            for old in claims_of(view.turns[earlier].text, view.names)
            if comparable(old, new) and not hopeless(old, new, alike, self._weights, self._worth_a_look)
        ]
        made: list[Noticed] = []
        for _, _, earlier, old in sorted(near, key=lambda each: -each[0])[:WEIGHED]:
            if found := change(old, new, self._embed):
                likelihood = found.likelihood(self._weights)
                made.append(Noticed(old_row=earlier, new_row=row, change=found, likelihood=likelihood))
        return made


def nearest(view: View, row: int) -> list[tuple[int, float]]:
    """The earlier turns of its speaker that are nearest to the turn in `row`, and how near each is."""
    columns = view.columns
    before = np.arange(max(0, row - LOOKED_BACK), row)
    theirs = before[
        (columns.speaker[before] == columns.speaker[row]) & (columns.persona[before] == columns.persona[row])
    ]
    if not len(theirs) or not columns.dimensions:
        return []
    alike = products(columns.vectors[theirs].astype(np.float32), columns.vectors[row].astype(np.float32))
    best = np.argsort(-alike)[:NEAREST]
    return list(zip(theirs[best].tolist(), alike[best].tolist(), strict=True))


def drafts_of(noticed: Noticed, view: View) -> list[tuple[str, Draft]]:
    """What was said before and what is said now, as facts of one relation, each with the id of its turn.

    Empty where patterns have read the same relation out of the new turn: they know its times. Empty also
    where it is not known who is meant.
    """
    old_turn, new_turn = addressed(view, [view.turns[noticed.old_row], view.turns[noticed.new_row]])
    found = noticed.change
    known = [
        draft
        for draft in facts_of(old_turn)
        if draft.single and found.old_value.casefold() in draft.object.casefold()
    ]
    old = known[0] if known else _draft(old_turn, found.old, found.old_value, noticed.likelihood)
    read = {(draft.subject, draft.relation) for draft in facts_of(new_turn)}
    if old is None or (old.subject, old.relation) in read:
        return []
    new = msgspec.structs.replace(
        old,
        object=found.new_value,
        valid_from=since(found.new.text, new_turn.said_at),
        confidence=noticed.likelihood,
    )
    return [(old_turn.id, old), (new_turn.id, new)]


def _draft(turn: Turn, claim: Claim, value: str, likelihood: float) -> Draft | None:
    """`claim` as a fact whose relation is what it says around its value; None: nobody knows of whom."""
    whose = turn.to if claim.of_other else turn.speaker
    if not whose:
        return None
    return Draft(
        subject=whose if not claim.subject else f"{whose}'s {claim.subject}",
        relation=claim.text.rstrip(".!").replace(value, "…"),
        object=value,
        valid_from=since(claim.text, turn.said_at),
        confidence=likelihood,
        single=True,
        told=turn.to if claim.of_other else "",
    )
