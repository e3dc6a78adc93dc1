"""A memory's doubts, put to the language model when nobody wants anything.

What was just learned may take the place of something learned before, and rules are not always sure
whether it does. A memory that can `refine` says what it would ask; here it is asked, on the language model's
lane. The work is reflective: it breaks off within a token when somebody speaks and goes on afterwards, and
each batch of what was learned is worth a bounded number of questions. A doubt that was not settled stays one.
"""

from collections.abc import Callable, Generator, Sequence
from threading import Event as Flag
from typing import Protocol, runtime_checkable

from antiphon.contracts import Busy, LanguageModel, Memory, Prompt
from antiphon.runtime import reflective
from antiphon.runtime.parts import Parts
from antiphon.runtime.scheduler import REFLECTIVE


class Asked(Protocol):
    """A question: which of the options goes on with the prompt?"""

    @property
    def prompt(self) -> Prompt: ...

    @property
    def options(self) -> Sequence[str]: ...


@runtime_checkable
class Doubting(Protocol):
    """A memory that can use a language model's word."""

    def refine(self, at_most: int) -> Generator[Asked, tuple[float, ...], int]:
        """Up to `at_most` questions; each wants the log-probabilities of its options sent back."""
        ...


class Refining:
    """Settles the doubts of one conversation's memory. Methods are called on the loop.

    `failed` is called on the lane, with a sentence.
    """

    def __init__(self, parts: Parts, at_most: int, *, failed: Callable[[str], None]) -> None:
        self._parts, self._at_most, self._failed = parts, at_most, failed
        self._cancel = Flag()
        self._busy = False

    def learned(self, memory: Memory) -> None:
        """There is something new in `memory`. While earlier doubts are being settled nothing is added."""
        model = self._parts.language_model
        if self._busy or self._cancel.is_set() or not self._at_most:
            return
        if not isinstance(memory, Doubting) or "score" not in model.card.capabilities:
            return
        stretch = reflective.in_stretches(self._settle(model, memory))

        def call() -> bool:
            more = False
            try:
                more = stretch()
            except Exception as error:
                self._failed(f"{type(error).__name__}: {error}")
            self._busy = more
            return more

        gives_way = reflective.way_for(model, self._parts.demand)
        self._busy = True
        try:
            self._parts.lanes["language_model"].submit(
                call, self._cancel, priority=REFLECTIVE, gives_way=gives_way
            )
        except Busy as error:
            self._busy = False
            self._failed(str(error))

    def close(self) -> None:
        """Ask no more."""
        self._cancel.set()

    def _settle(self, model: LanguageModel, memory: Doubting) -> reflective.Pauses:
        doubts = memory.refine(self._at_most)
        asked = next(doubts, None)
        while asked is not None and not self._cancel.is_set():
            scores: list[tuple[float, ...]] = []
            yield from reflective.choose(
                model,
                asked.prompt,
                asked.options,
                demand=self._parts.demand,
                cancel=self._cancel,
                tell=scores.append,
            )
            asked = _answered(doubts, scores[0])


def _answered(doubts: Generator[Asked, tuple[float, ...], int], scores: tuple[float, ...]) -> Asked | None:
    """The next question; None: there is none."""
    try:
        return doubts.send(scores)
    except StopIteration:
        return None
