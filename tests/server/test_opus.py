"""Opus, there and back."""

import numpy as np

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.server.rtc.opus import FRAME, SILENCE, Half, Reader, Writer


def _tone(hz: float, seconds: float = 1.0, rate: int = CLOCK_HZ) -> Audio:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def test_a_tone_comes_back_a_little_later() -> None:
    writer, reader, tone = Writer(), Reader(), _tone(440)
    frames = range(0, len(tone), FRAME)
    back = np.concatenate([reader.read(writer.write(tone[at : at + FRAME])) for at in frames])
    assert len(back) == len(tone)
    sure = tone[4_000:20_000]
    # Less than one period of the tone, so that the best fit is the true one.
    fits = [float(np.dot(sure, back[4_000 + late : 20_000 + late])) for late in range(CLOCK_HZ * 20 // 1000)]
    assert max(fits) > 0.99 * float(np.dot(sure, sure))
    assert int(np.argmax(fits[: CLOCK_HZ // 440 * 2])) <= CLOCK_HZ * 5 // 1000


def test_silence_is_three_bytes_and_sounds_like_it() -> None:
    assert len(SILENCE) <= 3
    assert not Reader().read(SILENCE).any()


def test_damage_is_nothing_and_harms_nothing() -> None:
    writer, reader = Writer(), Reader()
    assert len(reader.read(b"")) == 0
    for junk in (b"\xff", b"\xff\xff\xff", bytes(range(200))):
        reader.read(junk)
    assert len(reader.read(writer.write(_tone(300)[:FRAME]))) == FRAME


def test_half_the_rate_keeps_speech_and_folds_nothing_back() -> None:
    def level(hz: float) -> float:
        tone = _tone(hz, rate=2 * CLOCK_HZ)
        return float(20 * np.log10(Half().push(tone)[100:].std() / tone.std()))

    assert all(abs(level(hz)) < 0.3 for hz in (100, 1_000, 4_000, 8_000, 9_000))
    assert all(level(hz) < -50 for hz in (14_000, 16_000, 20_000))


def test_half_the_rate_has_no_seams() -> None:
    noise = np.random.default_rng(0).normal(size=9_600).astype(np.float32)
    half = Half()
    pieces = np.concatenate([half.push(noise[at : at + 960]) for at in range(0, 9_600, 960)])
    assert np.allclose(pieces, Half().push(noise), atol=1e-6)
