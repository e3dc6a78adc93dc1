"""A server that is killed: nothing that was written is lost, and the conversation goes on."""

import asyncio
from pathlib import Path

import pytest

from antiphon.bench import kills, kills_orders
from antiphon.bench.kills import measure
from antiphon.contracts import JournalEntry


def test_a_killed_server_loses_nothing_and_another_goes_on(tmp_path: Path) -> None:
    first = asyncio.run(measure(2, 4, tmp_path, at_most=1))
    assert len(first.kills) == 1
    result = asyncio.run(measure(2, 4, tmp_path))
    assert result.lost == 0, result.kills
    assert result.kills[:1] == first.kills
    assert sum(kill.resumed for kill in result.kills) == 1
    assert result.sessions == 1
    assert result.kills[-1].entries > 5


def called(number: int, *statuses: str) -> list[JournalEntry]:
    body = {"id": f"order-{number}", "arguments": {"count": float(number)}}
    return [
        JournalEntry(session="s", sequence=1, at=0, kind="tool_called", body={**body, "status": status})
        for status in statuses
    ]


def test_an_order_that_was_placed_twice_or_that_nobody_wrote_down_is_seen(tmp_path: Path) -> None:
    marks = tmp_path / "marks.txt"
    marks.write_text("1000\n1001\n1001\n1003\n1009\n")
    entries = [
        *called(1000, "running", "done"),
        *called(1001, "running", "done"),
        *called(1002, "running", "done"),
        *called(1003, "running", "failed"),
        *called(1004, "running"),
    ]
    found = list(kills_orders.wrong(entries, kills_orders.placed(marks)))
    assert found == [
        "order 1001 was placed 2 times",
        "order 1002 is said to be done, and was never placed",
    ]
    assert kills_orders.unknown([entries], kills_orders.placed(marks)) == (1009,)
    summed = kills_orders.summed([entries], kills_orders.placed(marks))
    assert (summed.begun, summed.known_done, summed.cut_off, summed.cut_off_placed) == (5, 3, 2, 1)
    assert summed.twice == (1001,)


def test_each_order_has_a_number_of_its_own() -> None:
    numbers = [line for life in (0, 1) for line in kills_orders.says(life) if line[0].isdigit()]
    assert len(set(numbers)) == len(numbers) == 2 * kills_orders.PER_LIFE


def test_it_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """An opening that was begun twice, a gap, and an item that was told and not written."""
    client = kills._Client()
    client.told = [(0.0, "item_1"), (99.0, "item_2")]
    heard = {"turn": 1, "heard": "Good day, what", "scene": "hello", "persona": "clerk"}
    entries = [
        JournalEntry(session="s", sequence=number, at=0, kind="reply_ended", body=heard) for number in (1, 3)
    ]
    told = "\n".join(kills._wrong(entries, client, killed_at=50.0))
    assert "'Good day,' was begun twice" in told
    assert "the entry's number" in told
    assert "the journal has not item_1" in told
    assert "item_2" not in told
