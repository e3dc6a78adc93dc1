"""The immutable image of the graph that recall reads, and how it grows.

A `View` is made by the writer and published by one assignment. It shares with its successors what only grows
(`Columns`, the list of turns), and everything else is replaced, so a reader that holds a view sees the graph
as it was at one moment, without a lock.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.memory.cells import Cells
from antiphon.memory.columns import Columns
from antiphon.memory.lines import line
from antiphon.memory.marks import marks_of
from antiphon.memory.postings import Postings
from antiphon.memory.telling import telling
from antiphon.memory.terms import name_keys, terms, words
from antiphon.memory.updates import Outdated
from antiphon.memory.values import Turn

TAIL_TURNS = 512
"""Turns since the last settling that a question looks at one by one."""
SCANNED_TURNS = 32_768
"""Up to here a question is compared with every vector; above, with those of the nearest cells."""
INDEXED_CHARS = 20_000
"""Of a turn; what is beyond is kept and not looked for."""
TERMS_MAX = 64
"""Of a turn, that it is compared with others by."""
_OVERHEAD_CHARS = 5
"""Of a line: its end, and its share of the day above it."""
_NO_DAY = 0
_OF_SELF = re.compile(r"\b(i|my|me|mine|we|our|us)\b", re.IGNORECASE)
_OF_OTHER = re.compile(r"\b(you|your|yours)\b", re.IGNORECASE)
_DATED = re.compile(
    r"\b(yesterday|today|tonight|tomorrow|last|next|ago|week|weekend|month|year|monday|tuesday|wednesday|"
    r"thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|"
    r"november|december|\d{4}|since|recently|few days)\b",
    re.IGNORECASE,
)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Everything recall looks at."""

    columns: Columns
    turns: list[Turn]
    """Row by row; longer than `count` once the writer has gone on."""
    lines: list[str]
    """How each turn is quoted, like `turns`."""
    terms: list[tuple[str, ...]]
    """The first distinct terms of each turn, like `turns`."""
    named: list[tuple[str, ...]]
    """The keys of names that each turn mentions, like `turns`."""
    rows: dict[str, int]
    last_rows: dict[int, int]
    own_last_rows: dict[tuple[int, int], int]
    """Where each id is; where each conversation ends, and each speaker's part of it: the writer's notes."""
    count: int
    settled: int
    """How many of them the frozen parts hold; the rest is the live tail."""
    postings: Postings
    cells: Cells | None
    scanned: NDArray[np.float32]
    """The settled vectors as 32-bit floats where there are few; [0, d] where `cells` has them."""
    names: Mapping[str, frozenset[int]]
    """Codes of the speakers that a word may name."""
    speakers: Mapping[str, int]
    personas: Mapping[str, int]
    conversations: Mapping[str, int]
    terms_total: float
    outdated: Outdated


def empty_view(dimensions: int) -> View:
    """A view of no turns, for vectors of this length; 0: without vectors."""
    return View(
        columns=Columns(dimensions),
        turns=[],
        lines=[],
        terms=[],
        named=[],
        rows={},
        last_rows={},
        own_last_rows={},
        count=0,
        settled=0,
        postings=Postings.empty(),
        cells=None,
        scanned=np.zeros((0, dimensions), np.float32),
        names={},
        speakers={},
        personas={"": 0},
        conversations={},
        terms_total=0.0,
        outdated={},
    )


