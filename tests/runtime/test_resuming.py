"""A process that ends after any entry of its journal: the next finishes what was begun, and does it once."""

import asyncio
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from antiphon.contracts import Busy, JournalEntry
from antiphon.runtime import EngineChoice, Session
from antiphon.runtime.cast_typed import uncommitted
from antiphon.runtime.conversation import Item
from antiphon.runtime.events import ReplyEnded, SessionEvent, ToolCalled
from antiphon.runtime.hub import open_hub
from antiphon.runtime.replaying import replay
from antiphon.runtime.settings import ReplyRequest
from antiphon.samp.state import State

from .stage import TYPED, no_weights, scripted_config
from .test_mcp_servers import seen
from .test_tools import ORDERS, Orders
from .virtual import in_virtual_time, passes


@cache
def ordered() -> tuple[list[JournalEntry], State]:
    """A conversation in which something was ordered, and the state it came to."""

    @in_virtual_time
    async def talk() -> tuple[list[JournalEntry], State]:
        stage = Orders("-", "Which colour?", "Your number is 17.", slow_ms=300)
        await stage.is_silent_until(ReplyEnded)
        await stage.told("five pieces please")
        await stage.told("red one please")
        await stage.is_silent(3_000)
        assert stage.session.playing is not None
        return list(stage.journal), stage.session.playing.state

    return talk()


@in_virtual_time
async def lives_on(before: list[JournalEntry]) -> Orders:
    """Another process goes on with what is written down, and hears silence."""
    again = Orders("-", "I see.", "I see.", "I see.", slow_ms=300, shelf={"sess_1": before})
    await again.is_silent(1_500)
    await again.session.close()
    await passes(1)
    return again


def test_wherever_it_ends_nothing_that_was_committed_is_lost_and_nothing_is_done_twice() -> None:
    journal, whole = ordered()
    begun = next(n for n, e in enumerate(journal) if e.kind == "tool_called")
    committed = max(n for n, e in enumerate(journal) if e.kind == "caller_turn_committed")
    seen = set[str]()
    for cut in (*range(4, committed, 9), *range(committed, min(committed + 14, len(journal)))):
        before, confirmed = journal[:cut], cut > committed
        again = lives_on(before)
        assert again.session.playing is not None
        state = again.session.playing.state
        assert replay(again.journal).difference is None, cut
        if confirmed:
            assert state.place == whole.place, f"the move was lost after entry {cut}"
            assert {name: each.value for name, each in state.slots.items()} == {"count": 5.0, "colour": "red"}
        # Made before it ended, if that was written down; or else now, if it was confirmed.
        assert len(again.made) == (confirmed and cut <= begun), f"after entry {cut}"
        assert len(state.called) == confirmed
        seen |= {each.status for each in state.called}
        begins = [e.body["id"] for e in again.journal if e.kind == "tool_called" and _begins(e)]
        assert len(set(begins)) == len(begins)
    assert seen == {"done", "failed"}


def _begins(entry: JournalEntry) -> bool:
    return entry.body["status"] == "running"


@in_virtual_time
async def test_what_was_typed_and_not_yet_answered_is_answered_by_the_next_process() -> None:
    first = Orders("Which colour?", settings=TYPED)
    first.types("five pieces please", "item_1")
    await passes(0.2)
    again = Orders("Which colour?", settings=TYPED, shelf={"sess_1": list(first.journal)})
    await again.asks(ReplyRequest())
    assert again.session.playing is not None
    assert again.session.playing.state.slots["count"].value == 5.0


_ORDERS_PY = """\
from threading import Event
go_on = Event()
def order(count: float, colour: str) -> str:
    go_on.wait(10)
    return "order 17"
"""


async def written(session: Session) -> None:
    """Its tool has ended."""
    for _ in range(1_000):
        if session.still_writing is None:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the tool does not end")


@pytest.mark.parametrize("ends", ["before", "between", "after"])
async def test_who_goes_on_takes_the_pen_from_a_life_whose_tool_still_runs(tmp_path: Path, ends: str) -> None:
    """The tool ends before the journal is read, after that, or once the conversation has gone on."""
    (tmp_path / "orders.py").write_text(_ORDERS_PY)
    (tmp_path / "shop.yaml").write_text(ORDERS)
    config = scripted_config(cast=str(tmp_path / "shop.yaml"))
    config.engines["embedder"] = EngineChoice(use="scripted")
    hub = await open_hub(config, weights=no_weights, progress=lambda _: None)
    tool = sys.modules["antiphon_tools_orders"]
    events: list[SessionEvent] = []
    try:
        session = hub.open_session(events.append, TYPED)
        for number, words in enumerate(("five pieces please", "red one please")):
            session.create_item(Item(id=f"item_{number}", kind="message", text=words))
            session.respond(ReplyRequest())
            await seen(events, ReplyEnded, number + 1)
        await seen(events, ToolCalled, 1)
        await hub.close_session(session)
        before = None if ends == "before" else await hub.earlier(session.id)
        if ends != "after":
            tool.go_on.set()
            await written(session)
        if ends == "between":
            assert before is not None
            with pytest.raises(Busy, match="has just been written to"):
                hub.open_session(events.append, TYPED, before=before)
        before = before if ends == "after" else await hub.earlier(session.id)
        assert before is not None
        again = hub.open_session(events.append, TYPED, before=before)
        tool.go_on.set()
        await written(session)
        await hub.close_session(again)
        assert await hub.earlier(session.id) is not None  # read behind what was to be written
        entries = await hub.recorded(session.id, 10_000)
    finally:
        tool.go_on.set()
        await hub.close()
    assert replay(entries).difference is None
    told = [entry.body["status"] for entry in entries if entry.kind == "tool_called"]
    assert told == ["running", "failed" if ends == "after" else "done"]


def test_what_was_typed_is_owed_until_it_is_committed_or_taken_back() -> None:
    def entry(kind: str, **body: Any) -> JournalEntry:
        return JournalEntry(session="s", sequence=1, at=0, kind=kind, body=body)

    def typed(name: str, **more: Any) -> JournalEntry:
        item = {"id": name, "kind": "message", "role": "user", "text": name}
        return JournalEntry(session="s", sequence=1, at=0, kind="item_created", body=item | more)

    committed = entry("caller_turn_committed", turn=1, text="a", typed=True)
    assert uncommitted([typed("a"), typed("b")]) == [("a", "a"), ("b", "b")]
    assert uncommitted([typed("a"), committed, typed("b")]) == [("b", "b")]
    spoken = entry("caller_turn_committed", turn=1, text="a and more", spoken="and more")
    assert uncommitted([typed("a"), spoken, typed("b")]) == [("b", "b")]
    alone = entry("caller_turn_committed", turn=1, text="and more")
    assert uncommitted([typed("a"), alone]) == [("a", "a")]
    assert uncommitted([typed("a"), entry("item_deleted", id="a")]) == []
    assert uncommitted([typed("a", role="assistant"), typed("b", text=" ")]) == []
    assert uncommitted([typed("a"), typed("b", role="assistant"), typed("c")]) == [("c", "c")]
    assert Item(id="a", kind="message", text="a").role == "user"
