"""The alarm: it rings at the deadline, wherever that has moved meanwhile, and never before."""

import asyncio

from antiphon.contracts import Ticks, ticks
from antiphon.runtime.alarm import Alarm
from antiphon.runtime.clock import Clock

from .virtual import VirtualLoop, in_virtual_time, passes


class Bedside:
    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop, self.clock = loop, Clock(loop.time)
        self.deadline: Ticks | None = None
        self.rang: list[float] = []
        self.alarm = Alarm(self.clock, lambda: self.deadline, self._ring)

    def put(self, deadline_ms: float | None) -> None:
        self.deadline = None if deadline_ms is None else ticks(deadline_ms)
        self.alarm.look()

    def _ring(self) -> None:
        self.rang.append(round(self.loop.time() * 1000))
        self.deadline = None


@in_virtual_time
async def test_it_rings_at_its_deadline() -> None:
    bedside = Bedside()
    bedside.put(100)
    await passes(1)
    assert bedside.rang == [101]


@in_virtual_time
async def test_a_deadline_that_is_put_off_again_and_again_takes_one_timer() -> None:
    bedside = Bedside()
    for number in range(100):
        bedside.put(200 + number * 20)
        assert bedside.loop.timers == 1
        await passes(0.02)
    assert bedside.rang == []
    await passes(1)
    assert bedside.rang == [200 + 99 * 20 + 1]


@in_virtual_time
async def test_a_deadline_that_comes_nearer_is_kept() -> None:
    bedside = Bedside()
    bedside.put(5_000)
    bedside.put(50)
    await passes(10)
    assert bedside.rang == [51]


@in_virtual_time
async def test_no_deadline_is_no_ring() -> None:
    bedside = Bedside()
    bedside.put(100)
    bedside.put(None)
    await passes(1)
    bedside.put(1_200)
    bedside.alarm.stop()
    await passes(1)
    assert bedside.rang == []
    assert bedside.loop.timers == 0
