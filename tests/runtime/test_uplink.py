"""The caller's audio: every slice is what came, however much was dropped before it."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contracts import Audio, ticks
from antiphon.runtime.uplink import KEPT, Uplink, to_listening

from .stage import sung

FRAME = ticks(20)


def tone(start: int, samples: int) -> Audio:
    """A slowly rising tone, so that a sample off its place is seen."""
    t = np.arange(start, start + samples) / 24_000
    return (0.4 * np.sin(2 * np.pi * (200 * t + 5 * t**2))).astype(np.float32)


def tone_heard(start: int, samples: int) -> Audio:
    """The same as heard at 16 kHz; `start` is at 24 kHz."""
    t = start / 24_000 + np.arange(samples) / 16_000
    return (0.4 * np.sin(2 * np.pi * (200 * t + 5 * t**2))).astype(np.float32)


@given(
    cuts=st.lists(st.integers(1, 30_000), min_size=4, max_size=12),
    released=st.floats(0, 1),
    first=st.floats(0, 1),
)
def test_a_slice_is_what_came_at_that_time(cuts: list[int], released: float, first: float) -> None:
    uplink = Uplink()
    for cut in cuts:
        uplink.push(tone(uplink.end, cut), now=0)
        uplink.release(round(uplink.end * released))
    start = max(uplink.kept_from, round(uplink.end * first)) // 3 * 3
    start += 3 * (start < uplink.kept_from)
    heard = uplink.slice(start, uplink.end)
    assert to_listening(uplink.end - start) - 330 <= len(heard) <= to_listening(uplink.end - start) + 1
    edge = 40  # the resampler knows nothing of what came before the first sample
    if start > edge and len(heard) > 0:
        np.testing.assert_allclose(heard, tone_heard(start, len(heard)), atol=0.01)


def test_audio_from_before_the_free_position_is_kept_for_a_while() -> None:
    uplink = Uplink()
    for _ in range(500):
        uplink.push(tone(uplink.end, FRAME), now=0)
        uplink.release(uplink.end)
    assert uplink.uncommitted == 0
    assert KEPT - 2 * FRAME <= uplink.end - uplink.kept_from <= KEPT + 2 * FRAME
    assert len(uplink.slice(0, uplink.kept_from)) <= 1


def test_releasing_never_goes_back_or_beyond_the_end() -> None:
    uplink = Uplink()
    uplink.push(tone(0, 1_000), now=0)
    uplink.release(5_000)
    assert uplink.free == 1_000
    uplink.release(10)
    assert uplink.free == 1_000


def test_nothing_is_kept_of_nothing() -> None:
    uplink = Uplink()
    assert len(uplink.slice(0, 100)) == 0
    assert uplink.arrivals(0)(50) == 0
    uplink.push(np.zeros(0, np.float32), now=0)
    assert uplink.end == 0


def test_each_sample_arrived_when_its_piece_did() -> None:
    uplink = Uplink()
    for number in range(5):
        uplink.push(tone(uplink.end, 100), now=1_000 * (number + 1))
    arrived = uplink.arrivals(150)
    assert [arrived(position) for position in (150, 199, 200, 399, 400, 499)] == [
        2_000,
        2_000,
        3_000,
        4_000,
        5_000,
        5_000,
    ]
    assert arrived(10_000) == 5_000


@pytest.mark.parametrize("words", ["what time is it"])
def test_words_come_through(words: str) -> None:
    from antiphon.engines.scripted import decode_words

    uplink = Uplink()
    audio = np.concatenate([sung(words), np.zeros(ticks(100), np.float32)])
    for start in range(0, len(audio), FRAME):
        uplink.push(audio[start : start + FRAME], now=start)
    assert decode_words(uplink.slice(0, uplink.end), 16_000) == words.split()


def test_an_hour_of_a_listening_session_takes_no_more_memory_than_a_minute() -> None:
    uplink = Uplink()
    second = np.zeros(ticks(1_000), np.float32)

    def listen(seconds: int) -> None:
        for _ in range(seconds):
            uplink.push(second, now=uplink.end)
            uplink.release(uplink.end)

    listen(60)
    tracemalloc.start()
    try:
        listen(60)
        before, _ = tracemalloc.get_traced_memory()
        listen(3_600 - 120)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The times of arrival are bounded too, and small; of the sound, nothing is left over.
    assert after - before < 10_000 * 250


def test_what_is_known_of_arrivals_is_bounded_by_the_audio_kept() -> None:
    uplink = Uplink()

    def push(first: int, last: int) -> int:
        for number in range(first, last):
            uplink.push(np.zeros(FRAME, np.float32), now=number * FRAME + 7)
            uplink.release(uplink.end)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = push(0, 2_000)
        assert push(2_000, 4_000) - before < 10_000
    finally:
        tracemalloc.stop()
    arrived_at = uplink.arrivals(uplink.kept_from)
    assert arrived_at(uplink.kept_from) == uplink.kept_from // FRAME * FRAME + 7
    assert arrived_at(uplink.end - 1) == 3_999 * FRAME + 7


def test_a_slice_is_clean_up_to_a_place_and_as_it_came_from_there_on() -> None:
    uplink = Uplink(lambda audio, now: audio * 0 if 3 * FRAME <= now < 6 * FRAME else audio)
    for place in range(10):
        uplink.push(np.full(FRAME, 0.5, np.float32), now=place * FRAME)
    came = uplink.slice(0, uplink.end, clean_to=0)
    cleaned = uplink.slice(0, uplink.end)
    mixed = uplink.slice(0, uplink.end, clean_to=4 * FRAME)
    half = to_listening(4 * FRAME)
    assert np.array_equal(mixed[:half], cleaned[:half])
    assert np.array_equal(mixed[half:], came[half:])
    assert not np.array_equal(cleaned, came)
    assert uplink.changed(2 * FRAME, 5 * FRAME)
    assert not uplink.changed(7 * FRAME, 9 * FRAME)


def test_cleaned_audio_has_its_place_beside_what_came() -> None:
    """A cleaner that turns the sound around, 5 ms late, and only in the second half."""
    held = np.zeros(0, np.float32)

    def clean(audio: Audio, now: int) -> Audio:
        nonlocal held
        if now < 50:
            return audio
        waiting = np.concatenate([held, audio])
        held = waiting[-80:]
        return -waiting[:-80]

    uplink = Uplink(clean)
    for number in range(100):
        uplink.push(tone(uplink.end, FRAME), now=number)
    middle, end = 50 * FRAME, uplink.end
    came = uplink.slice(0, end, clean_to=0)
    cleaned = uplink.slice(0, end)
    assert len(came) - len(cleaned) == 80
    assert not uplink.changed(0, middle - FRAME)
    assert uplink.changed(middle - FRAME, end)
    half = len(uplink.slice(0, middle))
    assert np.array_equal(cleaned[: half - 100], came[: half - 100])
    assert np.array_equal(cleaned[half + 100 :], -came[half + 100 : -80])
    mixed = uplink.slice(0, end, clean_to=middle + ticks(300))
    assert len(mixed) == len(came)
    assert np.array_equal(mixed[half + 100 : half + 4_000], -came[half + 100 : half + 4_000])
    assert np.array_equal(mixed[half + 5_000 :], came[half + 5_000 :])
