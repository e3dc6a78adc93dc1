"""Audio on the wire: what goes in comes out."""

import numpy as np
import pytest

from antiphon.contracts import BadRequest
from antiphon.server.formats import Downlink, FormatName, Uplink
from antiphon.server.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode
from antiphon.server.thirds import Down, Up

EVERY_SAMPLE = np.arange(-32_768, 32_768).astype(np.int16)


def _tone(hz: float, rate_hz: int, seconds: float = 0.5) -> np.ndarray:
    return (np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz) / 2).astype(np.float32)


def test_known_codes() -> None:
    assert ulaw_decode(b"\xff\x7f\x80\x00").tolist() == [0, 0, 32_124, -32_124]
    assert alaw_decode(b"\xd5\x55\xaa\x2a").tolist() == [8, -8, 32_256, -32_256]
    assert ulaw_encode(np.zeros(1, np.int16)) == b"\xff"


@pytest.mark.parametrize(("encode", "decode"), [(ulaw_encode, ulaw_decode), (alaw_encode, alaw_decode)])
def test_the_error_grows_with_loudness_only(encode, decode) -> None:
    there_and_back = decode(encode(EVERY_SAMPLE)).astype(int)
    error = np.abs(there_and_back - EVERY_SAMPLE)
    # Half a step, and a step is a sixteenth of its segment.
    assert (error <= np.abs(EVERY_SAMPLE.astype(int)) / 32 + 16).all()
    assert (decode(encode(there_and_back.astype(np.int16))) == there_and_back).all()


def test_pcm_is_kept_to_the_bit() -> None:
    sent = EVERY_SAMPLE.astype("<i2").tobytes()
    assert Downlink("audio/pcm").encode(Uplink("audio/pcm").decode(sent)) == sent


def test_what_is_too_loud_is_clipped() -> None:
    loud = np.array([1.5, -1.5], np.float32)
    assert np.frombuffer(Downlink("audio/pcm").encode(loud), "<i2").tolist() == [32_767, -32_768]


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        Uplink("audio/pcm").decode(b"\0\0\0")
    assert refused.value.param == "audio"


@pytest.mark.parametrize("name", ["audio/pcmu", "audio/pcma"])
def test_a_call_there_and_back(name: FormatName) -> None:
    tone = _tone(1_000, 24_000)
    down, up = Downlink(name), Uplink(name)
    # Pieces of 20 ms, as a telephone sends them.
    coded = [down.encode(piece) for piece in np.split(tone, len(tone) // 480)]
    assert {len(piece) for piece in coded} == {160}
    back = np.concatenate([up.decode(piece) for piece in coded])
    assert len(back) == len(tone)
    # Both filters delay by half their length: 60 samples together.
    difference = back[1_000:] - tone[940:-60]
    assert np.sqrt(np.mean(difference**2)) < 0.01


def test_resampling_does_not_depend_on_the_cuts() -> None:
    tone = _tone(700, 24_000)
    whole, pieces = Down().push(tone), Down()
    cut = np.concatenate([pieces.push(tone[at : at + 7]) for at in range(0, len(tone), 7)])
    assert np.allclose(whole, cut, atol=1e-6)
    again, pieces = Up().push(whole), Up()
    cut = np.concatenate([pieces.push(whole[at : at + 11]) for at in range(0, len(whole), 11)])
    assert np.allclose(again, cut, atol=1e-6)
    assert len(Down().push(tone[:0])) == len(Up().push(tone[:0])) == 0


@pytest.mark.parametrize(
    ("hz", "low_db", "high_db"), [(300, -0.5, 0.5), (3_400, -0.5, 0.5), (4_700, -99, -45)]
)
def test_the_telephone_band(hz: float, low_db: float, high_db: float) -> None:
    heard = Down().push(_tone(hz, 24_000))[100:]
    level_db = 20 * np.log10(np.sqrt(np.mean(heard**2)) / np.sqrt(1 / 8) + 1e-9)
    assert low_db <= level_db <= high_db
