"""What is said over plain HTTP."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse

from antiphon.contracts import TurnReport
from antiphon.runtime import events as ev
from antiphon.server.feed import WATCHER_BACKLOG, WATCHERS, Records, sse_line

from .fakes import FakeHub, FakeSession
from .line import listening


def _report(turn: int = 1, **more: Any) -> TurnReport:
    return TurnReport(
        turn=turn,
        revisions=1,
        outcome="answered",
        said="hi",
        answer="hello",
        heard="hello",
        started_at_ms=10.0,
        **more,
    )


async def test_alive_and_ready(hub: FakeHub) -> None:
    hub.ready = False
    async with listening(hub, key="secret") as line:
        assert (await line.get("/healthz"))[0] == 200
        assert (await line.get("/readyz"))[0] == 503
        hub.ready = True
        assert (await line.get("/readyz"))[0] == 200


async def test_models_as_clients_expect_them(hub: FakeHub) -> None:
    async with listening(hub) as line:
        status, models = await line.get("/v1/models")
    assert status == 200
    assert models["object"] == "list"
    assert models["data"][0]["id"] == "antiphon"
    assert models["data"][0]["object"] == "model"


async def test_the_front_page_says_what_to_do(hub: FakeHub) -> None:
    async with listening(hub) as line, line.http.get(line.url + "/") as page:
        assert f"{line.url}/v1/realtime" in await page.text()


@pytest.mark.parametrize("path", ["/nowhere", "/v1/sessions/sess_none", "/v1/sessions/sess_none/turns"])
async def test_what_is_not_there_is_told_as_json(hub: FakeHub, path: str) -> None:
    async with listening(hub) as line:
        status, told = await line.get(path)
    assert status == 404
    assert told["error"]["type"] == "invalid_request_error"


async def test_a_page_load_is_no_websocket(hub: FakeHub) -> None:
    async with listening(hub) as line:
        assert (await line.get("/v1/realtime"))[0] == 426
        async with line.http.delete(line.url + "/v1/models") as response:
            assert response.status == 405
            assert response.headers["Allow"]
    assert hub.opened == []


async def test_other_names_for_this_machine_are_not_answered(hub: FakeHub) -> None:
    async with listening(hub) as line:
        status, told = await line.get("/v1/models", headers={"Host": "rebound.example"})
    assert status == 403
    assert told["error"]["code"] == "forbidden_host"


async def test_turns_outlive_their_session(hub: FakeHub) -> None:
    async with listening(hub) as line:
        async with await line.connect() as socket:
            session_id = (await socket.receive_json())["session"]["id"]
            hub.opened[0].reports = (
                _report(1, sent_ms=400.0),
                _report(2),
                _report(1, sent_ms=400.0, heard_ms=450.0),
            )
            status, turns = await line.get(f"/v1/sessions/{session_id}/turns")
            assert status == 200
            assert [(turn["turn"], turn["heard_ms"]) for turn in turns["data"]] == [(1, 450.0), (2, None)]
            assert (await line.get("/v1/sessions"))[1]["data"] == [
                (await line.get(f"/v1/sessions/{session_id}"))[1]
            ]
        async with asyncio.timeout(2):
            while (await line.get(f"/v1/sessions/{session_id}"))[1]["open"]:
                pass
        _, session = await line.get(f"/v1/sessions/{session_id}")
        assert session["turns"] == 2
        assert session["median_sent_ms"] == 400.0
        assert len((await line.get(f"/v1/sessions/{session_id}/turns"))[1]["data"]) == 2


async def test_a_listener_reports_what_it_has_played(hub: FakeHub) -> None:
    async with listening(hub) as line, await line.connect() as socket:
        session_id = (await socket.receive_json())["session"]["id"]
        url = f"{line.url}/v1/sessions/{session_id}/playout"
        async with line.http.post(url, json={"item_id": "item_1", "played_ms": 320}) as response:
            assert response.status == 204
        assert hub.opened[0].acknowledged == [("item_1", 320)]
        for wrong in ({"item_id": "item_1"}, {"item_id": "x", "played_ms": -1}, ["x"], {"played_ms": "1"}):
            async with line.http.post(url, json=wrong) as response:
                assert response.status == 400
        async with line.http.post(url, data=b"\xff") as response:
            assert response.status == 400
        async with line.http.post(url.replace(session_id, "sess_none"), json={}) as response:
            assert response.status == 404


async def _event(response: ClientResponse) -> tuple[str, Any]:
    name = ""
    async with asyncio.timeout(2):
        while line := (await response.content.readline()).decode():
            if line.startswith("event: "):
                name = line.removeprefix("event: ").strip()
            elif line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
    return "", None


async def test_a_watcher_sees_the_facts_and_the_end(hub: FakeHub) -> None:
    async with listening(hub) as line:
        socket = await line.connect()
        session_id = (await socket.receive_json())["session"]["id"]
        async with line.http.get(f"{line.url}/v1/sessions/{session_id}/events") as feed:
            assert feed.headers["Content-Type"] == "text/event-stream"
            session = hub.opened[0]
            item_id = session.caller_says("good morning", from_ms=100, to_ms=900)
            assert await _event(feed) == ("speech_started", {"item_id": item_id, "at_ms": 100})
            assert await _event(feed) == ("speech_stopped", {"item_id": item_id, "at_ms": 900})
            assert (await _event(feed))[0] == "item_added"
            assert await _event(feed) == ("transcript", {"item_id": item_id, "text": "good morning"})
            session.emit(ev.TurnMeasured(_report(sent_ms=321.0)))
            name, measured = await _event(feed)
            assert name == "turn_measured"
            assert msgspec.convert(measured["report"], TurnReport).sent_ms == 321.0
            await socket.close()
            assert await _event(feed) == ("end", {})


def _session() -> FakeSession:
    return FakeHub().open_session(lambda _: None)


def test_sound_is_never_shown() -> None:
    session = _session()
    shown: list[bytes | None] = []
    session._emit_out = lambda event: shown.append(sse_line(event))
    session.agent_begins()
    session.agent_says("hi")
    assert [line.split(b"\n")[0] for line in shown if line] == [b"event: reply_started", b"event: reply_text"]


async def test_a_watcher_that_falls_behind_is_let_go() -> None:
    record = Records().open(_session())
    slow = record.watch()
    assert slow is not None
    for at_ms in range(WATCHER_BACKLOG + 10):
        record.tell(ev.SpeechStarted("item_1", at_ms))
    assert slow.behind
    seen = [await slow.wait_next() for _ in range(WATCHER_BACKLOG + 1)]
    assert seen[-1] is None
    assert None not in seen[:-1]


def test_watchers_are_bounded() -> None:
    record = Records().open(_session())
    watchers = [record.watch() for _ in range(WATCHERS + 1)]
    assert watchers[-1] is None
    assert watchers[0] is not None
    record.unwatch(watchers[0])
    assert record.watch() is not None


async def test_closed_sessions_make_room() -> None:
    records = Records(closed_kept=2)
    hub = FakeHub()
    opened = [records.open(hub.open_session(lambda _: None)) for _ in range(3)]
    for record in opened:
        records.close(record)
    assert [record.id for record in records.all()] == [record.id for record in opened[1:]]
    ended = opened[2].watch()
    assert ended is not None
    assert await ended.wait_next() is None
