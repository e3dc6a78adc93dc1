"""How many words of a transcript are wrong."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.contracts import ConfigInvalid, ContractBroken, Draw, EngineCard, EngineSetup, Subject
from antiphon.evals.wording import normalize

__all__ = ["Errors", "Pair", "WordError", "normalize", "word_errors"]

Pair: TypeAlias = tuple[str | None, str | None]
"""A word of the reference beside one of the hypothesis; None where the other side has nothing to match."""

_WORDS_MAX = 5_000
"""Of reference and hypothesis each, about half an hour of talk: the work grows with the product of both."""

# Prices of a change. The fewest changes win; among equals the fewest substitutions, for more words are right.
_LOST_WORD = 2 * _WORDS_MAX + 1
_OTHER_WORD = _LOST_WORD + 1


class Errors(msgspec.Struct, frozen=True):
    """How a hypothesis differs from its reference, with the fewest changes there can be."""

    substitutions: int
    deletions: int
    """Words of the reference that are missing."""
    insertions: int
    """Words that nobody said."""
    words: int
    """Of the reference."""
    alignment: tuple[Pair, ...] = ()
    """Both texts side by side, in order."""

    @property
    def errors(self) -> int:
        """All changes together."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Errors per word of the reference, above 1 when much was made up; None without words."""
        return self.errors / self.words if self.words else None


class WordError:
    """The word error rate of a transcript; not a matter of opinion, so the seed changes nothing."""

    card: ClassVar[EngineCard] = EngineCard(
        name="word_error",
        part="evaluator",
        summary="The share of words that a transcript gets wrong, after spelling is evened out.",
        licence="Apache-2.0",
        languages=("en",),
        capabilities=frozenset({"subject:transcript"}),
        concurrency=4,
    )

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """It has no settings."""
        if setup.settings:
            raise ConfigInvalid(
                tuple(f"evaluator.word_error has no setting {key!r}" for key in setup.settings)
            )
        return cls()

    def draw(self, subject: Subject, seed: int) -> Draw:
        """The error rate of the text `hypothesis` against the text `reference`."""
        said, heard = subject.content.get("reference"), subject.content.get("hypothesis")
        if subject.kind != "transcript" or not isinstance(said, str) or not isinstance(heard, str):
            return self._missing(
                subject, seed, "it takes a transcript with the texts reference and hypothesis"
            )
        try:
            found = word_errors(said, heard)
        except ContractBroken as error:
            return self._missing(subject, seed, str(error))
        if found.rate is None:
            return self._missing(subject, seed, "the reference has no words to count errors in")
        return Draw(
            evaluator=self.card.name,
            subject=subject.id,
            seed=seed,
            value=found.rate,
            details=_details(found),
        )

    def _missing(self, subject: Subject, seed: int, reason: str) -> Draw:
        return Draw(evaluator=self.card.name, subject=subject.id, seed=seed, value=None, missing=reason)

    def close(self) -> None:
        """Nothing to let go of."""


def word_errors(reference: str, hypothesis: str) -> Errors:
    """Align the normalized words of both texts with the fewest substitutions, deletions and insertions.

    Of alignments with equally many, one with most words right is taken.

    Raises:
        ContractBroken: a text has more than 5,000 words.
    """
    said, heard = normalize(reference), normalize(hypothesis)
    if max(len(said), len(heard)) > _WORDS_MAX:
        raise ContractBroken(f"a text has more than {_WORDS_MAX} words; measure it in pieces")
    pairs = _aligned(said, heard)
    return Errors(
        substitutions=sum(None not in pair and pair[0] != pair[1] for pair in pairs),
        deletions=sum(pair[1] is None for pair in pairs),
        insertions=sum(pair[0] is None for pair in pairs),
        words=len(said),
        alignment=tuple(pairs),
    )


def _details(found: Errors) -> dict[str, Any]:
    wrong = [list(pair) for pair in found.alignment if pair[0] != pair[1]]
    return {
        "words": found.words,
        "substitutions": found.substitutions,
        "deletions": found.deletions,
        "insertions": found.insertions,
        "wrong": wrong,
    }


def _aligned(said: Sequence[str], heard: Sequence[str]) -> list[Pair]:
    costs = _costs(said, heard)
    pairs: list[Pair] = []
    row, column = len(said), len(heard)
    while row or column:
        cost = costs[row, column]
        one = said[row - 1] if row else None
        other = heard[column - 1] if column else None
        if (
            one is not None
            and other is not None
            and cost == costs[row - 1, column - 1] + (one != other) * _OTHER_WORD
        ):
            pairs.append((one, other))
            row, column = row - 1, column - 1
        elif one is not None and cost == costs[row - 1, column] + _LOST_WORD:
            pairs.append((one, None))
            row -= 1
        else:
            pairs.append((None, other))
            column -= 1
    return pairs[::-1]


def _costs(said: Sequence[str], heard: Sequence[str]) -> NDArray[np.int32]:
    """At [i, j]: the price of changing the first i words of `said` into the first j of `heard`."""
    numbers = {word: number for number, word in enumerate({*said, *heard})}
    columns = np.arange(len(heard) + 1, dtype=np.int32) * _LOST_WORD
    heard_numbers = np.array([numbers[word] for word in heard], np.int32)
    costs = np.empty((len(said) + 1, len(heard) + 1), np.int32)
    costs[0] = columns
    for row, word in enumerate(said, start=1):
        best = costs[row - 1] + _LOST_WORD
        best[1:] = np.minimum(best[1:], costs[row - 1, :-1] + (heard_numbers != numbers[word]) * _OTHER_WORD)
        # An insertion is added to its left neighbour: a running minimum, once that slope is taken off.
        costs[row] = np.minimum.accumulate(best - columns) + columns
    return costs
