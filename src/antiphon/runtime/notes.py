"""Where recalled lines stand in the prompts of one conversation, so that none is ever read twice.

    instructions, opening      what was known before a word was said
    items                      each note before the words of the turn it was recalled for, where it stays
    pending note               for the turn that is being spoken or comes next, before its words
    late note                  behind its words: what was recalled too late, if an answer may wait for it

A note that has been answered with is part of the history from then on: the model's cache holds it, and it
costs nothing any more. So a line is read at most once in a conversation, and the prompt of a turn begins with
all of the last one's. A note whose reading was not finished when an answer began is left out of that answer,
which then costs what it would have cost without a memory, and stays pending.

Notes are made on the loop and placed on the language model's lane.
"""

from collections.abc import Sequence
from datetime import date
from threading import Lock

import msgspec

from antiphon.contracts import Recalled
from antiphon.runtime.conversation import Item

HEADING = "From earlier talks and documents:"
KEPT_MAX = 200
"""Notes of so many turns are kept; an older one has long been dropped from the prompt."""


class Note(msgspec.Struct, kw_only=True):
    """Lines recalled for one turn."""

    lines: tuple[Recalled, ...]
    behind: bool = False
    """It stands behind the caller's words."""
    read: bool = False
    """All of it is in the model's cache."""
    used_in: int | None = None
    """The turn that was answered with it."""

    @property
    def text(self) -> str:
        """As the model reads it."""
        return f"{HEADING}\n{quoted(self.lines)}"


