"""Voice activity on its real weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from antiphon.contracts import Audio, EngineBroken, EngineSetup, PrerequisiteMissing
from antiphon.contracts.conformance import Samples, run
from antiphon.engines.silero import Silero

pytestmark = pytest.mark.real
SECOND = 16_000


@pytest.fixture(scope="module")
def silero(weights: Callable[[str], Path]) -> Silero:
    return Silero.open(EngineSetup(weights=weights))


def test_it_keeps_its_contract(silero: Silero, samples: Samples) -> None:
    report = run("voice_activity", silero, samples=samples, keep_open=True)
    assert report.ok, report
    assert not report.skipped


def test_speech_is_found_where_it_is(silero: Silero, say: Callable[..., Audio]) -> None:
    speech = say("Good evening, and welcome back.")
    quiet = np.random.default_rng(0).normal(0, 0.001, 3 * SECOND).astype(np.float32)
    answers = silero.stream().push(np.concatenate([quiet, speech, quiet]))
    voiced = [answer.end_sample for answer in answers if answer.probability > 0.5]
    assert 3 * SECOND - 512 < voiced[0] < 3 * SECOND + 0.2 * SECOND
    assert 3 * SECOND + len(speech) - 0.6 * SECOND < voiced[-1] < 3 * SECOND + len(speech) + 0.2 * SECOND


def test_minutes_of_noise_leave_no_trace(silero: Silero, say: Callable[..., Audio]) -> None:
    hiss = np.random.default_rng(0).normal(0, 0.003, 62 * 512 * 10).astype(np.float32)
    speech = say("Good evening, and welcome back.")
    once, often = silero.stream(), silero.stream()
    once.push(hiss[: 62 * 512])
    often.push(hiss)
    one, other = (stream.push(np.concatenate([hiss[-640:], speech])) for stream in (once, often))
    assert [a.probability for a in one] == pytest.approx([b.probability for b in other], abs=0.02)


def test_a_missing_file_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="antiphon models pull silero-vad"):
        Silero.open(EngineSetup(weights=lambda name: tmp_path / name))


def test_a_damaged_file_is_an_engine_that_is_broken(tmp_path: Path) -> None:
    (tmp_path / "silero_vad.onnx").write_bytes(b"not a network")
    with pytest.raises(EngineBroken, match="silero"):
        Silero.open(EngineSetup(weights=lambda name: tmp_path))
