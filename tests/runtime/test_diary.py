"""A session's pen: in order, without gaps, and without holding up the conversation."""

import asyncio
from collections.abc import Sequence

import pytest

from antiphon.contracts import EngineBroken, JournalEntry
from antiphon.engines.scripted import ScriptedJournal
from antiphon.runtime import diary as diary_module
from antiphon.runtime.clock import Clock
from antiphon.runtime.diary import Diary
from antiphon.runtime.events import SessionFailed, TurnMeasured
from antiphon.runtime.lanes import Lane
from antiphon.runtime.pen import Pen

from .stage import QUICK, Stage
from .virtual import VirtualThreads, in_virtual_time, passes


class Shaky(ScriptedJournal):
    """A journal that fails while it is told to, and counts its transactions."""

    def __init__(self) -> None:
        super().__init__({})
        self.broken = False
        self.transactions: list[int] = []

    def append(self, entries: Sequence[JournalEntry]) -> None:
        if self.broken:
            raise EngineBroken("shaky", "the disk is full")
        super().append(entries)
        self.transactions.append(len(entries))

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.read("sess_1")]


class Desk:
    """A diary and all that it needs."""

    def __init__(self, gather_s: float = 0.0) -> None:
        self.threads, self.journal = VirtualThreads(), Shaky()
        self.warnings: list[str] = []
        self.diary = Diary(
            "sess_1",
            Clock(asyncio.get_running_loop().time),
            Pen(self.journal, Lane(self.journal, self.threads), gather_s=gather_s),
            warn=self.warnings.append,
        )


@in_virtual_time
async def test_entries_are_numbered_and_dated_when_they_happened() -> None:
    desk = Desk()
    desk.threads.delay_ms = 500
    desk.diary.note("one", {"a": 1})
    await passes(0.1)
    desk.diary.note("two", {})
    await passes(2)
    assert [(e.sequence, e.at, e.kind, dict(e.body)) for e in desk.journal.read("sess_1")] == [
        (1, 0, "one", {"a": 1}),
        (2, 2_400, "two", {}),
    ]


@in_virtual_time
async def test_what_is_noted_in_a_moment_is_one_transaction_but_the_first_entry_does_not_wait() -> None:
    desk = Desk(gather_s=0.02)
    for number in range(3):
        desk.diary.note(f"kind_{number}", {})
    await passes(0.001)
    assert desk.journal.kinds() == ["kind_0"]
    await passes(0.03)
    assert desk.journal.transactions == [1, 2]


@in_virtual_time
async def test_many_entries_are_one_transaction() -> None:
    desk = Desk()
    desk.threads.hold = True
    for number in range(50):
        desk.diary.note(f"kind_{number}", {})
    desk.threads.release()
    assert desk.journal.transactions == [50]


@in_virtual_time
async def test_a_failure_is_told_once_and_made_good_without_a_gap() -> None:
    desk = Desk()
    desk.diary.note("before", {})
    await passes(0.01)
    desk.journal.broken = True
    desk.diary.note("during", {})
    await passes(0.01)
    desk.diary.note("still", {})
    await passes(0.01)
    desk.journal.broken = False
    desk.diary.note("after", {})
    await passes(0.01)
    assert desk.journal.kinds() == ["before", "during", "still", "after"]
    assert desk.warnings == ["shaky: the disk is full"]


@in_virtual_time
async def test_a_journal_that_never_recovers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diary_module, "UNWRITTEN_MAX", 3)
    desk = Desk()
    desk.journal.broken = True
    for number in range(10):
        desk.diary.note(f"kind_{number}", {})
        await passes(0.01)
    desk.journal.broken = False
    desk.diary.note("too late", {})
    await passes(0.01)
    assert desk.journal.kinds() == []
    assert len(desk.warnings) == 1


@in_virtual_time
async def test_a_conversation_survives_its_journal() -> None:
    stage = Stage(QUICK)

    def broken(entries: Sequence[JournalEntry]) -> None:
        raise OSError("the disk is gone")

    stage.parts.journal.append = broken
    for words in ("first question", "second question"):
        await stage.says(words)
        await stage.is_silent_until(TurnMeasured, len(stage.all(TurnMeasured)) + 1)
    warned = stage.only(SessionFailed)
    assert (warned.code, warned.fatal) == ("journal_failed", False)
    assert len(stage.session.items) == 4
