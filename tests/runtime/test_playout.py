"""Playout: at the pace of time, stopped to the sample, nothing lost and nothing twice."""

import asyncio
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.contracts import Audio, Ticks, ms, ticks
from antiphon.dialogue.events import (
    Event,
    PlayoutAcknowledged,
    PlayoutProgress,
    PlayoutStarted,
    PlayoutStopped,
)
from antiphon.runtime.clock import Clock
from antiphon.runtime.playout import FRAME, Playout, Segment

from .virtual import in_virtual_time, passes

LEAD = ticks(100)


def ramp(samples: int, start: int = 0) -> Audio:
    """Sound whose every sample says which one it is, and is loud enough to be heard."""
    return (np.arange(start, start + samples) / 1_000_000 + 0.01).astype(np.float32)


class Listener:
    """What leaves, when, and what playout says of it."""

    def __init__(self) -> None:
        self.clock = Clock(asyncio.get_running_loop().time)
        self.sent: list[tuple[Ticks, Audio]] = []
        self.told: list[Event] = []
        self.playout = Playout(self.clock, lead=LEAD, send=self._take, tell=self.told.append)

    def _take(self, audio: Audio) -> None:
        self.sent.append((self.clock.now(), audio))

    def queue(self, audio: Audio, turn: int = 1) -> None:
        self.playout.queue(turn, Segment(audio, lambda: None))

    @property
    def received(self) -> Audio:
        return np.concatenate([np.zeros(0, np.float32), *(audio for _, audio in self.sent)])

    @property
    def progress(self) -> list[int]:
        return [event.heard_samples for event in self.told if isinstance(event, PlayoutProgress)]

    def stopped(self) -> int:
        (event,) = [event for event in self.told if isinstance(event, PlayoutStopped)]
        return event.heard_samples


@in_virtual_time
async def test_everything_arrives_once_and_in_order() -> None:
    listener = Listener()
    whole = ramp(ticks(1_234))
    for start in range(0, len(whole), 7_000):
        listener.queue(whole[start : start + 7_000])
    await passes(5)
    np.testing.assert_array_equal(listener.received, whole)
    assert listener.progress[-1] == len(whole)


@in_virtual_time
async def test_nothing_leaves_more_than_the_lead_and_a_frame_early() -> None:
    listener = Listener()
    listener.queue(ramp(ticks(3_000)))
    await passes(5)
    position = 0
    for at, audio in listener.sent:
        assert position <= at + LEAD
        position += len(audio)
        assert len(audio) <= FRAME


@in_virtual_time
async def test_a_late_chunk_begins_the_pace_anew() -> None:
    listener = Listener()
    listener.queue(ramp(ticks(200)))
    await passes(1.007)
    listener.queue(ramp(ticks(1_000), ticks(200)))
    assert listener.sent[-1][0] == ticks(1_007)
    early = sum(len(audio) for at, audio in listener.sent if at == ticks(1_007))
    assert LEAD <= early <= LEAD + FRAME
    await passes(0.5)
    listener.playout.flush(1)
    assert listener.stopped() == pytest.approx(ticks(200 + 500), abs=2)


@in_virtual_time
async def test_a_chunk_that_comes_just_as_the_last_one_ends_is_not_reckoned_heard_early() -> None:
    listener = Listener()
    listener.queue(ramp(ticks(200)))
    await passes(0.215)  # between two looks at the clock
    listener.queue(ramp(ticks(1_000), ticks(200)))
    listener.playout.flush(1)
    assert listener.stopped() == ticks(200)


@in_virtual_time
async def test_a_flush_tells_exactly_what_was_heard_and_forgets_the_rest() -> None:
    listener = Listener()
    listener.queue(ramp(ticks(3_000)))
    await passes(0.7305)
    listener.playout.flush(1)
    assert listener.stopped() == pytest.approx(ticks(730.5), abs=1)
    sent = len(listener.sent)
    await passes(5)
    assert len(listener.sent) == sent


@in_virtual_time
async def test_a_pause_is_silent_and_what_was_sent_ahead_is_still_heard() -> None:
    listener = Listener()
    listener.queue(ramp(ticks(3_000)))
    await passes(0.5)
    sent = len(listener.received)
    listener.playout.pause(1)
    await passes(2)
    assert len(listener.received) == sent
    assert listener.progress[-1] == sent
    listener.playout.resume(1)
    await passes(5)
    np.testing.assert_array_equal(listener.received, ramp(ticks(3_000)))


@in_virtual_time
async def test_a_reply_paused_before_its_first_sound_waits() -> None:
    listener = Listener()
    listener.playout.pause(1)
    listener.queue(ramp(ticks(500)))
    await passes(1)
    assert listener.sent == []
    listener.playout.resume(1)
    await passes(1)
    np.testing.assert_array_equal(listener.received, ramp(ticks(500)))


@in_virtual_time
async def test_the_first_audible_sample_is_what_starts_it() -> None:
    listener = Listener()
    listener.queue(np.zeros(ticks(150), np.float32))
    listener.queue(ramp(ticks(500)))
    await passes(1)
    (started,) = [event for event in listener.told if isinstance(event, PlayoutStarted)]
    assert ticks(150) - LEAD - FRAME <= started.at <= ticks(150)


