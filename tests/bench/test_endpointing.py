"""Rules of endpointing over pauses written by hand."""

import numpy as np
import pytest

from antiphon.bench.endpointing import (
    curves,
    decided_at_ms,
    holds_a_pause,
    ours,
    point,
    silence_only,
    stock_smart_turn,
)
from antiphon.bench.endpointing_cases import room
from antiphon.bench.endpointing_traces import Moment, PauseTrace, Trace

WINDOW_MS = 32.0


def pause(
    begins_ms: float, lasts_ms: float, score: float, words: str = "", *, last: bool = False
) -> PauseTrace:
    """Silence from `begins_ms`, after the turn's end or before it; by probability 100 ms less of it."""
    ages = np.arange(96.0, lasts_ms + 1, WINDOW_MS)
    moments = tuple(Moment(begins_ms + age, age, False, max(0.0, age - 100)) for age in ages)
    return PauseTrace(
        moments=moments,
        scores=((126.0, score),),
        words=words,
        words_known_ms=110.0,
        may_end=None,
        weighed_ms=110.0,
        last=last,
        stock_score=score,
        stock_took_ms=30.0,
    )


def turn(*pauses: PauseTrace) -> Trace:
    return Trace("one", "somebody", "report", False, pauses)


HESITANT = turn(pause(-3000, 900, 0.5, "I would like the"), pause(0, 4000, 0.98, last=True))


def test_a_fixed_silence_cuts_off_whoever_pauses_longer() -> None:
    assert decided_at_ms(silence_only(700), HESITANT) < 0
    assert decided_at_ms(silence_only(1000), HESITANT) == pytest.approx(1000, abs=WINDOW_MS)


def test_our_policy_waits_for_a_sentence_that_breaks_off() -> None:
    assert decided_at_ms(ours(1.3), HESITANT) == pytest.approx(325, abs=WINDOW_MS)
    assert decided_at_ms(ours(0.3), HESITANT) < 0


def test_the_stock_rule_asks_once_and_then_waits() -> None:
    unsure = turn(pause(0, 4000, 0.3, last=True))
    assert decided_at_ms(stock_smart_turn(3000), unsure) == pytest.approx(3100, abs=WINDOW_MS)
    assert decided_at_ms(stock_smart_turn(3000), turn(pause(0, 4000, 0.9, last=True))) == pytest.approx(
        330, abs=WINDOW_MS
    )


def test_only_a_pause_within_the_turn_can_be_mistaken() -> None:
    assert holds_a_pause(HESITANT)
    assert not holds_a_pause(turn(pause(0, 4000, 0.9, last=True)))


def test_shares_and_delays_are_counted_apart() -> None:
    plain = turn(pause(0, 4000, 0.9, last=True))
    found = point(700, silence_only(700), [HESITANT, plain, plain, plain])
    assert found.cut_off.value == 1.0
    assert found.cut_off.n == 1
    assert found.mean_delay_ms.value == pytest.approx(700, abs=WINDOW_MS)


def test_there_is_a_curve_for_every_kind_of_rule() -> None:
    found = curves([HESITANT] * 3)
    assert [curve.rule for curve in found] == ["antiphon", "silence only", "stock Smart Turn"]
    silence = found[1]
    shares = [one.cut_off.value for one in silence.points]
    assert shares == sorted(shares, reverse=True)


def test_a_room_is_as_quiet_as_the_quietest_moments() -> None:
    dice = np.random.default_rng(0)
    audio = dice.normal(0, 1e-3, 32_000).astype(np.float32)
    audio[8_000:24_000] += dice.normal(0, 0.1, 16_000).astype(np.float32)
    made = room(audio, 16_000)
    assert made.shape == (16_000,)
    assert np.sqrt(np.mean(made**2)) == pytest.approx(1e-3, rel=0.3)
