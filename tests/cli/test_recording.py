"""Recordings in, recordings out."""

import wave
from pathlib import Path

import numpy as np
import pytest

from antiphon.cli.recording import (
    UnreadableRecording,
    from_pcm16,
    read_recording,
    room_tone,
    to_pcm16,
    write_wav,
)
from antiphon.cli.waterfall import waterfall
from antiphon.contracts import Span, Term, TurnReport

from .scripted_call import voice


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 44_100])
def test_reads_every_plain_wav(tmp_path: Path, width: int, channels: int, rate_hz: int) -> None:
    t = np.arange(rate_hz // 2) / rate_hz
    tone = 0.5 * np.sin(2 * np.pi * 300 * t)
    scaled = np.repeat(np.rint(tone * (2 ** (8 * width - 1) - 1)), channels).astype(np.int64)
    raw = (scaled + 128).astype(np.uint8).tobytes() if width == 1 else _packed(scaled, width)
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(raw)
    audio = read_recording(path)
    assert len(audio) == pytest.approx(12_000, abs=2)
    assert np.sqrt(np.mean(audio**2)) == pytest.approx(0.3536, abs=0.01)


def _packed(samples: np.ndarray, width: int) -> bytes:
    return samples.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width].tobytes()


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    audio = voice(0.3)
    write_wav(tmp_path / "a.wav", audio)
    np.testing.assert_allclose(read_recording(tmp_path / "a.wav"), audio, atol=1e-4)


def test_the_wire_clips_and_drops_half_samples() -> None:
    assert from_pcm16(to_pcm16(np.array([2.0, -2.0], np.float32)) + b"x").tolist() == [32767 / 32768, -1.0]


@pytest.mark.parametrize(("content", "says"), [(b"", "no recording"), (b"hello, world" * 20, "no recording")])
def test_a_file_without_sound_is_refused_in_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(UnreadableRecording, match=says):
        read_recording(tmp_path / "x.wav")


def test_an_empty_recording_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "empty.wav", np.zeros(10, np.float32))
    with pytest.raises(UnreadableRecording, match="holds no sound"):
        read_recording(tmp_path / "empty.wav")


def test_the_room_around_a_recording_is_as_loud_as_its_own() -> None:
    noise = (0.003 * np.random.default_rng(1).standard_normal(24_000)).astype(np.float32)
    spoken = np.concatenate([noise, voice(1.0)])
    assert np.std(room_tone(spoken, 24_000)) == pytest.approx(0.003, rel=0.1)
    assert np.std(room_tone(voice(1.0), 24_000)) < 0.05 * 0.3
    assert np.std(room_tone(np.zeros(24_000, np.float32), 24_000)) == pytest.approx(1e-4, rel=0.1)


REPORT = TurnReport(
    turn=1,
    revisions=1,
    outcome="answered",
    said="hello",
    answer="hi",
    heard="hi",
    started_at_ms=0.0,
    terms=(
        Term("end_of_turn", "policy", 350.0),
        Term("transcription", "whisper", 150.0),
        Term("first_token", "llama", 200.0),
        Term("output", "transport", 0.1),
    ),
    overlap_ms=220.0,
    residual_ms=20.0,
    sent_ms=500.0,
    spans=(
        Span(term="transcription", owner="whisper", start_ms=130.0, end_ms=280.0),
        Span(term="end_of_turn", owner="policy", start_ms=0.0, end_ms=350.0),
        Span(term="first_token", owner="llama", start_ms=280.0, end_ms=480.0),
    ),
)


def test_a_waterfall() -> None:
    assert waterfall(REPORT, width=20) == [
        "end-of-turn wait ██████████████         350 ms  policy",
        "transcription         ██████            150 ms  whisper",
        "first token                 ████████    200 ms  llama",
        "350 end-of-turn wait + 150 transcription + 200 first token − 220 overlap + 20 residual "
        "= 500 ms sent",
    ]


def test_a_turn_without_sound_has_no_waterfall() -> None:
    silent = TurnReport(
        turn=1, revisions=1, outcome="backchannel", said="", answer="", heard="", started_at_ms=0.0
    )
    assert waterfall(silent) == []
