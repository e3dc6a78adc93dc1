"""Calls: a real WebRTC client against the server, with sessions that say what the test tells them to."""

import asyncio
import gc
import json
import weakref

import aiohttp
import numpy as np
import pytest

from antiphon.runtime import Limits
from antiphon.server.rtc.peer import SDP_BYTES_MAX, checked_offer, offered_addresses

from .client import check_event
from .fakes import FakeHub
from .line import listening
from .phone import Phone, dialled

pytestmark = pytest.mark.paced

CALLS = "/v1/realtime/calls"
OFFER = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"


async def test_a_whole_turn_over_a_call(hub: FakeHub) -> None:
    async with listening(hub) as line, dialled(line.http, line.url) as phone:
        created = phone.of("session.created")[0]
        assert created["session"]["id"] == hub.opened[0].id
        hub.opened[0].answer = "Hello there"
        phone.send("response.create")
        await phone.event("output_audio_buffer.stopped")
        await phone.until(lambda: len(phone.sound()) >= 2)  # two words of 20 ms
    names = phone.names()
    assert names.count("output_audio_buffer.started") == 1
    assert names.index("response.created") < names.index("output_audio_buffer.started")
    assert names.index("response.done") < names.index("output_audio_buffer.stopped")
    assert "response.output_audio.delta" not in names, "the sound goes another way"
    assert "response.output_audio_transcript.delta" in names
    assert not any(name.startswith("antiphon.") for name in names)
    for _, event in phone.events:
        check_event(event)


async def test_the_caller_is_heard(hub: FakeHub) -> None:
    async with listening(hub) as line, dialled(line.http, line.url) as phone:
        phone.microphone.say((0.3 * np.sin(np.arange(4_800) / 10)).astype(np.float32))
        session = hub.opened[0]
        await phone.until(lambda: sum(map(len, session.heard)) > 9_600)
        heard = np.concatenate(session.heard)
        assert 4_000 < np.count_nonzero(np.abs(heard) > 0.05) < 5_500


async def test_who_opts_in_is_told_which_packet_and_may_say_what_was_played(hub: FakeHub) -> None:
    async with listening(hub) as line, dialled(line.http, line.url, query="?ext=1") as phone:
        session = hub.opened[0]
        session.answer = "One two three"
        phone.send("response.create")
        playing = await phone.event("antiphon.playing")
        assert playing["from_ms"] == 0
        assert 0 <= playing["audible_ms"] < 20
        assert 0 <= playing["rtp_timestamp"] < 1 << 32
        phone.send("antiphon.playout", item_id=playing["item_id"], played_ms=40)
        await phone.until(lambda: "output_audio_buffer.stopped" in phone.names())
    assert session.acknowledged == [(playing["item_id"], 40)]


async def test_barge_in_clears_what_has_not_left(hub: FakeHub) -> None:
    async with listening(hub) as line, dialled(line.http, line.url) as phone:
        session = hub.opened[0]
        session.agent_begins()
        session.agent_says(" ".join(["word"] * 200))
        await phone.event("output_audio_buffer.started")
        session.agent_ends("cancelled", "turn_detected")
        await phone.event("output_audio_buffer.cleared")
        await asyncio.sleep(0.3)
        assert 0 < len(phone.sound()) < 100, "two hundred frames were waiting"
    assert "output_audio_buffer.stopped" not in phone.names()


async def test_a_client_may_clear(hub: FakeHub) -> None:
    async with listening(hub) as line, dialled(line.http, line.url) as phone:
        session = hub.opened[0]
        phone.send("output_audio_buffer.clear")
        phone.send("session.update", session={"type": "realtime"})
        await phone.event("session.updated")  # so the first was done, and was no error
        session.agent_begins()
        session.agent_says(" ".join(["word"] * 50))
        await phone.event("output_audio_buffer.started")
        phone.send("output_audio_buffer.clear")
        cleared = await phone.event("output_audio_buffer.cleared")
        assert cleared["response_id"] == (await phone.event("response.done"))["response"]["id"]
    assert not phone.of("error")


