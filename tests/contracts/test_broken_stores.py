"""Embedders, memories, journals and evaluators that break their contracts are caught, and told how."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.contracts import (
    ContractBroken,
    Draw,
    EngineSetup,
    JournalEntry,
    Recall,
    RecallQuery,
    Subject,
    Utterance,
)
from antiphon.contracts.conformance import Broken, Samples
from antiphon.contracts.conformance import embedder as vectors
from antiphon.contracts.conformance import evaluator as judges
from antiphon.contracts.conformance import journal as journals
from antiphon.contracts.conformance import memory as memories
from antiphon.engines.scripted import ScriptedEmbedder, ScriptedEvaluator, ScriptedJournal, ScriptedMemory

Setup = Callable[..., EngineSetup]


class Unscaled(ScriptedEmbedder):
    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().embed(texts) * np.float32(3.0)


class Doubles(ScriptedEmbedder):
    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().embed(texts).astype(np.float64)


class LooksAtNeighbours(ScriptedEmbedder):
    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.roll(super().embed(texts), len(texts), axis=1)


class Alike(ScriptedEmbedder):
    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().embed([""] * len(texts))


@pytest.mark.parametrize(
    ("kind", "check", "sentence"),
    [
        (Unscaled, vectors.check_rows_are_unit_vectors, r"has length 3\.0000; every row must have length 1"),
        (Doubles, vectors.check_rows_are_unit_vectors, r"gave float64 .* it must be float32 of \(3, 256\)"),
        (LooksAtNeighbours, vectors.check_same_text_same_row, "the same text must always give the same row"),
        (Alike, vectors.check_similar_texts_lie_near, "texts that say the same must be more similar"),
    ],
)
def test_broken_embedder(
    kind: type[ScriptedEmbedder], check: Callable[[ScriptedEmbedder], None], sentence: str, setup: Setup
) -> None:
    with pytest.raises(Broken, match=sentence):
        check(kind.open(setup()))


class Generous(ScriptedMemory):
    """A budget is a suggestion."""

    def recall(self, query: RecallQuery, count_tokens: Callable[[str], int]) -> Recall:
        return super().recall(
            RecallQuery(text="", budget_tokens=99, conversation=query.conversation), count_tokens
        )


class CountsItsOwnWay(ScriptedMemory):
    def recall(self, query: RecallQuery, count_tokens: Callable[[str], int]) -> Recall:
        found = super().recall(query, count_tokens)
        return Recall(found.context, len(found.context) // 5, found.sources)


class CannotForget(ScriptedMemory):
    def forget(self, ids: Sequence[str]) -> int:
        return len(set(ids) & set(self._known))


class LearnsAnew(ScriptedMemory):
    def ingest(self, utterances: Sequence[Utterance]) -> None:
        self._known.update({utterance.id: utterance for utterance in utterances})


class Amnesiac(ScriptedMemory):
    def ingest(self, utterances: Sequence[Utterance]) -> None:
        pass


class MakesUpSources(ScriptedMemory):
    def recall(self, query: RecallQuery, count_tokens: Callable[[str], int]) -> Recall:
        found = super().recall(query, count_tokens)
        return Recall(found.context, found.tokens, (*found.sources, "conformance-made-up"))


@pytest.mark.parametrize(
    ("kind", "check", "sentence"),
    [
        (
            Generous,
            memories.check_keeps_the_budget,
            "for a budget of 0, counted in words; the budget is a hard bound",
        ),
        (
            CountsItsOwnWay,
            memories.check_keeps_the_budget,
            "the number must be what the given counter counts",
        ),
        (CannotForget, memories.check_forgets, "a forgotten utterance and all that rests on it must be gone"),
        (LearnsAnew, memories.check_learns_an_id_once, "was learned anew; it must stay as it was"),
        (Amnesiac, memories.check_learns_what_was_said, "what was just said about it must be in the context"),
        (
            MakesUpSources,
            memories.check_sources_are_known,
            "which were never learned; they must be known ids",
        ),
    ],
)
def test_broken_memory(
    kind: type[ScriptedMemory], check: Callable[[ScriptedMemory], None], sentence: str, setup: Setup
) -> None:
    with pytest.raises(Broken, match=sentence):
        check(kind.open(setup()))


class TakesAnything(ScriptedJournal):
    """Neither gaps nor changes trouble it."""

    def append(self, entries: Sequence[JournalEntry]) -> None:
        for entry in entries:
            self._shelf.setdefault(entry.session, []).append(entry)


class OneByOne(ScriptedJournal):
    """What comes before the bad entry stays."""

    def append(self, entries: Sequence[JournalEntry]) -> None:
        for entry in entries:
            super().append([entry])


class OnlyOnce(ScriptedJournal):
    """A repeated entry is an error, whatever it holds."""

    def append(self, entries: Sequence[JournalEntry]) -> None:
        for entry in entries:
            if entry.sequence <= len(list(self.read(entry.session))):
                raise ContractBroken("taken")
        super().append(entries)


class NewestFirst(ScriptedJournal):
    def read(self, session: str, *, after: int = 0) -> Iterator[JournalEntry]:
        return reversed(list(super().read(session, after=after)))

    def sessions(self) -> tuple[str, ...]:
        return super().sessions()[::-1]


class ForgetsBodies(ScriptedJournal):
    def append(self, entries: Sequence[JournalEntry]) -> None:
        super().append(
            [JournalEntry(session=e.session, sequence=e.sequence, at=e.at, kind=e.kind) for e in entries]
        )


@pytest.mark.parametrize(
    ("kind", "check", "sentence"),
    [
        (TakesAnything, journals.check_gaps_are_refused, "first entry number 0 was accepted"),
        (
            TakesAnything,
            journals.check_a_taken_number_is_refused,
            "number 2 again with another body was accepted",
        ),
        (
            TakesAnything,
            journals.check_the_same_entry_again_changes_nothing,
            r"holds the numbers \[1, 2, 3, 2, .*; it must hold 1 to 3, each once and in order",
        ),
        (OneByOne, journals.check_all_or_none, r"after an append that was refused, .* it must hold 1 to 2"),
        (
            NewestFirst,
            journals.check_reads_on_from_anywhere,
            r"read\(after=0\) gave \[5, 4, 3, 2, 1\]; it must give",
        ),
        (NewestFirst, journals.check_writing_while_reading, "must get at least what was there, in order"),
        (
            ForgetsBodies,
            journals.check_gives_back_what_was_written,
            "must give back the same entries in order",
        ),
    ],
)
def test_broken_journal(
    kind: type[ScriptedJournal], check: Callable[[ScriptedJournal], None], sentence: str, setup: Setup
) -> None:
    with pytest.raises(Broken, match=sentence):
        check(kind.open(setup()))


def test_journal_that_refuses_a_repetition(setup: Setup) -> None:
    with pytest.raises(ContractBroken, match="taken"):
        journals.check_the_same_entry_again_changes_nothing(OnlyOnce.open(setup()))


def test_journal_that_loses_everything(setup: Setup) -> None:
    with pytest.raises(
        Broken, match=r"opened again without closing first, the session holds the numbers \[\]"
    ):
        journals.check_survives_reopening(
            ScriptedJournal.open(setup(shelf={})), lambda: ScriptedJournal.open(setup(shelf={}))
        )


class Moody(ScriptedEvaluator):
    """Chance comes from somewhere else."""

    calls = 0

    def draw(self, subject: Subject, seed: int) -> Draw:
        self.calls += 1
        return super().draw(subject, seed + self.calls)


class ShrugsSilently(ScriptedEvaluator):
    def draw(self, subject: Subject, seed: int) -> Draw:
        return Draw(evaluator="shrugs", subject=subject.id, seed=seed, value=None)


class GivesUpLoudly(ScriptedEvaluator):
    def draw(self, subject: Subject, seed: int) -> Draw:
        return Draw(evaluator="loud", subject=subject.id, seed=seed, value=float(subject.content["score"]))


class JudgesNothing(ScriptedEvaluator):
    def draw(self, subject: Subject, seed: int) -> Draw:
        return Draw(evaluator="zero", subject=subject.id, seed=seed, value=0.0)


class KeepsObjects(ScriptedEvaluator):
    def draw(self, subject: Subject, seed: int) -> Draw:
        return Draw(
            evaluator="objects", subject=subject.id, seed=seed, value=1.0, details={"words": ("a", "b")}
        )


@pytest.mark.parametrize(
    ("kind", "check", "sentence"),
    [
        (ShrugsSilently, judges.check_what_it_cannot_judge_is_missing, "a missing value needs its reason"),
        (GivesUpLoudly, judges.check_what_it_cannot_judge_is_missing, "must be a Draw whose value is None"),
        (JudgesNothing, judges.check_what_it_cannot_judge_is_missing, "there is nothing to judge"),
    ],
)
def test_broken_evaluator(
    kind: type[ScriptedEvaluator], check: Callable[[ScriptedEvaluator], None], sentence: str, setup: Setup
) -> None:
    with pytest.raises(Broken, match=sentence):
        check(kind.open(setup()))


@pytest.mark.parametrize(
    ("kind", "check", "sentence"),
    [
        (Moody, judges.check_draws_are_well_formed, r"draw\.seed is 1 and 0 was asked for"),
        (Moody, judges.check_same_seed_same_draw, "the same seed must give the same draw"),
        (KeepsObjects, judges.check_draws_are_well_formed, "its details must be JSON-compatible"),
        (ShrugsSilently, judges.check_judges_something, "what the card lists must be judged"),
    ],
)
def test_evaluator_with_broken_draws(
    kind: type[ScriptedEvaluator],
    check: Callable[[ScriptedEvaluator, Samples], None],
    sentence: str,
    setup: Setup,
) -> None:
    with pytest.raises(Broken, match=sentence):
        check(kind.open(setup()), Samples())