@in_virtual_time
async def test_a_new_reply_takes_the_place_of_one_that_still_plays() -> None:
    listener = Listener()
    listener.queue(ramp(ticks(3_000)), turn=1)
    await passes(0.5)
    before = len(listener.received)
    listener.queue(ramp(ticks(300)), turn=2)
    assert len(listener.received) - before <= LEAD + FRAME
    await passes(2)
    np.testing.assert_array_equal(listener.received[before:], ramp(ticks(300)))


@in_virtual_time
async def test_acknowledgements_correct_what_was_heard_and_not_the_pace() -> None:
    listener = Listener()
    listener.queue(ramp(ticks(3_000)))
    for _ in range(10):
        await passes(0.1)
        played = ms(listener.clock.now()) - 250
        if played > 0:
            listener.playout.acknowledge(1, ticks(played))
    assert len(listener.received) >= listener.clock.now() + LEAD - FRAME
    (first,) = [event for event in listener.told if isinstance(event, PlayoutAcknowledged)]
    assert ms(first.at) == pytest.approx(250, abs=1)
    listener.playout.flush(1)
    assert listener.stopped() == pytest.approx(ticks(750), abs=2)


@in_virtual_time
async def test_of_acknowledgements_that_come_late_the_least_late_is_believed() -> None:
    listener = Listener()
    listener.queue(ramp(ticks(3_000)))
    for late_ms in (140, 90, 120, 80, 200):
        await passes(0.2)
        listener.playout.acknowledge(1, ticks(ms(listener.clock.now()) - late_ms))
    heard = [ms(event.at) for event in listener.told if isinstance(event, PlayoutAcknowledged)]
    assert heard == pytest.approx([140, 90, 80], abs=1)


@in_virtual_time
async def test_nothing_is_heard_before_it_left() -> None:
    listener = Listener()
    await passes(1)
    listener.queue(ramp(ticks(1_000)))
    left_at = listener.clock.now()
    await passes(0.05)
    listener.playout.acknowledge(1, ticks(100))  # a listener that reckons too far
    (heard,) = [event for event in listener.told if isinstance(event, PlayoutAcknowledged)]
    assert heard.at == left_at


@in_virtual_time
async def test_other_replies_cannot_be_acknowledged_paused_or_resumed_into_sound() -> None:
    listener = Listener()
    listener.queue(ramp(ticks(200)), turn=1)
    listener.playout.acknowledge(2, 100)
    listener.playout.resume(2)
    await passes(1)
    listener.playout.flush(2)
    assert listener.stopped() == 0


MOVES = st.lists(
    st.tuples(st.sampled_from(["pause", "resume", "queue", "acknowledge"]), st.integers(0, 400)), max_size=12
)


@settings(max_examples=50)
@given(moves=MOVES, flush_after=st.integers(0, 400))
@in_virtual_time
async def test_whatever_is_done_to_it(moves: list[tuple[str, int]], flush_after: int) -> None:
    listener = Listener()
    made = 0
    for move, wait_ms in moves:
        match move:
            case "pause":
                listener.playout.pause(1)
            case "resume":
                listener.playout.resume(1)
            case "acknowledge":
                listener.playout.acknowledge(1, round(len(listener.received) * 0.9))
            case _:
                listener.queue(ramp(5_000, made))
                made += 5_000
        await passes(wait_ms / 1000)
        assert all(heard <= len(listener.received) for heard in listener.progress)
    if not any(move == "acknowledge" for move, _ in moves):
        assert listener.progress == sorted(listener.progress)
    await passes(flush_after / 1000)
    listener.playout.flush(1)
    heard = listener.stopped()
    assert 0 <= heard <= len(listener.received) <= made
    assert heard <= listener.clock.now()
    np.testing.assert_array_equal(listener.received, ramp(made)[: len(listener.received)])
    sent = len(listener.sent)
    await passes(1)
    assert len(listener.sent) == sent


@in_virtual_time
async def test_sound_is_ahead_by_the_lead_give_or_take_half_a_frame() -> None:
    listener = Listener()
    listener.queue(ramp(ticks(3_000)))
    await passes(5)
    position = 0
    for (at, audio), (next_at, _) in pairwise(listener.sent):
        position += len(audio)
        if next_at == at:
            continue  # more of the same moment's sound follows
        assert LEAD - FRAME // 2 - ticks(2) <= position - next_at
        assert position - at <= LEAD + FRAME // 2 + ticks(2)


@in_virtual_time
async def test_the_end_is_told_when_it_is_heard_and_not_a_frame_later() -> None:
    listener = Listener()
    ends = list[Ticks]()
    length = ticks(1_010)

    def note(event: Event) -> None:
        if isinstance(event, PlayoutProgress) and event.heard_samples == length:
            ends.append(listener.clock.now())

    listener.playout = Playout(listener.clock, lead=LEAD, send=lambda _: None, tell=note)
    listener.queue(ramp(length))
    await passes(2)
    assert length <= ends[0] <= length + ticks(2)
