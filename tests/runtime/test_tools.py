"""Tools in a live conversation: when they run, what is said meanwhile, and that they run once."""

import asyncio
from asyncio import Event, wait_for
from datetime import date
from pathlib import Path
from threading import Event as Flag
from typing import Any

import msgspec
import pytest

from antiphon.contracts import ConfigInvalid, EngineSetup, JournalEntry
from antiphon.engines.scripted import ScriptedEmbedder
from antiphon.runtime.casting import Staged
from antiphon.runtime.events import ReplyEnded, ToolCalled
from antiphon.runtime.replaying import replay
from antiphon.runtime.toolbox import RESULT_CHARS_MAX, Outcome, Toolbox, open_toolbox
from antiphon.samp import Decider, check_cast, read_cast
from antiphon.samp.fold import fold
from antiphon.samp.state import Called, initial
from antiphon.samp.tools import UNKNOWN, tool_lines

from .shop import SHOP, text_of
from .stage import QUICK, Stage, no_weights
from .virtual import VirtualThreads, in_virtual_time, passes, until

_ORDERED = SHOP.replace(
    "    checklist: [{ask: colour}]\n    ends: true",
    "    checklist: [{ask: colour}]\n    ways: [{to: bye, if: done, does: order}]\n"
    "  bye: {plays: clerk, aim: Say goodbye., opening: Thank you and goodbye., ends: true}",
).replace("voice: low, manner: Friendly.", "voice: low, manner: Friendly., may: [order]")
ORDERS = f"""{_ORDERED}\
tools:
  order:
    about: Orders it.
    runs: orders:order
    needs: [count, colour]
    bridge: One moment.
    changes: true
"""


class Orders(Stage):
    """A shop whose clerk orders, with a list of what was ordered."""

    def __init__(self, *answers: str, settings: Any = QUICK, slow_ms: float = 0, **more: Any) -> None:
        cast = read_cast(ORDERS)
        self.made: list[dict[str, Any]] = []
        self.threads = VirtualThreads()
        self.threads.delay_ms = slow_ms

        def order(arguments: Any) -> str:
            self.made.append(dict(arguments))
            return "order 17"

        embedder = ScriptedEmbedder.open(EngineSetup(weights=no_weights))
        staged = Staged(
            cast,
            ORDERS,
            Decider(cast, embedder),
            lambda: date(2026, 5, 6),
            Toolbox({"order": order}, threads=self.threads),
        )
        super().__init__(settings, answers=answers, staged=staged, **more)

    async def told(self, words: str) -> ReplyEnded:
        before = len(self.all(ReplyEnded))
        await self.says(words)
        await self.is_silent_until(ReplyEnded, before + 1)
        return self.all(ReplyEnded)[before]


@in_virtual_time
async def test_a_tool_runs_once_its_bridge_is_said_and_then_what_came_of_it() -> None:
    stage = Orders("-", "Which colour?", "Your number is 17.", slow_ms=900)
    await stage.is_silent_until(ReplyEnded)
    await stage.told("five pieces please")
    assert stage.made == []
    reply = await stage.told("red one please")
    assert text_of(reply) == "One moment."
    await stage.is_silent_until(ReplyEnded, 4)
    told = text_of(stage.all(ReplyEnded)[3])
    assert told.startswith("Thank you and goodbye.")
    assert stage.made == [{"count": 5.0, "colour": "red"}]
    assert [(each.status, each.result) for each in stage.all(ToolCalled)] == [
        ("running", None),
        ("done", "order 17"),
    ]
    assert stage.session.playing is not None
    (called,) = stage.session.playing.state.called
    assert (called.status, called.text, called.told) == ("done", "order 17", True)
    await stage.is_silent(3_000)
    assert len(stage.all(ReplyEnded)) == 4, "it goes on telling"
    assert fold(read_cast(ORDERS), stage.journal) == stage.session.playing.state


@in_virtual_time
async def test_nothing_is_done_for_a_turn_that_was_only_guessed() -> None:
    stage = Orders("-", "Which colour?", "Certainly.")
    await stage.is_silent_until(ReplyEnded)
    await stage.told("five pieces please")
    await stage.says("red", then_silent_ms=220)
    assert stage.made == []
    await stage.says("wait I mean blue", then_silent_ms=0)
    await stage.is_silent_until(ReplyEnded, 3)
    await stage.is_silent(1_000)
    assert len(stage.made) <= 1


@in_virtual_time
async def test_what_ran_when_the_process_died_is_not_run_again() -> None:
    stage = Orders("-", "Which colour?", "Certainly.", slow_ms=60_000)
    await stage.is_silent_until(ReplyEnded)
    await stage.told("five pieces please")
    await stage.told("red one please")
    await until(lambda: any(entry.kind == "tool_called" for entry in stage.journal))
    shelf: dict[str, list[JournalEntry]] = {"sess_1": list(stage.journal)}
    again = Orders("-", "-", "I am sorry.", "I am sorry.", shelf=shelf)
    assert again.made == []
    assert again.session.playing is not None
    (called,) = again.session.playing.state.called
    assert (called.status, called.text) == ("failed", UNKNOWN)
    await again.is_silent(2_000)
    assert again.made == []


@in_virtual_time
async def test_a_tool_that_takes_too_long_or_fails_is_told_as_failed_and_once() -> None:
    threads = VirtualThreads()
    threads.delay_ms = 5_000
    told: list[Outcome] = []
    made: list[Any] = []
    Toolbox({"slow": made.append}, threads=threads, limit_s=1.0).call("slow", {}, told.append)
    await until(lambda: bool(told))
    assert (told[0].status, told[0].text) == ("failed", "it could not begin within 1 s")
    await passes(10)
    assert made == [], "it was told as failed, and then done"

    def breaks(_: Any) -> object:
        raise ValueError("no such table")

    threads.delay_ms = 0
    box = Toolbox({"breaks": breaks, "long": lambda _: "x" * 5000}, threads=threads)
    box.call("breaks", {}, told.append)
    await until(lambda: len(told) == 2)
    assert told[1].text == "ValueError: no such table"
    box.call("long", {}, told.append)
    await until(lambda: len(told) == 3)
    assert len(told[2].text) == RESULT_CHARS_MAX


