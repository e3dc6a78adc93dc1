"""Which of the text's own words each spoken word belongs to.

A reader says "at nine thirty A.M." for "at 9:30am": what is spoken and what is written do not match one to
one, and the record of a conversation is in written words. Words that read the same on both sides are anchors;
between two anchors the cheapest monotone assignment decides, in which each spoken word has one written word.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise, takewhile
from operator import eq

_EXACT_BOUND = 50_000  # of steps; beyond it, words share what is spoken evenly


def assign(written: Sequence[str], spoken: Sequence[str]) -> list[int]:
    """For each spoken word the index of the written word it belongs to, never decreasing.

    Args:
        written: at least one word, with its punctuation.
        spoken: the words as they are read out, in order.
    """
    said, wrote = [_key(word) for word in spoken], [_key(word) for word in written]
    if said == wrote:
        return list(range(len(written)))
    anchors = [(0, 0)]
    owners: list[int] = []
    for block in SequenceMatcher(None, wrote, said, autojunk=False).get_matching_blocks():
        anchors += [(block.a, block.b), (block.a + block.size, block.b + block.size)]
    for (w0, s0), (w1, s1) in pairwise(anchors):
        if w1 - w0 == s1 - s0 and wrote[w0:w1] == said[s0:s1]:
            owners += range(w0, w1)
        elif w1 > w0:
            owners += (w0 + owner for owner in _cheapest(wrote[w0:w1], said[s0:s1]))
        else:  # spoken with nothing written: it belongs to what came before ("$5 billion" ends in "dollars")
            owners += [max(w0 - 1, 0)] * (s1 - s0)
    return owners


def _cheapest(written: list[str], spoken: list[str]) -> list[int]:
    """Owners for a stretch without anchors, by dynamic programming over how many spoken words each takes."""
    words, says = len(written), len(spoken)
    if words * says * says > _EXACT_BOUND:
        return [index * words // says for index in range(says)]
    best: list[tuple[float, list[int]]] = [(0.0, [])]
    best += [(float("inf"), []) for _ in range(says)]
    for word in written:
        following: list[tuple[float, list[int]]] = []
        for end in range(says + 1):
            costs = (
                (best[start][0] + _cost(word, spoken[start:end]), [*best[start][1], end - start])
                for start in range(end + 1)
            )
            following.append(min(costs, key=lambda entry: entry[0]))
        best = following
    return [owner for owner, count in enumerate(best[says][1]) for _ in range(count)]


def _cost(word: str, spoken: list[str]) -> float:
    joined = "".join(spoken)
    if joined == word:
        return 0.0
    if not spoken:
        return 1.5 if word else 0.2
    extra = 0.1 * (len(spoken) - 1)
    if not word:
        return 0.6 + 3 * extra
    alike = sum(takewhile(bool, map(eq, word, joined)))
    return 1.0 - 0.5 * alike / max(len(word), len(joined)) + extra


def _key(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())
