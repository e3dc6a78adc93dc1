"""Whose work goes first, anywhere in the process.

Three classes, strictly in this order:

* **live**: somebody waits for it now. Words of a turn that has paused, how finished it sounds, what is said
  over the agent, answers to turns that are confirmed and their sound.
* **speculative**: it is worth something if the caller says no more. Answers behind the gate, words of a turn
  that is still being spoken. Once the turn is confirmed, what still waits of it is live.
* **reflective**: nobody waits. Replies out of band, and whatever thinks about a conversation afterwards.

A lane takes waiting calls in this order. That is not enough for the language model: what has begun there
shares every step with whatever comes after it. So reflective work is made to give way while it runs: `Demand`
counts what is wanted, and the work looks at it after every token. A conversation demands more than its calls
tell: from a caller's first sound until the agent has thought of all it will say, anything else would be felt.
"""

from collections.abc import Callable
from enum import IntEnum
from threading import Lock


class Priority(IntEnum):
    """Classes of work; a lower one goes first."""

    LIVE = 0
    SPECULATIVE = 1
    REFLECTIVE = 2


LIVE, SPECULATIVE, REFLECTIVE = Priority

SMALL_PIECE_TOKENS = 4
"""How much of a prompt is read at a time where somebody else may want the model meanwhile: a piece cannot be
broken off. Reading 1, 2, 4, 8, 16 and 32 tokens took 37, 58, 90, 195, 282 and 493 ms with the default model
on two busy cores, where a token of an answer took 32."""


class Demand:
    """Counts what is wanted before any reflective work. It is the `Cancel` of what must give way to it.

    May be used from any thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._wanted = 0
        self._conversations = 0
        self._met: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        """Whether anything live or speculative waits or runs, or a conversation asks to be left alone."""
        return self._wanted > 0

    @property
    def conversations(self) -> int:
        """How many are open."""
        return self._conversations

    def rise(self) -> None:
        """One thing more is wanted."""
        with self._lock:
            self._wanted += 1

    def fall(self) -> None:
        """One thing less; when it was the last, those who wait for that are told, on this thread."""
        with self._lock:
            assert self._wanted > 0
            self._wanted -= 1
            met = self._wanted == 0
        if met:
            for call in self._met:
                call()

    def when_met(self, call: Callable[[], None]) -> None:
        """From now on `call` is made whenever nothing is wanted any more."""
        self._met.append(call)

    def attend(self) -> "Attention":
        """A conversation begins."""
        with self._lock:
            self._conversations += 1
        return Attention(self)

    def left(self) -> None:
        """A conversation has ended."""
        with self._lock:
            self._conversations -= 1


class Attention:
    """What one conversation demands beyond its calls. Used by one thread."""

    def __init__(self, demand: Demand) -> None:
        self._demand = demand
        self._pressing = self._over = False

    def press(self, pressing: bool) -> None:
        """Whether it asks from now on that no reflective work runs."""
        if pressing != self._pressing and not self._over:
            self._pressing = pressing
            if pressing:
                self._demand.rise()
            else:
                self._demand.fall()

    def close(self) -> None:
        """The conversation is over, and demands nothing."""
        if not self._over:
            self.press(False)
            self._over = True
            self._demand.left()


class When:
    """A `Cancel` that is raised while `asked` says so."""

    def __init__(self, asked: Callable[[], bool]) -> None:
        self.is_set = asked
