"""A server that is killed: nothing that was written is lost, and the conversation goes on."""

import asyncio

import pytest

from antiphon.bench import kills
from antiphon.bench.kills import measure
from antiphon.contracts import JournalEntry


def test_a_killed_server_loses_nothing_and_another_goes_on() -> None:
    result = asyncio.run(measure(3, seed=4))
    assert result.lost == 0, result.kills
    assert sum(kill.resumed for kill in result.kills) == 2
    assert result.sessions == 1
    assert result.kills[-1].entries > 5


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
