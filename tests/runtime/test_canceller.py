"""The echo canceller is put off while there is nothing to take out, and nobody hears that it was."""

import numpy as np
import pytest
from pywebrtc_audio import EchoCanceller

from antiphon.contracts import LISTENING_HZ, Audio
from antiphon.runtime.canceller import KEPT, LateCanceller

PIECE = LISTENING_HZ // 10
TEN_MS = LISTENING_HZ // 100
DICE = np.random.default_rng


def noise(seconds: float, level: float, seed: int = 0) -> Audio:
    return (DICE(seed).standard_normal(round(seconds * LISTENING_HZ)) * level).astype(np.float32)


def powers(near: Audio) -> list[float]:
    return np.square(near.reshape(-1, TEN_MS)).mean(axis=1).tolist()


def pieces(audio: Audio) -> list[Audio]:
    return [audio[at : at + PIECE] for at in range(0, len(audio), PIECE)]


def late(room: Audio, near: Audio, far: Audio) -> list[Audio]:
    """What is left of `near`, after the silence of `room`."""
    canceller = LateCanceller()
    for piece in pieces(room):
        canceller.overhear(piece)
    return [canceller.process(a, b, powers(a)) for a, b in zip(pieces(near), pieces(far), strict=True)]


def eager(near: Audio, far: Audio) -> list[Audio]:
    canceller = EchoCanceller(sample_rate=LISTENING_HZ)
    return [canceller.process(a, b) for a, b in zip(pieces(near), pieces(far), strict=True)]


@pytest.mark.parametrize("room", [0.0, 0.001], ids=["digital silence", "a room"])
@pytest.mark.parametrize("rises_s", [0.2, 0.8, 1.9])
def test_from_the_rise_on_it_is_bit_for_bit_what_it_would_have_been(room: float, rises_s: float) -> None:
    far, near = noise(4, 0.1, 1), noise(4, room, 2)
    at = round(rises_s * LISTENING_HZ)
    near[at:] += noise(4, 0.05, 3)[at:]
    left, expected = late(noise(0.5, room, 4), near, far), eager(near, far)
    risen = at // PIECE
    assert all(np.array_equal(a, b) for a, b in zip(left[:risen], pieces(near), strict=False))
    assert all(np.array_equal(a, b) for a, b in zip(left[risen:], expected[risen:], strict=True))


def test_an_echo_a_little_above_the_room_is_enough() -> None:
    far = noise(2, 0.1, 1)
    near = noise(2, 0.001, 2)
    near[LISTENING_HZ:] += far[LISTENING_HZ - 800 : -800] * 0.03
    left = late(noise(0.5, 0.001, 4), near, far)
    assert np.array_equal(np.concatenate(left[:10]), near[:LISTENING_HZ])
    assert not np.array_equal(left[10], near[LISTENING_HZ : LISTENING_HZ + PIECE])


def test_whose_room_is_not_known_is_cleaned_at_once() -> None:
    far, near = noise(1, 0.1, 1), noise(1, 0.001, 2)
    left = late(np.zeros(0, np.float32), near, far)
    assert all(np.array_equal(a, b) for a, b in zip(left, eager(near, far), strict=True))


def test_the_room_is_as_loud_as_its_quietest_moment() -> None:
    """The caller has just spoken: their voice is not taken for the room."""
    said = np.concatenate([noise(2, 0.1, 5), noise(0.3, 0.001, 6), noise(0.2, 0.1, 7)])
    far, near = noise(1, 0.1, 1), noise(1, 0.02, 2)
    assert not np.array_equal(late(said, near, far)[0], near[:PIECE])


def test_who_is_told_to_begin_begins_with_what_was_kept() -> None:
    far, near = noise(2, 0.1, 1), noise(2, 0.001, 2)
    canceller = LateCanceller()
    canceller.overhear(noise(0.5, 0.001, 4))
    for a, b in zip(pieces(near)[:10], pieces(far)[:10], strict=True):
        assert np.array_equal(canceller.process(a, b, powers(a)), a)
    canceller.begin()
    left = [
        canceller.process(a, b, powers(a)) for a, b in zip(pieces(near)[10:], pieces(far)[10:], strict=True)
    ]
    assert all(np.array_equal(a, b) for a, b in zip(left, eager(near, far)[10:], strict=True))


def test_of_a_long_wait_the_newest_is_kept() -> None:
    far, near = noise(4, 0.1, 1), noise(4, 0.001, 2)
    near[3 * LISTENING_HZ :] += noise(1, 0.05, 3)
    left = late(noise(0.5, 0.001, 4), near, far)
    newest = 3 * LISTENING_HZ - KEPT
    expected = eager(near[newest:], far[newest:])
    assert all(np.array_equal(a, b) for a, b in zip(left[30:], expected[20:], strict=True))