async def test_a_form_may_hold_the_session(hub: FakeHub) -> None:
    session = {"type": "realtime", "instructions": "Be a pirate.", "audio": {"output": {"voice": "man"}}}
    async with listening(hub) as line:
        for as_files in (False, True):
            phone, form = Phone(), aiohttp.FormData()
            named = {"filename": "blob"} if as_files else {}
            form.add_field("sdp", await phone.offer(), content_type="application/sdp", **named)
            form.add_field("session", json.dumps(session), content_type="application/json", **named)
            async with line.http.post(line.url + CALLS, data=form) as response:
                await phone.take(response)
            created = phone.of("session.created")[0]["session"]
            assert created["instructions"] == hub.opened[-1].settings.instructions == "Be a pirate."
            assert created["audio"]["output"]["voice"] == "man"
            await phone.hang_up()


async def test_several_at_once(hub: FakeHub) -> None:
    async with (
        listening(hub) as line,
        dialled(line.http, line.url) as one,
        dialled(line.http, line.url) as two,
    ):
        for session, words in zip(hub.opened, ("Hello", "Goodbye"), strict=True):
            session.answer = words
        for phone in (one, two):
            phone.send("response.create")
        for phone, words in ((one, "Hello"), (two, "Goodbye")):
            done = await phone.event("response.output_audio_transcript.done")
            assert done["transcript"] == words


@pytest.mark.parametrize("how", ["route", "client"])
async def test_every_way_to_hang_up_ends_the_session(hub: FakeHub, how: str) -> None:
    async with listening(hub) as line, dialled(line.http, line.url) as phone:
        if how == "route":
            async with line.http.post(f"{line.url}{phone.location}/hangup") as response:
                assert response.status == 200
            await phone.until_closed()
        else:
            await phone.hang_up()
        async with asyncio.timeout(2):
            await hub.opened[0].ended.wait()
        async with line.http.post(f"{line.url}{phone.location}/hangup") as response:
            assert response.status in (200, 404)


async def test_the_session_is_freed_with_its_call(hub: FakeHub) -> None:
    gc.collect()
    gc.disable()
    try:
        async with listening(hub) as line, dialled(line.http, line.url) as phone:
            kept = weakref.ref(hub.opened[0]._emit_out.__self__)
            async with line.http.post(f"{line.url}{phone.location}/hangup"):
                pass
            hub.opened[0]._emit_out = None  # as a real session does when it ends
            await phone.until_closed()
            assert kept() is None
    finally:
        gc.enable()


async def test_a_server_that_stops_says_goodbye(hub: FakeHub) -> None:
    async with listening(hub) as line:
        phone = Phone()
        headers = {"Content-Type": "application/sdp"}
        async with line.http.post(line.url + CALLS, data=await phone.offer(), headers=headers) as response:
            await phone.take(response)
        before = asyncio.get_running_loop().time()
        await line.server.close()
        assert asyncio.get_running_loop().time() - before < 1
        await phone.until_closed()
        await phone.hang_up()
    assert hub.opened[0].closed


async def test_time_is_limited(hub: FakeHub) -> None:
    async with (
        listening(hub, limits=Limits(session_seconds=1)) as line,
        dialled(line.http, line.url) as phone,
    ):
        assert (await phone.event("error"))["error"]["code"] == "session_expired"
        await phone.until_closed()


