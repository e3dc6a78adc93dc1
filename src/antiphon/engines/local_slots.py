"""Which conversation owns which slot of the model's prompt cache.

llama.cpp keeps one key-value cache per slot and reuses as much of it as the next prompt begins with. So a
conversation is fast as long as it comes back to its own slot and nobody was there in between. The rules:

* a conversation has one slot and keeps it until all slots are taken and it is the one unheard for longest;
* a slot serves one call at a time, and calls of the same conversation wait for each other;
* calls without a conversation (an empty key) take what is free and no conversation's, if there is such a
  slot, and of these the one that already holds most of what they are about to read;
* what another slot holds of the same beginning may be copied from it, as long as nobody uses that one.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from threading import Condition

from antiphon.contracts import NEVER, Cancel

_POLL_SECONDS = 0.02


class Slot:
    """One cache of the model, and what is known to lie in it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.key = ""
        self.busy = False
        self.used = 0
        self._tokens: list[int] = []
        self._read = 0

    def holds(self, read: list[int], then: Sequence[int] = ()) -> None:
        """Note that the model has read `read`, and after it said words that are probably spelled `then`."""
        self._tokens = [*read, *then]
        self._read = len(read)

    def doubt(self, tokens: Sequence[int]) -> None:
        """Forget the last token if `tokens` seem to be all here and only the model can tell."""
        if self.shared(tokens) == len(tokens) > self._read:
            self._tokens = self._tokens[: len(tokens) - 1]

    def shared(self, tokens: Sequence[int]) -> int:
        """How many leading tokens of `tokens` lie in this cache."""
        for at, (mine, theirs) in enumerate(zip(self._tokens, tokens, strict=False)):
            if mine != theirs:
                return at
        return min(len(self._tokens), len(tokens))

    def loss(self, tokens: Sequence[int]) -> int:
        """How many cached tokens reading `tokens` would overwrite."""
        return len(self._tokens) - self.shared(tokens)


class Slots:
    """Hands out slots, never the same one twice at a time."""

    def __init__(self, count: int) -> None:
        self._slots = [Slot(number) for number in range(count)]
        self._changed = Condition()
        self._clock = 0

    def take(self, key: str, tokens: Sequence[int], cancel: Cancel) -> Slot | None:
        """The slot of the conversation `key`, about to read `tokens`; None once `cancel` is raised."""
        with self._changed:
            while not cancel.is_set():
                if slot := self._free(key, tokens):
                    return self._claim(slot, key)
                self._changed.wait(_POLL_SECONDS)
        return None

    def take_beside(self, key: str, tokens: Sequence[int], may_lose: int) -> Slot:
        """A slot to read `tokens` in that costs the conversation `key` at most `may_lose` cached tokens."""
        with self._changed:
            while (owned := self._owned(key)) and owned.busy:
                self._changed.wait(_POLL_SECONDS)
            if owned and owned.loss(tokens) <= may_lose:
                return self._claim(owned, key)
        slot = self.take("", tokens, NEVER)
        assert slot is not None
        return slot

    def give_back(self, slot: Slot) -> None:
        """Let the next call have it; what it holds stays."""
        with self._changed:
            slot.busy = False
            self._changed.notify_all()

    @contextmanager
    def lender(self, slot: Slot, tokens: Sequence[int], at_least: int) -> Generator[Slot | None]:
        """A slot that holds `at_least` tokens more of what `tokens` begin with than `slot` does, for a while.

        None: there is none, or somebody is using it. Whose it is does not change.
        """
        with self._changed:
            free = [other for other in self._slots if not other.busy]
            best = max(free, key=lambda other: other.shared(tokens), default=None)
            if best is not None and best.shared(tokens) < slot.shared(tokens) + at_least:
                best = None
            if best is not None:
                best.busy = True
        try:
            yield best
        finally:
            if best is not None:
                self.give_back(best)

    def _claim(self, slot: Slot, key: str) -> Slot:
        assert not slot.busy
        self._clock += 1
        slot.key, slot.busy, slot.used = key, True, self._clock
        return slot

    def _owned(self, key: str) -> Slot | None:
        return next((slot for slot in self._slots if slot.key == key), None) if key else None

    def _free(self, key: str, tokens: Sequence[int]) -> Slot | None:
        if owned := self._owned(key):
            return None if owned.busy else owned
        free = [slot for slot in self._slots if not slot.busy]
        return min(free, key=lambda slot: (bool(slot.key), _rank(slot, tokens)), default=None)


def _rank(slot: Slot, tokens: Sequence[int]) -> int:
    """Least for the conversation unheard for longest, or for nobody's slot that knows most of `tokens`."""
    return slot.used if slot.key else -slot.shared(tokens)
