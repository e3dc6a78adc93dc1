"""The agent's voice as packets: order, gaps, what is told of it, and what is taken back."""

import asyncio

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from antiphon.contracts import Audio
from antiphon.server.rtc.opus import FRAME, SILENCE
from antiphon.server.rtc.outgoing import Outgoing, Track


class Told:
    """A listener that writes everything down."""

    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []
        self.audible_ms: list[float | None] = []

    def sound_begins(
        self, reply_id: str, item_id: str, from_ms: int, audible_ms: float | None, timestamp: int
    ) -> None:
        self.audible_ms.append(audible_ms)
        self.said.append(("begins", reply_id, item_id, from_ms, timestamp))

    def sound_ends(self, reply_id: str) -> None:
        self.said.append(("ends", reply_id))


def _sound(samples: int) -> Audio:
    return 0.3 * np.sin(np.arange(samples, dtype=np.float32) / 10)


def _leave(outgoing: Outgoing, packets: int) -> list[bool]:
    """Whether each of the next packets is sound."""
    return [outgoing.leave()[0] != SILENCE for _ in range(packets)]


def test_nothing_waits_and_silence_leaves() -> None:
    told = Told()
    outgoing = Outgoing(told)
    assert outgoing.last_timestamp < 0
    assert [outgoing.leave() for _ in range(2)] == [(SILENCE, 0), (SILENCE, 960)]
    assert outgoing.last_timestamp == 960
    assert told.said == []


def test_sound_leaves_whole_and_is_told_of() -> None:
    told = Told()
    outgoing = Outgoing(told)
    outgoing.leave()
    for _ in range(3):
        outgoing.push(_sound(320), reply_id="r", item_id="i")
    assert outgoing.holds("r")
    assert _leave(outgoing, 3) == [True, True, False]
    assert not outgoing.holds("r")
    assert told.said == [("begins", "r", "i", 0, 960), ("ends", "r")]


def test_it_is_told_where_an_item_is_first_heard_if_that_is_known() -> None:
    told = Told()
    outgoing = Outgoing(told)
    quiet = np.zeros(3 * FRAME // 2, np.float32)
    outgoing.push(np.concatenate((quiet, np.full(FRAME, 0.1, np.float32))), reply_id="r", item_id="i")
    _leave(outgoing, 3)
    outgoing.push(np.concatenate((quiet, quiet)), reply_id="r", item_id="j")
    _leave(outgoing, 1)
    assert told.audible_ms == [30, None]


def test_a_rest_leaves_when_nothing_follows() -> None:
    outgoing = Outgoing(Told())
    outgoing.push(_sound(FRAME + 100), reply_id="r", item_id="i")
    assert _leave(outgoing, 3) == [True, True, False]


def test_after_a_hole_it_is_told_where_the_sound_goes_on() -> None:
    told = Told()
    outgoing = Outgoing(told)
    outgoing.push(_sound(2 * FRAME), reply_id="r", item_id="i")
    _leave(outgoing, 5)
    outgoing.push(_sound(FRAME), reply_id="r", item_id="i")
    _leave(outgoing, 1)
    assert told.said == [("begins", "r", "i", 0, 0), ("ends", "r"), ("begins", "r", "i", 40, 5 * 960)]


def test_replies_follow_each_other() -> None:
    told = Told()
    outgoing = Outgoing(told)
    outgoing.push(_sound(100), reply_id="a", item_id="i")
    outgoing.push(_sound(FRAME), reply_id="b", item_id="j")
    assert _leave(outgoing, 3) == [True, True, False]
    assert [said[:2] for said in told.said] == [
        ("begins", "a"),
        ("ends", "a"),
        ("begins", "b"),
        ("ends", "b"),
    ]


def test_what_is_taken_back_is_not_heard() -> None:
    told = Told()
    outgoing = Outgoing(told)
    outgoing.push(_sound(5 * FRAME + 7), reply_id="a", item_id="i")
    outgoing.push(_sound(FRAME), reply_id="b", item_id="j")
    _leave(outgoing, 1)
    outgoing.drop("a")
    assert not outgoing.holds("a")
    assert _leave(outgoing, 2) == [True, False]
    assert ("ends", "a") not in told.said


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.server.rtc.outgoing.WAITING_MAX", 100)
    outgoing = Outgoing(Told())
    for _ in range(3):
        outgoing.push(_sound(FRAME * 50), reply_id="a", item_id="i")
    assert sum(_leave(outgoing, 200)) == 100


@pytest.mark.paced
async def test_packets_leave_at_the_pace_of_time() -> None:
    loop = asyncio.get_running_loop()
    track = Track(Outgoing(Told()))
    start = loop.time()
    packets = [await track.recv() for _ in range(6)]
    assert [packet.pts for packet in packets] == [960 * number for number in range(6)]
    assert loop.time() - start == pytest.approx(0.1, abs=0.02)


@pytest.mark.paced
async def test_who_is_late_does_not_send_a_burst() -> None:
    loop = asyncio.get_running_loop()
    track = Track(Outgoing(Told()))
    await track.recv()
    await asyncio.sleep(0.2)
    start = loop.time()
    for _ in range(3):
        await track.recv()
    assert loop.time() - start == pytest.approx(0.04, abs=0.015)


async def test_a_stopped_track_gives_no_more() -> None:
    track = Track(Outgoing(Told()))
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()
