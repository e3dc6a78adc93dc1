"""The caller from outside, against a line that answers when the test says so."""

import asyncio
from time import perf_counter

import numpy as np
import pytest

from antiphon.bench import outside
from antiphon.bench.outside import Line, Utterance, converse, from_pcm16, pcm16, utterance
from antiphon.contracts import CLOCK_HZ, Audio

pytestmark = pytest.mark.paced

FRAME = CLOCK_HZ // 50
TONE = np.full(FRAME * 5, 0.3, np.float32)
SAID = Utterance("one", np.full(FRAME * 20, 0.2, np.float32), FRAME * 18, 1e-4)


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "QUIET_BEFORE_S", 0.05)
    monkeypatch.setattr(outside, "PATIENCE_S", 0.3)
    monkeypatch.setattr(outside, "_SETTLE_S", 0.02)


def answering(at_frames: set[int]) -> Line:
    """A line that sounds when so many frames of somebody's voice have been sent."""
    sounds: asyncio.Queue[tuple[float, Audio]] = asyncio.Queue()
    sent = [0]

    def send(frame: Audio) -> None:
        voiced = float(np.abs(frame).max()) > 0.1
        sent[0] += 1 if voiced or sent[0] >= 18 else 0
        if sent[0] in at_frames:
            at_frames.discard(sent[0])
            sounds.put_nowait((perf_counter(), TONE))

    return Line(send, sounds, {}, [])


async def test_an_answer_after_the_voice_is_timed_from_its_end() -> None:
    (found,) = await converse(answering({22}), [SAID])
    assert not found.cut_off
    assert found.mouth_to_ear_ms is not None
    assert found.mouth_to_ear_ms > 0
    assert found.answer_s == pytest.approx(0.1)


async def test_after_a_cut_off_the_answer_to_all_of_it_counts() -> None:
    first, second = await converse(answering({5, 24}), [SAID, SAID])
    assert first.cut_off
    assert first.mouth_to_ear_ms is not None
    assert first.mouth_to_ear_ms > 0
    assert second.mouth_to_ear_ms is None


async def test_no_answer_is_said_so() -> None:
    (found,) = await converse(answering(set()), [SAID])
    assert (found.mouth_to_ear_ms, found.cut_off, found.answer_s) == (None, False, 0.0)


def test_an_utterance_ends_with_its_voice() -> None:
    time_s = np.arange(CLOCK_HZ) / CLOCK_HZ
    voice = (0.3 * np.sin(2 * np.pi * 150 * time_s)).astype(np.float32)
    quiet = np.random.default_rng(0).normal(0, 1e-4, CLOCK_HZ).astype(np.float32)
    found = utterance("tone", np.concatenate([quiet, voice, quiet]))
    assert found.voiced_end == pytest.approx(2 * CLOCK_HZ, abs=CLOCK_HZ // 50)
    assert len(found.audio) < 2.2 * CLOCK_HZ
    with pytest.raises(ValueError, match="nobody speaks"):
        utterance("room", np.zeros(CLOCK_HZ, np.float32))


def test_samples_survive_the_wire() -> None:
    assert from_pcm16(pcm16(np.array([0.5, -2.0], np.float32))).tolist() == pytest.approx(
        [0.5, -1.0], abs=1e-4
    )
