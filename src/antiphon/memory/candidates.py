"""Which turns are worth a closer look: all of a small memory, the likeliest few thousand of a large one."""

from collections.abc import Mapping

import msgspec
import numpy as np

from antiphon.memory.columns import Floats
from antiphon.memory.question import Question
from antiphon.memory.signals import Places, idf, similarities
from antiphon.memory.updates import instead_of, misleads
from antiphon.memory.values import Ask
from antiphon.memory.view import View, day_of, speaker_key

_ALL_TURNS = 2048
_BY_WORDS = 512
_BY_MEANING = 256
_NEWEST = 64
_COMMON = 1 / 20
"""A term held by a larger share of a large memory finds nobody in particular."""


class Candidates(msgspec.Struct, frozen=True):
    """Whom to look at, and whom not."""

    rows: Places
    """Ascending: what `ask` may see and what has a chance."""
    replaced: Mapping[int, frozenset[int]]
    """Rows that would have a chance and say what no longer holds, each with those that say what does."""


def candidates(
    view: View, ask: Ask, question: Question, vector: Floats | None, similar: Floats | None = None
) -> Candidates:
    """Rows that are worth a closer look.

    `similar` is what `signals.similarities` gives, when that is known already.
    """
    rows = _near(view, question, vector, similar)
    replaced = _replaced(view, question, rows)
    if replaced:
        current = frozenset[int]().union(*replaced.values())
        rows = np.union1d(np.setdiff1d(rows, np.array([*replaced])), np.array([*current], np.int64))
    return Candidates(rows[allowed(view, ask, rows)], replaced)


def _near(view: View, question: Question, vector: Floats | None, similar: Floats | None) -> Places:
    if view.count <= _ALL_TURNS:
        return np.arange(view.count)
    found = [_by_words(view, question), np.arange(max(0, view.count - _NEWEST), view.count)]
    similar = similarities(view, vector) if similar is None else similar
    if similar is not None:
        found.append(_top(np.arange(view.count, dtype=np.int32), similar[:-1], _BY_MEANING))
    elif vector is not None and view.cells is not None:
        found.append(_top(*view.cells.near(vector), _BY_MEANING))
    hits = np.concatenate(found).astype(np.int64)
    columns = view.columns
    beside = np.concatenate([hits, columns.previous[hits], columns.next[hits]])
    return np.unique(beside[(beside >= 0) & (beside < view.count)].astype(np.int64))


def _replaced(view: View, question: Question, rows: Places) -> Mapping[int, frozenset[int]]:
    if not view.outdated or question.past:
        return {}
    asked = frozenset(question.terms)
    near = frozenset[int](rows.tolist())
    return {
        row: instead_of(view.outdated, row, asked, question.several)
        for row in near & view.outdated.keys()
        if misleads(view.outdated, row, asked, question.several)
    }


def allowed(view: View, ask: Ask, rows: Places) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of `rows` may be recalled for `ask` at all."""
    columns = view.columns
    persona = columns.persona[rows]
    allowed = (persona == 0) | (persona == view.personas.get(ask.persona, 0))
    if ask.only_conversation:
        allowed &= columns.conversation[rows] == view.conversations.get(ask.conversation, -1)
    if ask.since:
        allowed &= columns.day[rows] >= day_of(ask.since)
    if ask.until:
        allowed &= columns.day[rows] <= day_of(ask.until)
    return allowed


def _by_words(view: View, question: Question) -> Places:
    """The best by plain shared terms, each worth its idf; the exact scores come later."""
    hits = [view.postings.hits(term) for term in (*question.terms, *map(speaker_key, question.about))]
    hits = sorted((each for each in hits if len(each[0])), key=lambda each: len(each[0]))
    if not hits:
        return np.zeros(0, np.int64)
    # In a large memory only; in a small one every hit is looked at.
    common = max(_COMMON * view.count, _ALL_TURNS)
    rare = [each for each in hits if len(each[0]) <= common] or hits[:1]
    score = np.zeros(view.count, np.float32)
    for rows, counts in rare:
        score[rows] += np.float32(idf(view, len(rows))) * counts / (counts + 1)
    touched = np.unique(np.concatenate([rows for rows, _ in rare]))
    return _top(touched, score[touched], _BY_WORDS)


def _top(rows: np.ndarray[tuple[int], np.dtype[np.int32]], scores: Floats, most: int) -> Places:
    if len(rows) > most:
        rows = rows[np.argpartition(-scores, most)[:most]]
    return rows.astype(np.int64)
