"""Cutting long audio where nobody speaks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.engines.quiet import loudest, pieces

SECOND = 16_000


def noise(samples: int, level: float = 0.1) -> np.ndarray:
    return np.random.default_rng(0).normal(0, level, samples).astype(np.float32)


@given(samples=st.integers(0, 100_000), longest=st.integers(1_000, 40_000))
def test_nothing_is_lost_and_no_piece_is_too_long(samples: int, longest: int) -> None:
    audio = noise(samples)
    cut = list(pieces(audio, longest))
    assert np.array_equal(np.concatenate(cut), audio)
    assert all(len(piece) <= longest for piece in cut)


def test_the_cut_lies_in_the_pause() -> None:
    pause = slice(7 * SECOND, 7 * SECOND + SECOND // 2)
    audio = noise(12 * SECOND)
    audio[pause] *= 0.01
    first = next(pieces(audio, 10 * SECOND))
    assert pause.start <= len(first) <= pause.stop


def test_loudest_is_the_loudest_moment() -> None:
    audio = np.zeros(SECOND, np.float32)
    audio[8000:8400] = 0.5
    assert loudest(audio) == pytest.approx(0.5)
    assert loudest(audio[:0]) == 0.0
    assert loudest(audio[8000:8001]) == pytest.approx(0.5)
