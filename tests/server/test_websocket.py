"""Clients on a real line: limits, and every way a conversation can end."""

import asyncio
import base64
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from antiphon.runtime import Limits
from antiphon.runtime import events as ev
from antiphon.server.outbox import MOST_BYTES, Goodbye, Outbox, text_frame
from antiphon.server.pace import Pace

from .client import check_event
from .fakes import FakeHub, FakeSession
from .line import listening


async def _read(socket: ClientWebSocketResponse) -> dict[str, Any]:
    async with asyncio.timeout(2):
        event = await socket.receive_json()
    check_event(event)
    return event


async def _until_closed(session: FakeSession) -> None:
    async with asyncio.timeout(2):
        await session.ended.wait()


async def test_a_whole_turn_over_the_line(hub: FakeHub) -> None:
    async with listening(hub) as line, await line.connect() as socket:
        created = await _read(socket)
        assert created["type"] == "session.created"
        assert created["session"]["model"] == "gpt-realtime"
        assert created["session"]["id"] == hub.opened[0].id

        hub.opened[0].answer = "Hello there"
        await socket.send_json({"type": "response.create", "response": {"metadata": {"a": "b"}}})
        seen = [await _read(socket)]
        while seen[-1]["type"] != "response.done":
            seen.append(await _read(socket))
        sound = [event["delta"] for event in seen if event["type"] == "response.output_audio.delta"]
        assert [len(base64.b64decode(delta)) for delta in sound] == [960, 960]


async def test_a_session_ends_with_its_client(hub: FakeHub) -> None:
    async with listening(hub) as line:
        async with await line.connect() as socket:
            await _read(socket)
        await _until_closed(hub.opened[0])


async def test_a_client_may_vanish_in_the_middle_of_a_word(hub: FakeHub) -> None:
    async with listening(hub) as line:
        before = asyncio.all_tasks()
        socket = await line.connect()
        await _read(socket)
        hub.opened[0].agent_begins()
        hub.opened[0].agent_says("Once upon a")
        socket._response.connection.transport.abort()  # no goodbye, as when a cable is pulled
        await _until_closed(hub.opened[0])
        hub.opened[0].agent_says("time")
        await socket.close()
        left = [task for task in asyncio.all_tasks() - before if "Line._" in repr(task)]
        await asyncio.gather(*left)


async def test_a_client_that_stops_reading_is_let_go_and_others_are_not(hub: FakeHub) -> None:
    async with listening(hub, limits=Limits(outbound_messages=50)) as line:
        stuck, other = await line.connect(), await line.connect()
        await _read(other)
        assert await stuck.receive_json()
        stuck._response.connection.transport.pause_reading()
        long_word = "x" * 100_000
        hub.opened[0].agent_begins()
        for _ in range(10_000):
            hub.opened[0].agent_says(long_word)
            await asyncio.sleep(0)
            if hub.opened[0].closed:
                break
        assert hub.opened[0].closed
        assert not hub.opened[1].closed
        await other.send_json({"type": "session.update", "session": {"instructions": "Still here."}})
        assert (await _read(other))["session"]["instructions"] == "Still here."
        await other.close()
        stuck._response.connection.transport.abort()
        await stuck.close()


async def test_no_room_is_told_before_the_upgrade() -> None:
    hub = FakeHub(most=1)
    async with listening(hub) as line, await line.connect() as first:
        await _read(first)
        with pytest.raises(WSServerHandshakeError) as refused:
            await line.connect()
        assert refused.value.status == 503
        assert refused.value.headers is not None
        assert refused.value.headers["Retry-After"] == "10"


async def test_loading_is_told_before_the_upgrade(hub: FakeHub) -> None:
    hub.ready = False
    async with listening(hub) as line:
        with pytest.raises(WSServerHandshakeError) as refused:
            await line.connect()
        assert refused.value.status == 503
        assert refused.value.headers is not None
        assert refused.value.headers["Retry-After"] == "2"
        hub.ready = True
        async with await line.connect() as socket:
            await _read(socket)


async def test_a_message_a_little_too_large_is_refused(hub: FakeHub) -> None:
    async with listening(hub, limits=Limits(message_bytes=1_000)) as line, await line.connect() as socket:
        await _read(socket)
        await socket.send_json({"type": "input_audio_buffer.append", "audio": "A" * 2_000})
        assert (await _read(socket))["error"]["code"] == "message_too_large"
        assert hub.opened[0].heard == []
        await socket.send_json({"type": "input_audio_buffer.clear"})
        assert (await _read(socket))["type"] == "input_audio_buffer.cleared"


async def test_a_message_far_too_large_ends_the_connection(hub: FakeHub) -> None:
    async with listening(hub, limits=Limits(message_bytes=1_000)) as line, await line.connect() as socket:
        await _read(socket)
        await socket.send_json({"type": "input_audio_buffer.append", "audio": "A" * 9_000})
        assert (await socket.receive()).type is WSMsgType.CLOSE
        assert socket.close_code == 1009
        await _until_closed(hub.opened[0])


async def test_binary_messages_and_broken_text_are_refused(hub: FakeHub) -> None:
    async with listening(hub) as line, await line.connect() as socket:
        await _read(socket)
        await socket.send_bytes(b"\0\0")
        assert (await _read(socket))["error"]["code"] == "invalid_message"
        await socket.send_frame(b"\xff\xfe{", WSMsgType.TEXT)
        assert (await _read(socket))["error"]["code"] == "invalid_json"


