"""What a model is in the habit of saying: guesses at its next tokens, to be checked in one evaluation.

On a CPU that reads all weights for every evaluation, a second token in it costs a fifth of a step of its own.
So tokens that were said after the same ones before are evaluated along with the last one; each draw then says
whether the next guess was right. What is said is exactly what would have been said without guessing.
(Speculative decoding, Leviathan et al. 2023, with the drafts of n-gram lookup instead of a second model.)
"""

from collections import Counter, deque
from collections.abc import Sequence
from itertools import islice
from threading import Lock

LONGEST = 3
"""A guess goes by so many tokens before it, or by fewer where those are new."""
AT_MOST = 3
"""Tokens guessed in a row."""
LEAST_SHARE = 0.35
"""A guess is made if it has been right so often, all guesses of the row taken together."""
ANSWERS_KEPT = 1000
TOKENS_KEPT = 64
"""Of each answer, from its beginning."""


class Habits:
    """Counts of what followed what in the newest answers of one model. For any thread."""

    def __init__(self) -> None:
        self._answers: deque[tuple[int, ...]] = deque()
        self._followers: dict[tuple[int, ...], Counter[int]] = {}
        self._lock = Lock()

    def learn(self, answer: Sequence[int]) -> None:
        """Take in an answer that was said; the oldest is forgotten for it."""
        kept = tuple(islice(answer, TOKENS_KEPT))
        with self._lock:
            self._answers.append(kept)
            self._count(kept, 1)
            if len(self._answers) > ANSWERS_KEPT:
                self._count(self._answers.popleft(), -1)

    def next(self, said: Sequence[int]) -> tuple[int, ...]:
        """What probably follows the beginning of an answer; at its very beginning, nothing."""
        behind, guesses, share = list(said[-LONGEST:]), list[int](), 1.0
        with self._lock:
            while behind and len(guesses) < AT_MOST:
                token, likely = self._likeliest(behind)
                share *= likely
                if share < LEAST_SHARE:
                    break
                guesses.append(token)
                behind = [*behind, token][-LONGEST:]
        return tuple(guesses)

    def _likeliest(self, behind: list[int]) -> tuple[int, float]:
        for start in range(len(behind)):
            followers = self._followers.get(tuple(behind[start:]))
            if followers:
                token, times = max(followers.items(), key=lambda item: item[1])
                # As if it had once been something else: seen once is half a habit.
                return token, times / (followers.total() + 1)
        return -1, 0.0

    def _count(self, answer: tuple[int, ...], by: int) -> None:
        for place, token in enumerate(answer):
            for start in range(max(0, place - LONGEST), place):
                before = answer[start:place]
                followers = self._followers.setdefault(before, Counter())
                followers[token] += by
                if not followers[token]:
                    del followers[token]
                if not followers:
                    del self._followers[before]