class Notes:
    """The notes of one conversation."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._opening = ""
        self._opened: tuple[Recalled, ...] = ()
        self._opening_read = self._begun = False
        self._pending: Note | None = None
        self._kept: dict[str, list[Note]] = {}
        """By the item they stand beside."""
        self._waiting: dict[int, list[Note]] = {}
        """Answered with in a turn whose words are not in the record yet."""
        self._items: dict[int, str] = {}

    # On the loop.

    @property
    def standing(self) -> frozenset[str]:
        """The ids of all lines that the last answer was made with."""
        with self._lock:
            notes = [note for kept in (*self._kept.values(), *self._waiting.values()) for note in kept]
            lines = [*self._opened, *(line for note in notes for line in note.lines)]
        return frozenset(line.id for line in lines)

    @property
    def known(self) -> frozenset[str]:
        """The ids of all lines that stand in the next prompt."""
        pending = self._pending.lines if self._pending is not None else ()
        return self.standing | {line.id for line in pending}

    @property
    def pending(self) -> Note | None:
        """What stands before the words that come next."""
        return self._pending

    def used_in(self, turn: int) -> list[Note]:
        """What `turn` was answered with."""
        with self._lock:
            every = [note for kept in (*self._kept.values(), *self._waiting.values()) for note in kept]
        return [note for note in every if note.used_in == turn]

    @property
    def unread(self) -> bool:
        """Whether there is anything the model has not read yet."""
        pending = self._pending
        return (bool(self._opening) and not self._opening_read) or (pending is not None and not pending.read)

    def open_with(self, text: str, lines: Sequence[Recalled]) -> None:
        """Begin every prompt with `text`, which quotes `lines`; too late for that, they become a note."""
        if not self._begun:
            self._opening, self._opened = text, tuple(lines)
        elif lines:
            self.add(lines)

    def add(self, lines: Sequence[Recalled]) -> None:
        """Have `lines` stand before the words of the turn that is being spoken, or comes next."""
        with self._lock:
            before = self._pending.lines if self._pending is not None else ()
            self._pending = Note(lines=(*before, *lines))

    def committed(self, turn: int, item_id: str) -> None:
        """The words of `turn` stand in the record as `item_id`."""
        with self._lock:
            self._items[turn] = item_id
            for note in self._waiting.pop(turn, ()):
                self._kept.setdefault(item_id, []).append(note)
            while len(self._kept) > KEPT_MAX:
                del self._kept[next(iter(self._kept))]

    def ended(self, turn: int) -> None:
        """Nothing more will be answered in `turn`."""
        with self._lock:
            self._items.pop(turn, None)
            self._waiting.pop(turn, None)

    # On the language model's lane.

    def instructions(self, plain: str, *, answering: bool, patiently: bool = False) -> str:
        """`plain` with the opening. Not read by the first answer, it becomes a note like others: what comes
        before a history must not change any more. `patiently`: the answer may wait for its being read."""
        with self._lock:
            self._opening_read = self._opening_read or patiently
            if answering and self._opened and not self._opening_read:
                later = self._pending.lines if self._pending is not None else ()
                self._pending = Note(lines=(*self._opened, *later))
                self._opening, self._opened = "", ()
            self._begun = self._begun or answering
            return f"{plain}\n\n{self._opening}" if self._opening else plain

    def certain(self, items: Sequence[Item], *, pending: bool = True) -> list[Item]:
        """`items` with every note, for a prompt that is only read; what is said next comes behind them.

        `pending`: with the note that no turn was answered with so far.
        """
        with self._lock:
            # What a turn was answered with that is still being spoken after all.
            notes = [note for waiting in self._waiting.values() for note in waiting if not note.behind]
            notes += [self._pending] if pending and self._pending is not None else []
            return [*self._placed(items), *(_item(note, f"next{place}") for place, note in enumerate(notes))]

    def answering(
        self, turn: int, items: Sequence[Item], late: Note | None = None, *, patiently: bool = False
    ) -> list[Item]:
        """`items` with the notes that `turn` is answered with.

        Its words are the last of `items`. The pending note is one of them if it has been read, or the answer
        may wait for that; `late` is in any case.
        """
        with self._lock:
            pending = self._pending
            if pending is not None and (pending.read or patiently):
                self._pending = None
                self._use(pending, turn)
            if late is not None:
                self._use(late, turn)
            placed = self._placed(items)
            waiting = self._waiting.get(turn, [])
            before = [_item(note, f"next{place}") for place, note in enumerate(waiting) if not note.behind]
            behind = [_item(note, f"late{place}") for place, note in enumerate(waiting) if note.behind]
            return [*placed[:-1], *before, *placed[-1:], *behind]

    def reading(self) -> "list[Note | None]":
        """What a prompt that is read now holds; None stands for the opening."""
        opening: list[Note | None] = [None] if self._opening else []
        pending = self._pending
        return [*opening, pending] if pending is not None else opening

    def was_read(self, notes: "Sequence[Note | None]") -> None:
        """A prompt that holds these has been read to its end."""
        for note in notes:
            if note is None:
                self._opening_read = True
            else:
                note.read = True

    def _use(self, note: Note, turn: int) -> None:
        note.used_in = turn
        item_id = self._items.get(turn)
        if item_id is None:
            self._waiting.setdefault(turn, []).append(note)
        else:
            self._kept.setdefault(item_id, []).append(note)

    def _placed(self, items: Sequence[Item]) -> list[Item]:
        placed: list[Item] = []
        for item in items:
            notes = self._kept.get(item.id, ())
            placed += [_item(note, f"{item.id}-{n}") for n, note in enumerate(notes) if not note.behind]
            placed.append(item)
            placed += [_item(note, f"{item.id}-{n}") for n, note in enumerate(notes) if note.behind]
        return placed


def quoted(lines: Sequence[Recalled]) -> str:
    """`lines`, each new day above the first of its lines."""
    text: list[str] = []
    day = ""
    for line in lines:
        if (on := line.said_at[:10]) != day:
            day = on
            text.append(_heading(on))
        text.append(line.text)
    return "\n".join(text)


def _heading(day: str) -> str:
    try:
        when = date.fromisoformat(day)
    except ValueError:
        return "[no date]"
    return f"[{when.day} {when:%b %Y}]"


def _item(note: Note, name: str) -> Item:
    return Item(id=f"note_{name}", kind="message", role="system", text=note.text)
