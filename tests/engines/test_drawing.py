"""Drawing tokens, and making text of them: numbers in, numbers and letters out."""

from collections import Counter

import numpy as np
import pytest

from antiphon.contracts import Sampling
from antiphon.engines.drawing import Drawer, log_total
from antiphon.engines.token_text import TokenText

LOGITS = np.log(np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32))


def drawn(count: int = 2000, **sampling: float) -> Counter[int]:
    drawer = Drawer(Sampling(seed=3, **sampling))
    return Counter(drawer.draw(LOGITS) for _ in range(count))


def test_without_temperature_it_is_the_likeliest() -> None:
    assert set(drawn(temperature=0.0)) == {0}


def test_it_draws_by_likelihood() -> None:
    counts = drawn(temperature=1.0, top_p=1.0)
    assert counts[0] / 2000 == pytest.approx(0.5, abs=0.05)
    assert counts[3] / 2000 == pytest.approx(0.05, abs=0.02)


def test_top_p_keeps_the_one_that_crosses_the_line() -> None:
    assert set(drawn(temperature=1.0, top_p=0.6)) == {0, 1}


def test_a_seed_draws_the_same_again() -> None:
    assert drawn(50, temperature=1.0) == drawn(50, temperature=1.0)


def test_what_is_forbidden_is_never_drawn() -> None:
    masked = np.where([False, True, False, False], LOGITS, -np.inf).astype(np.float32)
    assert {Drawer(Sampling(temperature=2.0)).draw(masked) for _ in range(50)} == {1}


def test_probabilities_are_relative_to_their_total() -> None:
    assert float(LOGITS[1] + 7) - log_total(LOGITS + 7) == pytest.approx(np.log(0.3), abs=1e-5)


def test_half_a_letter_waits() -> None:
    text = TokenText(())
    pieces = [text.feed(bytes([byte])) for byte in "é🙂".encode()]
    assert pieces == ["", "é", "", "", "", "🙂"]
    assert not text.feed("é".encode()[:1]) + text.finish()


@pytest.mark.parametrize(
    ("pieces", "handed_out"),
    [
        (["one ", "EN", "D two"], "one "),
        (["E", "N", "E", "ND"], "EN"),
        (["EN", "DEND"], ""),
        (["xEN"], "xEN"),
    ],
)
def test_a_stop_text_is_never_handed_out_not_even_in_halves(pieces: list[str], handed_out: str) -> None:
    text = TokenText(("END", ""))
    said = "".join(text.feed(piece.encode()) for piece in pieces if not text.stopped)
    assert said + text.finish() == handed_out
    assert text.stopped == (handed_out != "xEN")
