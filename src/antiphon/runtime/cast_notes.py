"""Recalled lines in the prompt of a cast: a few among what the persona knows now, best and newest first.

That part of the prompt stands before the caller's words and is read anew with every turn, while the agent
speaks or the caller does; so lines do not stay where they were read, and their budget is that of one turn. It
is used like `Notes`: an answer is made with the lines that were read in time, or else with those before.
"""

from collections.abc import Callable, Sequence
from threading import Lock, local

from antiphon.contracts import Prompt, Recalled
from antiphon.runtime.cast_playing import CastPlaying
from antiphon.runtime.lanes import nobody
from antiphon.runtime.notes import Note, quoted
from antiphon.samp.prompt import Fact
from antiphon.samp.state import State


class CastNotes:
    """What a cast's prompts quote. `answered` is told a turn for which a prompt was made, on the lane."""

    def __init__(self, tokens_max: int, answered: Callable[[int], None]) -> None:
        self._tokens_max = tokens_max
        self._answered: Callable[[int], None] = answered
        self._lock = Lock()
        self._next = Note(lines=(), read=True)
        self._current = self._next
        self._used: dict[int, Note] = {}
        self._thread = local()

    @property
    def standing(self) -> frozenset[str]:
        """The ids of all lines that the last answer was made with."""
        return frozenset(line.id for line in self._current.lines)

    @property
    def known(self) -> frozenset[str]:
        """The ids of all lines that stand in the next prompt."""
        return frozenset(line.id for line in self._next.lines)

    @property
    def pending(self) -> Note | None:
        """None: older lines give way, so that a turn has its whole budget."""
        return None

    @property
    def unread(self) -> bool:
        """Whether there is anything the model has not read yet."""
        return not self._next.read

    def used_in(self, turn: int) -> list[Note]:
        """What `turn` was answered with."""
        return [self._used[turn]] if turn in self._used else []

    def open_with(self, text: str, lines: Sequence[Recalled]) -> None:
        """Know `lines` from the beginning; what they stand under is the cast's own."""
        del text
        self.add(lines)

    def add(self, lines: Sequence[Recalled]) -> None:
        """Quote `lines`, and of those before them as many as fit."""
        with self._lock:
            kept: list[Recalled] = []
            room = self._tokens_max
            for line in (*lines, *self._next.lines):
                if line.tokens <= room and line not in kept:
                    kept.append(line)
                    room -= line.tokens
            self._next = Note(lines=tuple(kept))

    def committed(self, turn: int, item_id: str) -> None:
        """Nothing stands beside an item."""

    def ended(self, turn: int) -> None:
        """Nothing more will be answered in `turn`."""
        self._used.pop(turn, None)

    def close(self) -> None:
        """Nothing is answered any more, and nobody told."""
        self._answered = nobody

    def reading(self) -> list[Note | None]:
        """What a prompt that is read now quotes."""
        return [self._next]

    def was_read(self, notes: Sequence[Note | None]) -> None:
        """A prompt that quotes these has been read to its end."""
        with self._lock:
            for note in notes:
                if note is not None:
                    note.read = True
                    self._current = note

    # On the language model's lane.

    def expecting(self, build: Callable[[], Prompt]) -> Callable[[], Prompt]:
        """`build`, for a prompt that is only read: it quotes what was found last."""

        def noted() -> Prompt:
            self._thread.reading = True
            try:
                return build()
            finally:
                self._thread.reading = False

        return noted

    def facts(self, state: State, words: str) -> tuple[Fact, ...]:
        """What the prompt for `state` quotes."""
        del words
        if getattr(self._thread, "reading", False):
            note = self._next
        else:
            note = self._current
            self._used[state.turn] = note
            self._answered(state.turn)
        return tuple(
            Fact(f"{quoted([line])}".replace("\n", " "), (line.persona,) if line.persona else ())
            for line in note.lines
        )


class Scope:
    """Who may recall what is said in a turn, who says it, and who asks; with a cast or without one."""

    def __init__(self, agent: str, playing: CastPlaying | None) -> None:
        self._agent, self._playing = agent, playing

    @property
    def persona(self) -> str:
        """Who answers now; empty: nobody in particular."""
        return "" if self._playing is None else self._playing.state.place.persona

    def speaker(self, turn: int) -> str:
        """Who answered `turn`, as memory calls them."""
        return self._agent if self._playing is None else self._playing.name(turn)

    def confided_to(self, turn: int) -> str:
        """Who alone may recall what was said in `turn`; empty: everybody.

        Of several who were told in confidence it is the first: memory keeps a secret rather than share it.
        """
        told = () if self._playing is None else self._playing.state.confided.get(turn, ())
        return told[0] if told else ""
