"""Whose work goes first: lanes take live calls before others, and what gives way keeps its place."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import EngineSetup
from antiphon.engines.scripted import ScriptedJournal
from antiphon.runtime.lanes import Lane
from antiphon.runtime.scheduler import REFLECTIVE, SPECULATIVE, Demand, Priority, When

from .stage import no_weights
from .virtual import VirtualThreads, in_virtual_time, passes

ONE = ScriptedJournal.open(EngineSetup(weights=no_weights))
PRIORITIES = st.sampled_from(list(Priority))


class Steps(Executor):
    """Threads that make a call when a test says so, on the test's own."""

    def __init__(self) -> None:
        self.runs: list[Callable[[], None]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.runs.append(lambda: fn(*args, **kwargs))
        return Future()

    def step(self) -> None:
        self.runs.pop(0)()

    def all(self) -> None:
        while self.runs:
            self.step()


def lane_of(steps: Steps) -> tuple[Lane, Demand]:
    demand = Demand()
    return Lane(ONE, steps, demand=demand), demand


# What is wanted.


def test_demand_is_met_when_the_last_thing_that_was_wanted_is_done() -> None:
    demand, met = Demand(), []
    demand.when_met(lambda: met.append(demand.is_set()))
    demand.rise()
    demand.rise()
    demand.fall()
    assert demand.is_set()
    assert met == []
    demand.fall()
    assert met == [False]


def test_a_conversation_presses_once_and_takes_it_back_when_it_ends() -> None:
    demand = Demand()
    one, other = demand.attend(), demand.attend()
    assert demand.conversations == 2
    one.press(True)
    one.press(True)
    other.press(True)
    other.press(False)
    assert demand.is_set()
    one.close()
    one.close()
    one.press(True)
    assert not demand.is_set()
    assert demand.conversations == 1


# Order.


@given(st.lists(PRIORITIES, max_size=20))
def test_waiting_calls_run_by_class_and_within_one_as_they_came(asked: list[Priority]) -> None:
    @in_virtual_time
    async def order() -> list[tuple[Priority, int]]:
        steps, made = Steps(), list[tuple[Priority, int]]()
        lane, _ = lane_of(steps)
        for number, priority in enumerate(asked):
            lane.submit(lambda one=(priority, number): made.append(one), priority=priority)
        steps.all()
        return made

    numbered = [(priority, number) for number, priority in enumerate(asked)]
    assert order() == sorted(numbered)


@in_virtual_time
async def test_a_live_call_is_taken_before_what_another_session_guessed_earlier() -> None:
    steps, made = Steps(), list[str]()
    lane, _ = lane_of(steps)
    lane.submit(lambda: made.append("a partial"), priority=SPECULATIVE)
    lane.submit(lambda: made.append("a live transcript"))
    steps.step()
    assert made == ["a live transcript"]


@in_virtual_time
async def test_a_guess_that_is_confirmed_goes_behind_the_live_calls_that_wait() -> None:
    steps, made = Steps(), list[str]()
    lane, _ = lane_of(steps)
    lane.submit(lambda: made.append("other guess"), priority=SPECULATIVE)
    guess = lane.submit(lambda: made.append("guess"), priority=SPECULATIVE)
    lane.submit(lambda: made.append("live"))
    lane.promote(guess)
    lane.promote(guess)
    steps.all()
    assert made == ["live", "guess", "other guess"]
    lane.promote(guess)  # it is over, and nothing comes of it
    assert made == ["live", "guess", "other guess"]


# Giving way.


@in_virtual_time
async def test_reflective_work_is_not_begun_while_anything_is_wanted_on_any_lane() -> None:
    steps, elsewhere, made = Steps(), Steps(), list[str]()
    lane, demand = lane_of(steps)
    other = Lane(ONE, elsewhere, demand=demand)
    other.submit(lambda: made.append("transcript"))
    lane.submit(lambda: made.append("thought"), priority=REFLECTIVE)
    steps.all()
    assert made == []
    elsewhere.all()
    steps.all()
    assert made == ["transcript", "thought"]


@in_virtual_time
async def test_reflective_work_stops_for_a_caller_who_begins_to_speak_and_goes_on_afterwards() -> None:
    steps, made = Steps(), list[str]()
    lane, demand = lane_of(steps)
    attention = demand.attend()

    def thinks() -> bool:
        made.append("thinks")
        return len(made) < 3

    lane.submit(thinks, priority=REFLECTIVE)
    attention.press(True)
    steps.all()
    attention.press(False)
    steps.step()
    assert made == ["thinks"]
    attention.press(True)
    steps.all()
    assert made == ["thinks"]
    attention.press(False)
    steps.all()
    assert made == ["thinks"] * 3


@in_virtual_time
async def test_one_reflective_call_at_a_time_and_one_that_stops_keeps_its_place() -> None:
    steps, made = Steps(), list[str]()
    lane, demand = lane_of(steps)

    def first() -> bool:
        made.append("first")
        steps.all()  # another thread looks for work meanwhile
        if made.count("first") == 1:
            lane.submit(lambda: made.append("live"))
            return True
        return False

    lane.submit(first, priority=REFLECTIVE)
    lane.submit(lambda: made.append("second"), priority=REFLECTIVE)
    steps.all()
    assert made == ["first", "live", "first", "second"]
    assert not demand.is_set()


@in_virtual_time
async def test_reading_ahead_gives_way_to_an_answer_on_its_own_lane_only() -> None:
    steps, made = Steps(), list[str]()
    lane, demand = lane_of(steps)
    lane.submit(lambda: made.append("reads"), priority=SPECULATIVE, gives_way=lane.answering)
    answer = lane.submit(lambda: made.append("answers"), priority=SPECULATIVE)
    assert lane.answering.is_set()
    lane.promote(answer)
    demand.rise()
    steps.all()
    assert made == ["answers", "reads"]


@in_virtual_time
async def test_what_is_cancelled_while_it_waits_to_go_on_is_not_made_again() -> None:
    steps, made, cancel = Steps(), list[str](), Event()
    lane, demand = lane_of(steps)

    def thinks() -> bool:
        made.append("thinks")
        demand.rise()
        return True

    lane.submit(thinks, cancel, priority=REFLECTIVE)
    steps.all()
    cancel.set()
    demand.fall()
    steps.all()
    assert made == ["thinks"]


class Played(Exception):
    """A call let it out."""


@given(
    st.lists(
        st.tuples(PRIORITIES, st.integers(1, 3), st.booleans())
        | st.sampled_from(["step", "press", "release"]),
        max_size=40,
    )
)
def test_whatever_happens_nothing_is_lost_and_reflective_work_never_runs_while_something_is_wanted(
    score: list[tuple[Priority, int, bool] | str],
) -> None:
    @in_virtual_time
    async def play() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        steps, left = Steps(), dict[int, int]()
        lane, demand = lane_of(steps)
        attention = demand.attend()

        def call(number: int, priority: Priority, fails: bool) -> bool:
            assert priority is not REFLECTIVE or not demand.is_set()
            left[number] -= 1
            if fails:
                left[number] = 0
                raise Played
            return left[number] > 0

        for number, move in enumerate(score):
            match move:
                case "step":
                    if steps.runs:
                        steps.step()
                case "press" | "release":
                    attention.press(move == "press")
                case (priority, stretches, fails):
                    left[number] = stretches if priority is REFLECTIVE else 1
                    lane.submit(
                        lambda number=number, priority=priority, fails=fails: call(number, priority, fails),
                        priority=priority,
                    )
        attention.close()
        steps.all()
        assert set(left.values()) <= {0}
        assert not demand.is_set()
        assert not lane.answering.is_set()

    play()


@in_virtual_time
async def test_a_lane_on_real_threads_goes_on_with_what_gave_way() -> None:
    demand, made = Demand(), list[int]()
    lane, gate = Lane(ONE, demand=demand), Event()

    def thinks() -> bool:
        made.append(len(made))
        return len(made) < 200

    lane.submit(lambda: gate.wait(10) and None)
    lane.submit(thinks, priority=REFLECTIVE)
    gate.set()
    while len(made) < 200:
        await asyncio.to_thread(lambda: None)
    await asyncio.to_thread(lane.close)
    assert made == list(range(200))


@in_virtual_time
async def test_an_ended_call_keeps_nothing_alive() -> None:
    threads = VirtualThreads()
    submitted = Lane(ONE, threads).submit(lambda: None)
    await passes(0.01)
    assert submitted.call is None


def test_a_flag_made_of_a_question() -> None:
    asked = [False]
    flag = When(lambda: asked[0])
    assert not flag.is_set()
    asked[0] = True
    assert flag.is_set()


@pytest.mark.parametrize("drop", [True, False])
@in_virtual_time
async def test_closing_does_not_wait_for_what_may_not_begin(drop: bool) -> None:
    demand = Demand()
    lane = Lane(ONE, demand=demand)
    demand.rise()
    lane.submit(lambda: pytest.fail("it was not to begin"), priority=REFLECTIVE)
    await asyncio.to_thread(lane.close, drop=drop)
    demand.fall()
