"""Message flows in Twilio's shapes, against sessions that do what the test tells them to."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from antiphon.contracts import CLOCK_HZ
from antiphon.runtime import Limits
from antiphon.runtime import events as ev
from antiphon.server.formats import Downlink
from antiphon.server.twilio import call as call_module

from .carrier import QUIET, SID, calling, piece, started
from .fakes import TONE, FakeHub, FakeSession
from .line import Line, listening

CONNECTED = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
PATH = "/v1/twilio"


@asynccontextmanager
async def _stream(
    line: Line, *messages: dict[str, Any], path: str = PATH
) -> AsyncGenerator[ClientWebSocketResponse]:
    async with line.http.ws_connect(line.url + path) as socket:
        for message in (CONNECTED, *messages):
            await socket.send_json(message)
        yield socket


async def _until(happened: Any, seconds: float = 3) -> None:
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110 - the server's own doing
            await asyncio.sleep(0.005)


async def _code(socket: ClientWebSocketResponse) -> int | None:
    """How the server hung up."""
    async with asyncio.timeout(3):
        while (await socket.receive()).type is not WSMsgType.CLOSE:
            pass
    return socket.close_code


async def _told(socket: ClientWebSocketResponse, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(3):
        return [json.loads((await socket.receive()).data) for _ in range(count)]


def _speak(session: FakeSession, words: int, reply: str, item: str = "item_a") -> None:
    """Words of 40 ms, each told before its sound."""
    for number in range(words):
        start = 40 * number
        session.emit(
            ev.ReplyText(
                reply_id=reply, item_id=item, output_index=0, text="la", start_ms=start, end_ms=start + 40
            )
        )
        audio = np.concatenate([TONE, TONE])
        session.emit(ev.ReplyAudio(reply_id=reply, item_id=item, output_index=0, audio=audio))


async def test_a_whole_call_in_the_documented_shapes(hub: FakeHub) -> None:
    tone = Downlink("audio/pcmu").encode((0.3 * np.sin(np.arange(4_800) / 10)).astype(np.float32))
    pieces = [piece(n + 1, tone[160 * n : 160 * n + 160], sequence=n + 2) for n in range(10)]
    async with listening(hub) as line, _stream(line, started(), *pieces) as socket:
        await _until(lambda: hub.opened and sum(map(len, hub.opened[0].heard)) == 4_800)
        (session,) = hub.opened
        assert np.abs(np.concatenate(session.heard)).max() == pytest.approx(0.3, abs=0.05)
        _speak(session, 2, session.agent_begins())
        told = await _told(socket, 7)
        assert [one["event"] for one in told] == ["media", "mark", "media", "mark", "media", "media", "mark"]
        assert {one["streamSid"] for one in told} == {SID}
        assert all(len(one["media"]["payload"]) == 216 for one in told if one["event"] == "media")
        names = [one["mark"]["name"] for one in told if one["event"] == "mark"]
        for name in (*names, names[0], "never sent"):
            mark = {"event": "mark", "sequenceNumber": "12", "streamSid": SID, "mark": {"name": name}}
            await socket.send_json(mark)
        await socket.send_json({"event": "stop", "sequenceNumber": "20", "streamSid": SID, "stop": {}})
        assert await _code(socket) == 1000
        assert session.acknowledged == [("item_a", 20), ("item_a", 40), ("item_a", 80)]
        await _until(lambda: session.closed)


async def test_marks_that_a_clear_returns_tell_nothing(hub: FakeHub) -> None:
    async with listening(hub) as line, calling(line.http, line.url) as carrier:
        await carrier.until(lambda: hub.opened)
        (session,) = hub.opened
        _speak(session, 100, session.agent_begins())
        await carrier.until(lambda: len(carrier.echoed) >= 4)
        session.agent_ends("cancelled", "turn_detected")
        await carrier.until(lambda: carrier.returned)
        await asyncio.sleep(0.1)
        assert len(carrier.returned) > 90
        assert len(session.acknowledged) <= len(carrier.echoed)
        assert max(played for _, played in session.acknowledged) < 400, "four seconds were sent"
        silent_from = carrier.cleared_at[0]
        assert not any(sound for at, sound in carrier.played if at > silent_from + 0.03)


async def test_a_reply_that_never_sounded_is_not_cleared(hub: FakeHub) -> None:
    async with listening(hub) as line, calling(line.http, line.url) as carrier:
        await carrier.until(lambda: hub.opened)
        (session,) = hub.opened
        session.agent_begins()
        session.agent_ends("cancelled", "turn_detected")
        _speak(session, 1, session.agent_begins())
        session.agent_ends()
        await carrier.until(lambda: session.acknowledged)
        assert not carrier.cleared_at


async def test_what_does_not_fill_a_frame_leaves_soon(hub: FakeHub) -> None:
    async with listening(hub) as line, _stream(line, started()) as socket:
        await _until(lambda: hub.opened)
        (session,) = hub.opened
        reply = session.agent_begins()
        session.emit(ev.ReplyAudio(reply_id=reply, item_id="item_a", output_index=0, audio=TONE[:240]))
        told = await _told(socket, 2)
        assert [one["event"] for one in told] == ["media", "mark"]
        assert len(told[0]["media"]["payload"]) == 216


async def test_the_line_may_fall_silent(hub: FakeHub) -> None:
    async with listening(hub) as line, _stream(line, started(), piece(1, QUIET)):
        await _until(lambda: hub.opened and sum(map(len, hub.opened[0].heard)) > CLOCK_HZ // 2)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (piece(1, QUIET), 1008),
        ({"event": "start"}, 1008),
        ({**started(), "start": {**started()["start"], "streamSid": "<x>"}}, 1008),
        (started(colour="blue"), 1008),
        (started(greet="loudly"), 1008),
        (started(voice="nobody"), 1008),
        (started(instructions="x" * 600), 1008),
        (
            {
                **started(),
                "start": {
                    **started()["start"],
                    "mediaFormat": {"encoding": "audio/l16", "sampleRate": 16000, "channels": 1},
                },
            },
            1008,
        ),
        ({"no": "event"}, 1008),
    ],
)
async def test_what_is_no_stream_is_hung_up_on(hub: FakeHub, wrong: dict[str, Any], code: int) -> None:
    async with listening(hub) as line, _stream(line, wrong) as socket:
        assert await _code(socket) == code
    assert not hub.sessions


async def test_nonsense_in_a_call_is_passed_over_and_in_the_end_it_is_not(hub: FakeHub) -> None:
    odd = [
        "{",
        "[]",
        json.dumps({"event": "media", "media": {"payload": "???", "timestamp": "1", "chunk": "1"}}),
        json.dumps({"event": "media", "media": {"payload": "", "timestamp": "-1", "chunk": "1"}}),
        json.dumps({"event": "dtmf", "dtmf": {"digit": "tree"}}),
        json.dumps({"event": "mark"}),
        json.dumps(started()),
        json.dumps(piece(1, bytes(9_000))),
        json.dumps(piece(1, bytes(20_000))),
    ]
    async with listening(hub) as line, _stream(line, started()) as socket:
        for message in (*odd, json.dumps({"event": "a new kind"}), json.dumps(piece(1, QUIET))):
            await socket.send_str(message)
        await _until(lambda: hub.opened and hub.opened[0].heard)
        for _ in range(call_module.ODD_MAX):
            await socket.send_str("{")
        assert await _code(socket) == 1008
        await _until(lambda: hub.opened[0].closed)


async def test_a_stream_that_never_starts(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_module, "START_S", 0.05)
    async with listening(hub) as line, _stream(line) as socket:
        assert await _code(socket) == 1008


async def test_all_lines_are_busy() -> None:
    hub = FakeHub(most=1)
    async with listening(hub) as line, _stream(line, started()):
        await _until(lambda: hub.opened)
        async with _stream(line, started()) as other:
            assert await _code(other) == 1013


async def test_nobody_talks_for_ever(hub: FakeHub) -> None:
    async with listening(hub, limits=Limits(session_seconds=1)) as line, _stream(line, started()) as socket:
        assert await _code(socket) == 1000
        await _until(lambda: hub.opened[0].closed)


async def test_a_session_that_fails_ends_its_call(hub: FakeHub) -> None:
    async with listening(hub) as line, _stream(line, started()) as socket:
        await _until(lambda: hub.opened)
        hub.opened[0].emit(ev.SessionFailed("voice_activity_failed", "gone", fatal=True))
        assert await _code(socket) == 1011


async def test_models_that_load_and_requests_that_are_none(hub: FakeHub) -> None:
    async with listening(hub) as line:
        assert (await line.get(PATH))[0] == 426
        hub.ready = False
        with pytest.raises(WSServerHandshakeError) as refused:
            await line.http.ws_connect(line.url + PATH)
        assert refused.value.status == 503