async def test_a_session_expires(hub: FakeHub) -> None:
    async with listening(hub, limits=Limits(session_seconds=0)) as line, await line.connect() as socket:
        await _read(socket)
        assert (await _read(socket))["error"]["code"] == "session_expired"
        assert (await socket.receive()).type is WSMsgType.CLOSE
        assert socket.close_code == 1000
        await _until_closed(hub.opened[0])


async def test_a_fatal_failure_is_read_before_the_end(hub: FakeHub) -> None:
    async with listening(hub) as line, await line.connect() as socket:
        await _read(socket)
        hub.opened[0].emit(ev.SessionFailed("engine_broken", "Nothing works.", fatal=True))
        assert (await _read(socket))["error"]["code"] == "engine_broken"
        assert (await socket.receive()).type is WSMsgType.CLOSE
        assert socket.close_code == 1011


async def test_a_server_that_stops_says_goodbye(hub: FakeHub) -> None:
    async with listening(hub) as line:
        socket = await line.connect()
        await _read(socket)
        async with asyncio.TaskGroup() as group:
            group.create_task(line.server.close())
            assert (await socket.receive()).type is WSMsgType.CLOSE
        assert socket.close_code == 1001
        assert hub.opened[0].closed


async def test_the_subprotocol_is_accepted(hub: FakeHub) -> None:
    offered = ("realtime", "openai-insecure-api-key.secret")
    async with listening(hub, key="secret") as line, await line.connect(protocols=offered) as socket:
        assert socket.protocol == "realtime"


async def test_a_key_is_never_offered_alone(hub: FakeHub, caplog: pytest.LogCaptureFixture) -> None:
    async with listening(hub, key="secret") as line:
        with pytest.raises(WSServerHandshakeError) as refused:
            await line.connect(protocols=("openai-insecure-api-key.secret",))
    assert refused.value.status == 400
    assert "secret" not in caplog.text


async def test_the_key_is_asked_for(hub: FakeHub) -> None:
    async with listening(hub, key="secret") as line:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
            with pytest.raises(WSServerHandshakeError) as refused:
                await line.connect(headers=headers)
            assert refused.value.status == 401
        async with await line.connect(headers={"Authorization": "Bearer secret"}) as socket:
            await _read(socket)


async def test_a_page_from_elsewhere_may_not_connect(hub: FakeHub) -> None:
    async with listening(hub) as line:
        with pytest.raises(WSServerHandshakeError) as refused:
            await line.connect(headers={"Origin": "https://evil.example"})
        assert refused.value.status == 403
        async with await line.connect(headers={"Origin": "http://localhost:5173"}) as socket:
            await _read(socket)


async def test_an_unknown_call_is_refused(hub: FakeHub) -> None:
    async with listening(hub) as line:
        with pytest.raises(WSServerHandshakeError) as refused:
            await line.connect("call_id=rtc_1")
        assert refused.value.status == 404
    assert hub.opened == []


def test_a_burst_is_no_offence_and_a_flood_waits() -> None:
    pace = Pace(per_second=10, now_s=0.0)
    assert [pace.take(0.0) for _ in range(100)] == [0.0] * 100
    assert pace.take(0.0) == pytest.approx(0.1)
    assert pace.take(0.0) == pytest.approx(0.2)
    assert pace.take(0.4) == 0.0
    assert pace.take(3_600.0) == 0.0


async def test_a_flood_is_slowed_down(hub: FakeHub) -> None:
    limits = Limits(requests_per_second=5)
    async with listening(hub, limits=limits) as line, await line.connect() as socket:
        await _read(socket)
        before = asyncio.get_running_loop().time()
        for _ in range(51):
            await socket.send_json({"type": "input_audio_buffer.clear"})
        for _ in range(51):
            await _read(socket)
        assert asyncio.get_running_loop().time() - before > 0.15


async def test_what_waits_is_not_overtaken_when_the_line_is_free_again(hub: FakeHub) -> None:
    async with listening(hub) as line, await line.connect() as slow:
        await _read(slow)
        transport = slow._response.connection.transport
        transport.pause_reading()
        hub.opened[0].agent_begins()
        for _ in range(40):
            hub.opened[0].agent_says("x" * 100_000)
            await asyncio.sleep(0)
        transport.resume_reading()
        numbers = list[int]()
        for _ in range(100):
            hub.opened[0].agent_says("more")
            numbers.append(int((await _read(slow))["event_id"].rpartition("_")[2]))
        assert numbers == list(range(numbers[0], numbers[0] + 100))


@pytest.mark.parametrize(
    ("length", "head"),
    [(125, "817d"), (126, "817e007e"), (65_535, "817effff"), (65_536, "817f0000000000010000")],
)
def test_a_text_frame_says_how_long_it_is(length: int, head: str) -> None:
    assert text_frame(b"x" * length) == bytes.fromhex(head) + b"x" * length


async def test_an_outbox_keeps_its_bound_and_its_order() -> None:
    outbox = Outbox(2)
    assert outbox.put(b"1")
    assert outbox.put(b"2")
    assert not outbox.put(b"3")
    outbox.close(Goodbye(1000))
    assert outbox.put(b"too late")
    assert [await outbox.wait_next() for _ in range(3)] == [b"1", b"2", Goodbye(1000)]


async def test_an_outbox_is_bounded_in_bytes_too() -> None:
    outbox = Outbox(1000)
    large = bytes(MOST_BYTES // 2)
    assert outbox.put(large)
    assert outbox.put(large)
    assert not outbox.put(b"one more")
    await outbox.wait_next()
    assert outbox.put(b"there is room again")