async def test_of_a_tool_that_has_begun_and_takes_too_long_nobody_knows_what_came() -> None:
    go_on, told = Flag(), asyncio.get_running_loop().create_future()
    Toolbox({"slow": lambda _: go_on.wait(5)}, limit_s=0.02).call("slow", {}, told.set_result)
    outcome = await wait_for(told, 5)
    go_on.set()
    assert (outcome.status, outcome.text) == ("failed", f"it took longer than 0.02 s; {UNKNOWN}")


@in_virtual_time
async def test_what_cannot_be_written_down_is_not_done() -> None:
    stage = Orders("-", "Which colour?", "I am sorry.")
    await stage.is_silent_until(ReplyEnded)
    await stage.told("five pieces please")

    def full(_: Any) -> None:
        raise OSError("the disk is full")

    stage.parts.journal.append = full
    await stage.told("red one please")
    await stage.is_silent(1_000)
    assert stage.made == []
    assert [(each.status, each.result) for each in stage.all(ToolCalled)][1:] == [
        ("failed", "it could not be written down")
    ]


@in_virtual_time
async def test_who_hangs_up_while_a_tool_runs_has_its_outcome_in_the_journal() -> None:
    stage = Orders("-", "Which colour?", "Certainly.", slow_ms=900)
    await stage.is_silent_until(ReplyEnded)
    await stage.told("five pieces please")
    await stage.says("red one please")
    await stage.is_silent_until(ToolCalled)
    assert stage.session.still_writing is not None
    await stage.session.close()
    await passes(2)
    assert stage.session.still_writing is None
    ends = [entry.body["status"] for entry in stage.journal if entry.kind == "tool_called"]
    assert ends == ["running", "done"]
    assert replay(stage.journal).difference is None


def test_what_nobody_knows_is_not_told_as_not_done() -> None:
    cast = read_cast(ORDERS)
    failed = Called("order-1", "order", 1, "failed", f"it took longer than 10 s; {UNKNOWN}")
    (line,) = tool_lines(cast, msgspec.structs.replace(initial(cast), called=(failed,)))
    assert line.startswith("Nobody knows whether this was done: Orders it.")
    refused = msgspec.structs.replace(failed, text="no such table")
    (line,) = tool_lines(cast, msgspec.structs.replace(initial(cast), called=(refused,)))
    assert line.startswith("This could not be done")


EXAMPLES = Path(__file__).parents[2] / "examples"


async def test_the_examples_tools_run_with_what_they_need_and_nothing_else() -> None:
    cast = read_cast((EXAMPLES / "restaurant.yaml").read_text(encoding="utf-8"))
    box = open_toolbox(cast, EXAMPLES)
    told: list[Outcome] = []
    booking = {"guests": 4.0, "day": "2026-05-08", "hour": "19:30", "caller": "Helen Brook"}
    both = Event()

    def tell(outcome: Outcome) -> None:
        told.append(outcome)
        if len(told) == 2:
            both.set()

    box.call("book_table", booking, tell)
    box.call("book_table", {**booking, "guests": "many"}, tell)
    await wait_for(both.wait(), 10)
    assert {each.status for each in told} == {"done", "failed"}
    assert "booking number 1" in {each.text for each in told}
    assert any("Expected `float`" in each.text for each in told)


@pytest.mark.parametrize(
    ("runs", "needs", "problem"),
    [
        ("nowhere:order", "count", "cannot be imported"),
        ("orders:missing", "count", "there is no function missing"),
        ("orders:order", "count", "must be given `colour`"),
        ("orders:order", "count, colour, day", "takes no `day`"),
    ],
)
def test_what_cannot_run_is_told_before_anybody_calls(
    tmp_path: Path, runs: str, needs: str, problem: str
) -> None:
    (tmp_path / "orders.py").write_text("def order(count: float, colour: str) -> str:\n    return colour\n")
    text = ORDERS.replace("orders:order", runs).replace("[count, colour]", f"[{needs}]")
    text = text.replace("slots:\n", "slots:\n  day: {type: date, about: the day}\n")
    cast, _ = check_cast(text)
    assert cast is not None
    with pytest.raises(ConfigInvalid, match=problem):
        open_toolbox(cast, tmp_path)


def test_a_tool_that_changes_something_is_not_for_a_scene() -> None:
    _, problems = check_cast(ORDERS.replace("aim: Say goodbye.,", "aim: Say goodbye., does: order,"))
    assert any("without being confirmed" in problem.what for problem in problems)
    _, problems = check_cast(ORDERS.replace("may: [order]", "may: []"))
    assert any("may not use `order`" in problem.what for problem in problems)


def test_a_call_begins_once_and_ends_once() -> None:
    cast = read_cast(ORDERS)

    def entry(status: str, text: str = "") -> JournalEntry:
        body = {"id": "order-1", "tool": "order", "turn": 1, "status": status, "text": text}
        return JournalEntry(session="s", sequence=1, at=0, kind="tool_called", body=body)

    ended = [entry("done", "order 17"), entry("failed"), entry("running")]
    state = fold(cast, [entry("running"), entry("running"), *ended])
    assert state.called == (Called("order-1", "order", 1, "done", "order 17"),)
    assert fold(cast, [entry("done")]).called == ()
