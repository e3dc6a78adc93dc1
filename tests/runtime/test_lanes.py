"""Lanes: what leaves the loop comes back in order, bounded, and is never made when nobody wants it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, get_ident

import pytest

from antiphon.contracts import Busy, EngineSetup
from antiphon.engines.scripted import ScriptedJournal, ScriptedTranscriber, ScriptedVoiceActivity
from antiphon.runtime import lanes
from antiphon.runtime.lanes import Batches, Lane, post

from .stage import no_weights
from .virtual import VirtualThreads, in_virtual_time, passes

MANY = ScriptedTranscriber.open(EngineSetup(weights=no_weights))
INSTANT = ScriptedVoiceActivity.open(EngineSetup(weights=no_weights))
ONE = ScriptedJournal.open(EngineSetup(weights=no_weights))
PATIENCE_S = 10.0


@pytest.fixture
def threads() -> VirtualThreads:
    return VirtualThreads()


@in_virtual_time
async def test_calls_run_in_order_and_off_the_loop() -> None:
    lane = Lane(ONE)
    made: list[tuple[int, int]] = []
    for number in range(20):
        lane.submit(lambda number=number: made.append((number, get_ident())))
    await asyncio.to_thread(lane.close, drop=False)
    assert [number for number, _ in made] == list(range(20))
    assert get_ident() not in {thread for _, thread in made}


@in_virtual_time
async def test_no_more_calls_at_once_than_the_engine_allows() -> None:
    lane, lock, gate = Lane(ONE), Lock(), Event()
    running, most = 0, 0

    def call() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(PATIENCE_S)
        with lock:
            running -= 1

    for _ in range(5):
        lane.submit(call)
    gate.set()
    await asyncio.to_thread(lane.close, drop=False)
    assert most == 1


@in_virtual_time
async def test_closing_lets_running_calls_end_and_drops_those_that_wait() -> None:
    began, gate, made = Event(), Event(), []

    class Threads(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            gate.set()
            super().shutdown(wait=wait)

    def first() -> None:
        began.set()
        gate.wait(PATIENCE_S)
        made.append("first")

    lane = Lane(ONE, Threads(1))
    lane.submit(first)
    lane.submit(lambda: made.append("second"))
    await asyncio.to_thread(began.wait, PATIENCE_S)
    await asyncio.to_thread(lane.close)
    assert made == ["first"]


@in_virtual_time
async def test_a_call_that_is_cancelled_before_its_turn_is_never_made(threads: VirtualThreads) -> None:
    lane, made = Lane(ONE, threads), []
    wanted, unwanted = Event(), Event()
    threads.hold = True
    lane.submit(lambda: made.append("wanted"), wanted)
    lane.submit(lambda: made.append("unwanted"), unwanted)
    unwanted.set()
    threads.release()
    assert made == ["wanted"]


@in_virtual_time
async def test_a_lane_is_bounded_and_takes_more_when_it_has_caught_up(
    threads: VirtualThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "PENDING_MAX", 3)
    lane, made = Lane(ONE, threads), []
    threads.hold = True
    for number in range(3):
        lane.submit(lambda number=number: made.append(number))
    with pytest.raises(Busy, match="3 calls are already waiting for scripted"):
        lane.submit(lambda: made.append(99))
    threads.release()
    await passes(0.01)
    lane.submit(lambda: made.append(3))
    await passes(0.01)
    assert made == [0, 1, 2, 3]


@in_virtual_time
async def test_an_error_that_a_call_lets_out_is_not_lost_and_the_lane_goes_on(
    threads: VirtualThreads,
) -> None:
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    lane, made = Lane(ONE, threads), []
    lane.submit(lambda: 1 / 0)
    lane.submit(lambda: made.append("after"))
    await passes(0.01)
    assert made == ["after"]
    (context,) = told
    assert isinstance(context["exception"], ZeroDivisionError)


def test_a_loop_that_has_closed_is_told_nothing() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    post(loop, lambda: pytest.fail("nobody was there"))


# Batches.


@in_virtual_time
async def test_what_gathers_is_worked_on_at_once_and_in_order(threads: VirtualThreads) -> None:
    worked: list[list[int]] = []
    batches = Batches(Lane(MANY, threads), worked.append, most=10)
    threads.hold = True
    for number in range(4):
        batches.put(number)
    threads.release()
    batches.put(4)
    await passes(0.01)
    assert worked == [[0, 1, 2, 3], [4]]


@in_virtual_time
async def test_work_on_a_lane_of_many_threads_is_still_one_at_a_time() -> None:
    lane, lock, worked = Lane(MANY), Lock(), []

    def work(things: list[int]) -> None:
        assert lock.acquire(blocking=False), "two at once"
        worked.extend(things)
        lock.release()

    batches = Batches(lane, work, most=2_000)
    for number in range(2_000):
        batches.put(number)
    await asyncio.to_thread(lane.close, drop=False)
    assert worked == list(range(2_000))


@in_virtual_time
async def test_batches_are_bounded(threads: VirtualThreads) -> None:
    worked: list[list[int]] = []
    batches = Batches(Lane(MANY, threads), worked.append, most=2)
    threads.hold = True
    batches.put(0)
    batches.put(1)
    with pytest.raises(Busy):
        batches.put(2)
    threads.release()
    assert worked == [[0, 1]]


@in_virtual_time
async def test_a_full_lane_leaves_nothing_behind(
    threads: VirtualThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[list[int]] = []
    batches = Batches(Lane(MANY, threads), worked.append, most=2)
    with monkeypatch.context() as full:
        full.setattr(lanes, "PENDING_MAX", 0)
        with pytest.raises(Busy):
            batches.put(0)
    batches.put(1)
    await passes(0.01)
    assert worked == [[1]]


@in_virtual_time
async def test_work_that_fails_does_not_stop_what_comes_after(threads: VirtualThreads) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    worked: list[list[int]] = []

    def work(things: list[int]) -> None:
        worked.append(things)
        if things == [0]:
            raise OSError("out of order")

    put: Callable[[int], None] = Batches(Lane(MANY, threads), work, most=2).put
    put(0)
    await passes(0.01)
    put(1)
    await passes(0.01)
    assert worked == [[0], [1]]


# The mailbox.


@in_virtual_time
async def test_calls_posted_by_many_threads_are_made_in_each_ones_order() -> None:
    loop, made = asyncio.get_running_loop(), list[tuple[int, int]]()

    def work(thread: int) -> None:
        for number in range(500):
            post(loop, lambda number=number: made.append((thread, number)))

    with ThreadPoolExecutor(4) as threads:
        await asyncio.gather(*(loop.run_in_executor(threads, work, thread) for thread in range(4)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for thread in range(4):
        assert [number for other, number in made if other == thread] == list(range(500))


@in_virtual_time
async def test_a_posted_call_that_fails_is_told_of_and_the_next_is_made() -> None:
    loop, made, told = asyncio.get_running_loop(), list[str](), list[dict[str, object]]()
    loop.set_exception_handler(lambda _, context: told.append(context))
    post(loop, lambda: 1 / 0)
    post(loop, lambda: made.append("after"))
    post(loop, lambda: post(loop, lambda: made.append("later")))
    await passes(0.01)
    assert made == ["after", "later"]
    assert isinstance(told[0]["exception"], ZeroDivisionError)


# Instant engines.


@in_virtual_time
async def test_an_instant_engine_is_called_where_it_is_needed() -> None:
    lane, made = Lane(INSTANT), list[int]()
    lane.submit(lambda: made.append(get_ident()))
    assert made == [get_ident()]
    cancelled = Event()
    cancelled.set()
    lane.submit(lambda: made.append(0), cancelled)
    lane.close()
    assert made == [get_ident()]