async def test_a_client_that_never_connects_is_given_up(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.server.rtc.call.CONNECT_S", 0.1)
    async with listening(hub) as line:
        phone = Phone()
        headers = {"Content-Type": "application/sdp"}
        async with line.http.post(line.url + CALLS, data=await phone.offer(), headers=headers) as response:
            assert response.status == 201
        async with asyncio.timeout(2):
            await hub.opened[0].ended.wait()
        await phone.hang_up()


async def test_a_websocket_beside_a_call(hub: FakeHub) -> None:
    async with listening(hub) as line, dialled(line.http, line.url) as phone:
        call_id = phone.location.rpartition("/")[2]
        async with await line.connect(f"call_id={call_id}") as beside:
            created = await beside.receive_json()
            assert created["type"] == "session.created"
            await beside.send_json(
                {"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief."}}
            )
            assert (await beside.receive_json())["type"] == "session.updated"
            assert (await phone.event("session.updated"))["session"]["instructions"] == "Be brief."
            async with line.http.post(f"{line.url}{phone.location}/hangup"):
                pass
            assert (await beside.receive()).type is aiohttp.WSMsgType.CLOSE
        assert (await line.get(f"/v1/realtime?call_id={call_id}"))[0] in (404, 426)


async def test_the_room_is_limited() -> None:
    hub = FakeHub(most=1)
    async with listening(hub) as line, dialled(line.http, line.url):
        phone = Phone()
        headers = {"Content-Type": "application/sdp"}
        async with line.http.post(line.url + CALLS, data=await phone.offer(), headers=headers) as response:
            assert response.status == 503
            assert response.headers["Retry-After"]
        await phone.hang_up()
    hub.ready = False
    async with listening(hub) as line, line.http.post(line.url + CALLS) as response:
        assert response.status == 503


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_offer"),
        (b"\xff\xfe", "invalid_offer"),
        (b"hello", "invalid_offer"),
        (OFFER.encode(), "invalid_offer"),
        (OFFER.encode() + b"m=video 9 UDP/TLS/RTP/SAVPF 97\r\n", "invalid_offer"),
        (OFFER.encode() + b"a=x:" + b"y" * SDP_BYTES_MAX, "invalid_offer"),
    ],
)
async def test_what_is_no_offer_is_refused_and_leaves_nothing(hub: FakeHub, body: bytes, code: str) -> None:
    headers = {"Content-Type": "application/sdp"}
    async with (
        listening(hub) as line,
        line.http.post(line.url + CALLS, data=body, headers=headers) as response,
    ):
        assert response.status == 400
        assert (await response.json())["error"]["code"] == code
        assert not hub.sessions


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"session": "{}"}, "missing_required_parameter"),
        ({"sdp": OFFER, "session": "{"}, "invalid_json"),
        ({"sdp": OFFER, "session": '{"speed": 1}'}, "unknown_parameter"),
        ({"sdp": OFFER, "session": '{"audio": {"output": {"voice": "nobody"}}}'}, "invalid_value"),
    ],
)
async def test_a_form_that_cannot_be_met(hub: FakeHub, fields: dict[str, str], code: str) -> None:
    form = aiohttp.FormData(fields, default_to_multipart=True)
    async with listening(hub) as line, line.http.post(line.url + CALLS, data=form) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == code
        assert not hub.sessions


async def test_other_bodies_are_told_what_to_send(hub: FakeHub) -> None:
    async with listening(hub) as line, line.http.post(line.url + CALLS, json={}) as response:
        assert response.status == 400
        assert "application/sdp" in (await response.json())["error"]["message"]


async def test_the_offer_never_makes_us_send_anywhere(hub: FakeHub) -> None:
    offer = OFFER + "a=candidate:1 1 udp 1 203.0.113.9 9 typ host\r\na=end-of-candidates\r\n"
    assert "203.0.113.9" not in checked_offer(offer)
    assert "m=audio" in checked_offer(offer.replace("\r\n", "\n"))


@pytest.mark.parametrize(
    ("configured", "host", "offered"),
    [
        (("10.0.0.7",), "127.0.0.1", ("10.0.0.7",)),
        ((), "10.0.0.7", ("10.0.0.7",)),
        ((), "fd00::7", ("fd00::7",)),
    ],
)
def test_which_addresses_are_offered(
    configured: tuple[str, ...], host: str, offered: tuple[str, ...]
) -> None:
    assert offered_addresses(configured, host) == offered


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::"])
def test_loopback_is_always_among_them(host: str) -> None:
    assert "127.0.0.1" in offered_addresses((), host)