def grown(view: View, turns: Sequence[Turn], vectors: NDArray[np.float32]) -> View:
    """`view` with `turns` and their vectors, float32, shape [len(turns), dimensions], in its tail."""
    if not turns:
        return view
    first, count = view.count, view.count + len(turns)
    columns = view.columns if count <= view.columns.room else view.columns.grown(count)
    speakers, names = _with_speakers(view, turns)
    personas = _coded(view.personas, (turn.persona for turn in turns))
    conversations = dict(view.conversations)
    for turn in turns:
        conversations.setdefault(turn.conversation, len(conversations))
    counted: list[tuple[int, Mapping[str, int]]] = []
    said: list[tuple[str, ...]] = []
    named: list[tuple[str, ...]] = []
    quoted = [line(turn) for turn in turns]
    for row, turn in enumerate(turns, first):
        text = turn.text[:INDEXED_CHARS]
        found = Counter(terms(text))
        who = tuple(key for key in name_keys(text) if key[1:] not in names)
        counted.append((row, found + Counter((*who, speaker_key(speakers[turn.speaker])))))
        said.append(tuple(islice(found, TERMS_MAX)))
        named.append(who)
        columns.speaker[row] = speakers[turn.speaker]
        columns.persona[row] = personas[turn.persona]
        columns.conversation[row] = conversations[turn.conversation]
        columns.day[row] = day_of(turn.said_at)
        columns.size[row] = len(quoted[row - first]) + _OVERHEAD_CHARS
        columns.marks[row], columns.kin[row], columns.form[row] = marks_of(text)
        columns.telling[row] = telling(text)
        _describe(columns, row, text, found)
    _chain(columns, range(first, count), view.last_rows, view.own_last_rows)
    columns.vectors[first:count] = vectors
    # What is beyond `count` belongs to an attempt that failed before it was published.
    del view.turns[first:]
    view.turns.extend(turns)
    del view.lines[first:]
    view.lines.extend(quoted)
    del view.terms[first:]
    view.terms.extend(said)
    del view.named[first:]
    view.named.extend(named)
    view.rows.update((turn.id, row) for row, turn in enumerate(turns, first))
    return msgspec.structs.replace(
        view,
        columns=columns,
        count=count,
        postings=view.postings.with_tail(counted),
        names=names,
        speakers=speakers,
        personas=personas,
        conversations=conversations,
        terms_total=view.terms_total + float(columns.length[first:count].sum()),
    )


def settled(view: View) -> View:
    """The same graph with an empty tail."""
    columns, count = view.columns, view.count
    cells, scanned = None, view.scanned
    if count > SCANNED_TURNS:
        cells = Cells.of(columns.vectors[:count], view.cells)
        scanned = np.zeros((0, columns.dimensions), np.float32)
    else:
        scanned = np.concatenate([scanned, columns.vectors[view.settled : count].astype(np.float32)])
    return msgspec.structs.replace(
        view,
        settled=count,
        postings=view.postings.merged(),
        cells=cells,
        scanned=scanned,
    )


def tail_is_full(view: View) -> bool:
    """Whether it is time to settle: the more there is, the longer that takes and the seldomer it is done."""
    return view.count - view.settled > max(TAIL_TURNS, view.settled // 8)


def speaker_key(code: int) -> str:
    """What stands in the postings for everything this speaker has said; no term, and no name's key."""
    return f"#{code}"


def day_of(said_at: str) -> int:
    """The day of an ISO 8601 time, counted; 0 when unknown."""
    try:
        return date.fromisoformat(said_at[:10]).toordinal()
    except ValueError:
        return _NO_DAY


def _coded(known: Mapping[str, int], values: Iterable[str]) -> Mapping[str, int]:
    new = [value for value in dict.fromkeys(values) if value not in known]
    return {**known, **{value: len(known) + place for place, value in enumerate(new)}} if new else known


def _with_speakers(
    view: View, turns: Sequence[Turn]
) -> tuple[Mapping[str, int], Mapping[str, frozenset[int]]]:
    speakers = _coded(view.speakers, [turn.speaker for turn in turns])
    if len(speakers) == len(view.speakers):
        return speakers, view.names
    names = dict(view.names)
    for speaker, code in list(speakers.items())[len(view.speakers) :]:
        for word in words(speaker):
            names[word] = names.get(word, frozenset()) | {code}
    return speakers, names


def _describe(columns: Columns, row: int, text: str, found: Counter[str]) -> None:
    columns.length[row] = found.total()
    columns.distinct[row] = np.log1p(len(found))
    columns.asks[row] = text.rstrip().endswith("?")
    columns.dated[row] = _DATED.search(text) is not None
    columns.of_self[row] = _OF_SELF.search(text) is not None
    columns.of_other[row] = _OF_OTHER.search(text) is not None


def _chain(columns: Columns, rows: range, last: dict[int, int], own_last: dict[tuple[int, int], int]) -> None:
    """Link new `rows` to those before them; `last` and `own_last` say where those end."""
    for row in rows:
        conversation, speaker = int(columns.conversation[row]), int(columns.speaker[row])
        before, own_before = last.get(conversation, -1), own_last.get((conversation, speaker), -1)
        columns.previous[row], columns.own_previous[row] = before, own_before
        columns.next[row] = columns.own_next[row] = -1
        if before >= 0:
            columns.next[before] = row
        if own_before >= 0:
            columns.own_next[own_before] = row
        last[conversation] = own_last[conversation, speaker] = row
