"""Moonshine on its real weights, and what it leaves to Whisper."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from antiphon.contracts import NEVER, Audio, ConfigInvalid, EngineBroken, EngineSetup
from antiphon.contracts.conformance import Samples, run
from antiphon.engines.moonshine import Moonshine, read_words, text_of

from .test_whisper import RaisedAfter, plain, word_errors

SECOND = 16_000


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("\"'Hi, a table, please.'\"", "Hi, a table, please."),
        ('"I see," she said.', "I see, she said."),
        ("It's the boys'", "It's the boys'"),
    ],
)
def test_quotation_marks_are_not_said(written: str, said: str) -> None:
    assert text_of((written.encode(),), (0,)) == said


def test_words_have_their_length_before_them(tmp_path: Path) -> None:
    long = b"a" * 300
    file = tmp_path / "tokenizer.bin"
    file.write_bytes(
        b"\x03<s>" + b"\x00" + bytes([300 % 128 + 128, 300 // 128]) + long + b"\x06\xe2\x96\x81cat"
    )
    words = read_words(file)
    assert words == (b"<s>", b"", long, "\u2581cat".encode())
    assert text_of(words, (3, 3)) == "cat cat"
    file.write_bytes(b"\x05ab")
    with pytest.raises(EngineBroken, match="cut off"):
        read_words(file)


@pytest.fixture(scope="module")
def moonshine(weights: Callable[[str], Path]) -> Iterator[Moonshine]:
    engine = Moonshine.open(EngineSetup(weights=weights, threads=1))
    yield engine
    engine.close()


@pytest.mark.real
def test_it_keeps_its_contract(weights: Callable[[str], Path], samples: Samples) -> None:
    report = run("transcriber", Moonshine.open(EngineSetup(weights=weights, threads=1)), samples=samples)
    assert report.ok, report
    assert {skipped.check for skipped in report.skipped} == {"words_lie_in_the_audio"}


@pytest.mark.real
@pytest.mark.parametrize("level", [0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.3])
@pytest.mark.parametrize("seconds", [0.3, 2.0, 16.0])
def test_nobody_speaks_in_silence_or_hiss(moonshine: Moonshine, level: float, seconds: float) -> None:
    audio = np.random.default_rng(0).normal(0, level, int(seconds * SECOND)).astype(np.float32)
    assert moonshine.transcribe(audio).text == ""


@pytest.mark.real
def test_what_was_written_down_of_the_beginning_changes_no_word(
    moonshine: Moonshine, samples: Samples
) -> None:
    for clip in samples.speech():
        alone = moonshine.transcribe(clip.audio).text
        moonshine._drafts.clear()
        for share in (0.7, 0.9):
            moonshine.transcribe(clip.audio[: int(len(clip.audio) * share)])
        assert len(moonshine._drafts) == 1
        assert plain(moonshine.transcribe(clip.audio).text) == plain(alone)


@pytest.mark.real
def test_a_draft_that_is_wrong_is_not_believed(moonshine: Moonshine, samples: Samples) -> None:
    clip, other = samples.speech()[:2]
    right = moonshine._hear(clip.audio, NEVER)
    key = clip.audio[: SECOND // 2].tobytes()
    for wrong in (moonshine._hear(other.audio, NEVER).tokens, (), tuple(range(3, 40))):
        moonshine._drafts[key] = wrong
        assert moonshine._hear(clip.audio, NEVER).tokens == right.tokens


@pytest.mark.real
def test_a_cancelled_call_stops_early_and_leaves_nothing_wrong(
    moonshine: Moonshine, samples: Samples
) -> None:
    clip = samples.speech()[0]
    moonshine._drafts.clear()
    moonshine.transcribe(clip.audio, cancel=RaisedAfter(2))
    assert word_errors(plain(clip.text), plain(moonshine.transcribe(clip.audio).text)) <= 1


@pytest.mark.real
def test_without_anybody_to_ask_what_is_doubtful_is_nothing(weights: Callable[[str], Path]) -> None:
    alone = Moonshine.open(EngineSetup(weights=weights, threads=1, settings={"in_doubt": ""}))
    hum: Audio = (0.3 * np.sin(2 * np.pi * 55 * np.arange(2 * SECOND) / SECOND)).astype(np.float32)
    assert alone.transcribe(hum).text == ""
    alone.close()
    with pytest.raises(ConfigInvalid, match="in_doubt"):
        Moonshine.open(EngineSetup(weights=weights, threads=1, settings={"in_dubt": ""}))
