"""The playout ledger: which words lie where in the sound of a reply, and so which of them were heard."""

from collections.abc import Iterable

from antiphon.contracts import TimedWord


def heard_words(words: Iterable[TimedWord], heard_samples: int) -> tuple[TimedWord, ...]:
    """The words heard when playout stopped after `heard_samples`: those at least half of which was played."""
    return tuple(
        word
        for word in words
        if word.start_sample < heard_samples and word.start_sample + word.end_sample <= 2 * heard_samples
    )


def text_of(words: Iterable[TimedWord]) -> str:
    """The words as a text."""
    return " ".join(word.text for word in words)


class Ledger:
    """Chunks of speech, in the order they are played, whatever order they were made in.

    A chunk is *ready* once every chunk before it is there; only ready chunks have a place in the sound.
    """

    def __init__(self) -> None:
        self.samples = 0
        """Length of all ready chunks, at 24 kHz."""
        self.words: tuple[TimedWord, ...] = ()
        """Of all ready chunks, positions from the reply's first sample."""
        self._next = (0, 0)
        self._early: dict[tuple[int, int], tuple[int, tuple[TimedWord, ...], bool]] = {}

    @property
    def clauses(self) -> int:
        """How many clauses are ready whole."""
        return self._next[0]

    def add(
        self, clause: int, chunk: int, samples: int, words: tuple[TimedWord, ...], last: bool
    ) -> list[tuple[int, int]]:
        """Enter a chunk; one that was entered before is ignored.

        Returns:
            The `(clause, chunk)` pairs that have become ready and hold sound, in playing order.
        """
        if (clause, chunk) < self._next:
            return []
        self._early[clause, chunk] = (samples, words, last)
        ready: list[tuple[int, int]] = []
        while self._next in self._early:
            place = self._next
            samples, words, last = self._early.pop(place)
            self.words += tuple(
                TimedWord(w.text, self.samples + w.start_sample, self.samples + w.end_sample) for w in words
            )
            self.samples += samples
            if samples:
                ready.append(place)
            self._next = (place[0] + 1, 0) if last else (place[0], place[1] + 1)
        return ready
