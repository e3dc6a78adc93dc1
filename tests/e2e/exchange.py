"""What passed between caller and agent, measured from outside and accounted for by the server."""

from collections.abc import Callable, Sequence
from math import sqrt

import msgspec

from antiphon.contracts import Audio, TurnReport
from antiphon.contracts.equation import TERMS
from antiphon.evals.word_error import word_errors

from .listener import Listener, Said

TITLE = f"{'here':>6} {'sent':>6} {'resid':>6}  terms, then the words"
ALWAYS = set(TERMS) - {"queue"}  # the event loop may have been free every time


class Exchange(msgspec.Struct, frozen=True):
    """A question and its answer."""

    asked: str
    understood: str
    answer: str
    """The record's words of the answer."""
    answer_sounds_like: str
    """Its sound, as other ears have it."""
    mouth_to_ear_ms: float
    """From the last voiced sample of the question to the first audible one of the answer, on our watch."""
    report: TurnReport
    status: str

    @property
    def difference_ms(self) -> float:
        """How far our watch is from the server's figure."""
        return self.mouth_to_ear_ms - (self.report.sent_ms or 0.0)

    def row(self) -> str:
        """For a table."""
        terms = " ".join(f"{term.name}={term.ms:.0f}" for term in self.report.terms)
        figures = (
            f"{self.mouth_to_ear_ms:6.0f} {self.report.sent_ms or -1:6.0f} {self.report.residual_ms:6.1f}"
        )
        return (
            f"{figures}  {terms} overlap=-{self.report.overlap_ms:.0f} revisions={self.report.revisions}\n"
            f"    asked   {self.asked}\n    heard   {self.understood}\n"
            f"    answer  {self.answer}\n    sounds  {self.answer_sounds_like}"
        )


class Heard(msgspec.Struct, frozen=True):
    """An exchange whose answer nobody has listened to a second time yet."""

    said: Said
    understood: str
    answer: str
    sound: Audio
    mouth_to_ear_ms: float
    report: TurnReport
    status: str

    def transcribed(self, ears: Callable[[Audio], str]) -> Exchange:
        """With the words that `ears` find in its sound."""
        return Exchange(
            asked=self.said.utterance.text,
            understood=self.understood,
            answer=self.answer,
            answer_sounds_like=ears(self.sound),
            mouth_to_ear_ms=self.mouth_to_ear_ms,
            report=self.report,
            status=self.status,
        )


async def answered(listener: Listener, said: Said) -> Heard:
    """Hear the answer to `said` to its end."""
    reply = await listener.answer(said)
    report = msgspec.convert((await listener.reports())[-1], TurnReport)
    first = listener.loudspeaker.first_heard(reply.item_id)
    assert first is not None, f"the answer to {said.utterance.text!r} is silent"
    assert reply.final is not None
    last_voiced_at = listener.spoken_at(said.start + said.utterance.last_voiced)
    return Heard(
        said=said,
        understood=" ".join(listener.understood[-1:]),
        answer=reply.transcript,
        sound=listener.loudspeaker.played(reply.item_id),
        mouth_to_ear_ms=(first.came_at - last_voiced_at) * 1000,
        report=report,
        status=reply.final["status"],
    )


def errors_and_words(pairs: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """Word errors and words over all pairs of what was said and what was heard."""
    found = [word_errors(said, heard) for said, heard in pairs]
    return sum(one.errors for one in found), sum(one.words for one in found)


def assert_accounted_for(exchanges: Sequence[Exchange]) -> None:
    """Two watches agree, and every millisecond has a name."""
    for one in exchanges:
        assert abs(one.difference_ms) < 50, f"here and sent differ by {one.difference_ms:.1f} ms\n{one.row()}"
        assert abs(one.report.residual_ms) < 20, f"{one.report.residual_ms:.1f} ms unexplained\n{one.row()}"
        named_ms = sum(term.ms for term in one.report.terms) - one.report.overlap_ms
        assert abs(named_ms + one.report.residual_ms - (one.report.sent_ms or 0.0)) < 0.01, one.row()
    assert {term.name for one in exchanges for term in one.report.terms} >= ALWAYS


def assert_said_as_written(exchanges: Sequence[Exchange]) -> None:
    """The sound of the answers has the words of the record: no evidence that more than 5 % are wrong.

    The answers are different words each time, and few; the bound is what a voice with 5 % of errors exceeds
    one time in a hundred.
    """
    wrong, words = errors_and_words([(one.answer, one.answer_sounds_like) for one in exchanges])
    print(f"word error of the answers' sound against their record: {wrong} of {words} ({wrong / words:.1%})")
    assert wrong <= 0.05 * words + 2.33 * sqrt(0.05 * 0.95 * words)
