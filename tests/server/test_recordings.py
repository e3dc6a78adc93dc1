"""Conversations of the past, in the words of the live feed."""

from typing import Any

from antiphon.contracts import JournalEntry, ticks
from antiphon.runtime.shown import TOLD

from .fakes import FakeHub
from .line import listening


def _write(hub: FakeHub, session: str, *entries: tuple[int, str, dict[str, Any]]) -> None:
    hub.journal.append(
        [
            JournalEntry(session=session, sequence=number, at=ticks(at_ms), kind=kind, body=body)
            for number, (at_ms, kind, body) in enumerate(entries, 1)
        ]
    )


def _told(name: str, **data: Any) -> dict[str, Any]:
    return {"name": name, "data": data}


def _talk(hub: FakeHub, session: str, words: str) -> None:
    _write(
        hub,
        session,
        (0, "session_opened", {"opened_at": "2026-01-02T03:04:05+00:00"}),
        (900, "caller_turn_committed", {"turn": 1, "item": "item_1", "text": words}),
        (900, TOLD, _told("transcript", item_id="item_1", text=words)),
        (2_500, TOLD, _told("turn_measured", report={"turn": 1})),
        (3_000, "session_closed", {}),
    )


async def test_the_newest_come_first_with_what_was_said(hub: FakeHub) -> None:
    _talk(hub, "sess_a", "good morning")
    _talk(hub, "sess_b", "good night")
    async with listening(hub) as line:
        _, listed = await line.get("/v1/recordings")
        _, one = await line.get("/v1/recordings?limit=1")
    assert [(r["id"], r["first_words"], r["turns"], r["duration_ms"]) for r in listed["data"]] == [
        ("sess_b", "good night", 1, 3_000.0),
        ("sess_a", "good morning", 1, 3_000.0),
    ]
    assert listed["data"][0]["opened_at"] == "2026-01-02T03:04:05+00:00"
    assert [r["id"] for r in one["data"]] == ["sess_b"]


async def test_a_recording_is_the_list_the_page_folds(hub: FakeHub) -> None:
    _talk(hub, "sess_a", "good morning")
    async with listening(hub) as line:
        status, recording = await line.get("/v1/recordings/sess_a")
    assert status == 200
    assert recording["id"] == "sess_a"
    assert [(event["at_ms"], event["name"]) for event in recording["events"]] == [
        (0.0, "session_opened"),
        (900.0, "transcript"),
        (2_500.0, "turn_measured"),
        (3_000.0, "session_closed"),
    ]
    assert recording["events"][1]["data"] == {"item_id": "item_1", "text": "good morning"}


async def test_what_cannot_be_had_is_refused(hub: FakeHub) -> None:
    async with listening(hub) as line:
        assert (await line.get("/v1/recordings/sess_none"))[0] == 404
        for limit in ("0", "501", "many", "-1", "²"):
            assert (await line.get("/v1/recordings", params={"limit": limit}))[0] == 400
    async with listening(hub, key="secret", loopback=False) as line:
        assert (await line.get("/v1/recordings"))[0] == 401
