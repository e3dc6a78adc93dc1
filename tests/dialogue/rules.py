"""The rules every conversation keeps, checked command by command, apart from whatever drives it."""

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import pytest

from antiphon.contracts import TERMS, Ticks, TurnReport
from antiphon.dialogue import commands as do


@dataclass
class Rules:
    """Watches the commands of one conversation; a broken rule is an AssertionError."""

    sane: bool = True
    """Whether times and positions in the events make sense, so that those in the commands must."""
    reply: int | None = None
    """The turn whose reply is under way."""
    flushed: bool = False
    voice: int | None = None
    """The announced turn of the caller."""
    last_announced: int = 0
    paused: set[int] = field(default_factory=set[int])
    unsettled: set[int] = field(default_factory=set[int])
    committed_to: Ticks = 0
    cancelled: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    revisions: dict[int, int] = field(default_factory=dict[int, int])
    seen: set[int] = field(default_factory=set[int])
    replied: set[int] = field(default_factory=set[int])
    played: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    guesses: set[int] = field(default_factory=set[int])
    """Turns whose answer is being made before their reply has begun."""
    ended: dict[int, TurnReport] = field(default_factory=dict[int, TurnReport])
    heard: dict[int, str] = field(default_factory=dict[int, str])

    def check(self, command: do.Command, now: Ticks) -> None:
        del now
        self._note(command)
        self._think(command)
        self._speak(command)
        self._listen(command)

    def _think(self, command: do.Command) -> None:
        match command:
            case do.Generate():
                assert self.reply is None, "an answer is made before the last one is known"
                self.guesses.add(command.turn)
                self._work(command.turn, command.revision)
            case do.Prefill():
                assert self.reply is None, "the model reads a record that is about to change"
                self._work(command.turn, command.revision)
            case do.Transcribe() | do.ScoreEndOfTurn() | do.Synthesize():
                self._work(command.turn, command.revision)
            case do.CancelWork():
                assert command.revision >= self.revisions.get(command.turn, 0), "an old revision is cancelled"
                self.cancelled.add((command.turn, command.revision))
                self.guesses.discard(command.turn)
            case _:
                pass

    def _speak(self, command: do.Command) -> None:
        match command:
            case do.StartReply():
                assert self.reply is None, "two replies at once"
                assert self.guesses <= {command.turn}, "a guess outlives what it was made from"
                self.guesses.clear()
                assert command.turn not in self.replied, "a second reply to one turn"
                self.reply, self.flushed = command.turn, False
                self.replied.add(command.turn)
            case do.Play():
                assert command.turn == self.reply, "sound outside its reply"
                assert not self.flushed, "sound after the flush"
                place = command.clause, command.chunk
                assert place > self.played.get(command.turn, (-1, 0)), "a chunk is played twice or late"
                self.played[command.turn] = place
            case do.EmitText():
                assert command.turn == self.reply, "text outside its reply"
            case do.PausePlayout():
                assert command.turn not in self.paused, "paused twice"
                self.paused.add(command.turn)
            case do.ResumePlayout():
                assert command.turn in self.paused, "resumed what was not paused"
                assert not (self.flushed and command.turn == self.reply), "resumed after the flush"
                self.paused.remove(command.turn)
            case do.FlushPlayout():
                assert command.turn == self.reply, "flushed a reply that is not under way"
                assert not self.flushed, "flushed twice"
                self.flushed = True
                self.paused.discard(command.turn)
            case do.EndReply():
                assert command.turn == self.reply, "a reply ended that was not under way"
                assert " ".join(word.text for word in command.words) in (command.heard, "")
                self.reply = None
                self.heard[command.turn] = command.heard
                self.paused.discard(command.turn)
            case _:
                pass

    def _listen(self, command: do.Command) -> None:
        match command:
            case do.AnnounceSpeech():
                assert self.voice is None, "the caller takes the floor twice"
                assert command.turn > self.last_announced, "turns are announced out of order"
                self.voice = self.last_announced = command.turn
            case do.AnnounceSilence():
                assert self.voice == command.turn, "the caller gives a floor not taken"
                self.voice = None
            case do.CommitCallerAudio():
                assert self.voice is None, "committed while the caller holds the floor"
                if self.sane:
                    assert self.committed_to <= command.start <= command.end, "committed audio overlaps"
                    self.committed_to = command.end
                self.unsettled.add(command.turn)
            case do.SettleCallerWords():
                assert command.turn in self.unsettled, "settled twice, or never committed"
                self.unsettled.remove(command.turn)
            case do.EndTurn():
                self._end(command.report)
            case _:
                pass

    def at_the_end(self, now: Ticks) -> None:
        """Everybody is silent and nothing is waited for."""
        del now
        assert self.reply is None, "a reply never ended"
        assert self.voice is None, "the caller never gave the floor"
        assert not self.unsettled, "words were never settled"
        assert not self.paused, "playout stayed paused"
        assert self.seen == set(self.ended), "a turn never ended"

    def _note(self, command: do.Command) -> None:
        if isinstance(command, do.AnnounceIdle | do.EndTurn):
            return
        assert command.turn not in self.ended, "a turn goes on after its end"
        self.seen.add(command.turn)

    def _work(self, turn: int, revision: int) -> None:
        assert revision >= self.revisions.get(turn, 0), "work for a dead revision"
        assert (turn, revision) not in self.cancelled, "work for a cancelled revision"
        self.revisions[turn] = revision

    def _end(self, report: TurnReport) -> None:
        assert report.turn not in self.ended, "a turn ended twice"
        assert report.turn != self.reply, "a turn ended before its reply"
        assert report.turn != self.voice, "a turn ended before its silence was announced"
        assert report.turn not in self.unsettled, "a turn ended before its words were settled"
        assert report.heard == self.heard.get(report.turn, "")
        self.paused.discard(report.turn)
        assert report.turn not in self.guesses, "a guess outlives its turn"
        self.seen.add(report.turn)
        self.ended[report.turn] = report
        if self.sane:
            check_equation(report)

    def is_dead(self, turn: int, revision: int) -> bool:
        """Whether an answer to this revision is an answer to nothing."""
        unknown = turn not in self.revisions
        return unknown or turn in self.ended or self.revisions[turn] != revision


def check_equation(report: TurnReport) -> None:
    """The terms add up to the measured time; none is negative."""
    if report.sent_ms is None:
        assert not report.terms
        return
    assert all(term.ms >= 0 for term in report.terms), "a negative term"
    assert report.overlap_ms >= 0
    total = sum(term.ms for term in report.terms) - report.overlap_ms + report.residual_ms
    assert total == pytest.approx(report.sent_ms, abs=1e-6)
    places = [TERMS.index(term.name) for term in report.terms]
    assert places == sorted(places), "terms out of order"
    for number, span in enumerate(report.spans):
        assert span.start_ms <= span.end_ms
        assert all(cause < number for cause in span.causes)


def frozen(value: Any) -> object:
    """Everything `value` consists of, to be compared with what it consists of later."""
    if is_dataclass(value):
        return tuple(frozen(getattr(value, f.name)) for f in fields(value) if f.name != "out")
    if isinstance(value, dict):
        return tuple((key, frozen(each)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return tuple(frozen(each) for each in value)
    if hasattr(value, "__dict__"):
        return type(value), frozen(vars(value))
    return frozenset(value) if isinstance(value, set) else value
