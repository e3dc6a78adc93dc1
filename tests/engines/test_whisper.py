"""Speech to text on its real weights."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from antiphon.contracts import Audio, ConfigInvalid, EngineSetup
from antiphon.contracts.conformance import Samples, run
from antiphon.engines.whisper import Hearing, Whisper, is_speech

pytestmark = pytest.mark.real
SECOND = 16_000


@pytest.fixture(scope="module")
def whisper(weights: Callable[[str], Path]) -> Iterator[Whisper]:
    engine = Whisper.open(EngineSetup(weights=weights, threads=1))
    yield engine
    engine.close()


class RaisedAfter:
    """A cancel flag that is raised once it has been looked at `looks` times."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def is_set(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def plain(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9 ]", "", text.lower().replace("-", " ")).split()


def word_errors(said: list[str], heard: list[str]) -> int:
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        above, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    return row[-1]


def test_it_keeps_its_contract(weights: Callable[[str], Path], samples: Samples) -> None:
    report = run("transcriber", Whisper.open(EngineSetup(weights=weights, threads=1)), samples=samples)
    assert report.ok, report
    assert {skipped.check for skipped in report.skipped} == {"words_lie_in_the_audio"}


@pytest.mark.parametrize("level", [0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.3])
@pytest.mark.parametrize("seconds", [0.3, 2.0, 16.0])
def test_nobody_speaks_in_silence_or_hiss(whisper: Whisper, level: float, seconds: float) -> None:
    audio = np.random.default_rng(0).normal(0, level, int(seconds * SECOND)).astype(np.float32)
    assert whisper.transcribe(np.clip(audio, -1, 1)).text == ""


@pytest.mark.parametrize(
    "name", ["felix_rain", "felix_wind", "felix_air_conditioner", "gsc_running_tap", "tau2_engine_idling"]
)
def test_nobody_speaks_in_the_rain(whisper: Whisper, speech_data: Path, name: str) -> None:
    audio, _ = soundfile.read(speech_data / "noise" / f"{name}.flac", frames=3 * SECOND, dtype="float32")
    assert whisper.transcribe(audio).text == ""


def test_one_short_word_is_still_a_word(whisper: Whisper, say: Callable[..., Audio]) -> None:
    for word in ("Yes.", "No.", "Thank you.", "Stop!"):
        assert plain(whisper.transcribe(say(word)).text) == plain(word)


def test_a_hint_teaches_a_name(whisper: Whisper, say: Callable[..., Audio]) -> None:
    audio = say("I would like to speak to Siobhan Krzyzewski.")
    assert "Krzyzewski" not in whisper.transcribe(audio).text
    assert "Krzyzewski" in whisper.transcribe(audio, hint="Siobhan Krzyzewski").text


def test_a_sentence_in_the_hint_may_be_said_again(whisper: Whisper, say: Callable[..., Audio]) -> None:
    sentence = "The kitchen closes early on Sunday evenings."
    assert plain(whisper.transcribe(say(sentence), hint=sentence).text) == plain(sentence)


def test_confidence_tells_speech_from_mumbling(whisper: Whisper, say: Callable[..., Audio]) -> None:
    audio = say("My brother would like two coffees and a slice of apple pie.")
    mumbled = (0.2 * audio + np.random.default_rng(0).normal(0, 0.02, len(audio))).astype(np.float32)
    clear, unclear = whisper.transcribe(audio), whisper.transcribe(mumbled)
    assert unclear.text
    assert clear.confidence > 0.7 > unclear.confidence


def test_a_cancelled_call_stops_before_it_decodes(whisper: Whisper, say: Callable[..., Audio]) -> None:
    audio = say("Never mind, forget what I said.")
    for looks in (0, 1):
        assert whisper.transcribe(audio, cancel=RaisedAfter(looks)).text == ""


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"language": "de"}, "knows English only"),
        ({"language": "auto"}, "knows English only"),
        ({"window_s": 2}, "window_s"),
        ({"modell": "whisper-base"}, "did you mean 'model'"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    weights: Callable[[str], Path], settings: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ConfigInvalid, match=complaint):
        Whisper.open(EngineSetup(weights=weights, threads=1, settings=settings))


def test_a_multilingual_model_names_the_language(
    weights: Callable[[str], Path], say: Callable[..., Audio]
) -> None:
    engine = Whisper.open(
        EngineSetup(weights=weights, threads=1, settings={"model": "whisper-base", "language": "auto"})
    )
    transcript = engine.transcribe(say("The teacher explained why plants need water."))
    assert transcript.language == "en"
    assert "plants need water" in transcript.text
    with pytest.raises(ConfigInvalid, match="tlh"):
        Whisper.open(
            EngineSetup(weights=weights, threads=1, settings={"model": "whisper-base", "language": "tlh"})
        )


def test_real_people_are_understood(whisper: Whisper, speech_data: Path) -> None:
    with (speech_data / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["set"] == "timit_nltk"][::6]
    errors = words = 0
    for row in rows:
        audio, _ = soundfile.read(speech_data / row["file"], dtype="float32")
        said = plain(row["transcript"])
        errors += word_errors(said, plain(whisper.transcribe(audio).text))
        words += len(said)
    assert errors / words < 0.15


@pytest.mark.parametrize(
    ("text", "no_speech", "belief", "spoken"),
    [
        ("Hello.", 0.1, 0.9, True),
        ("Mumble mumble.", 0.1, 0.15, True),
        ("Eight.", 0.7, 0.5, True),
        ("I'm", 0.7, 0.1, False),
        ("Thank you.", 0.95, 0.6, False),
        (". . .", 0.1, 0.9, False),
    ],
)
def test_what_counts_as_speech(text: str, no_speech: float, belief: float, spoken: bool) -> None:
    hearing = Hearing(text, 3, 4 * float(np.log(belief)), no_speech, looped=False)
    assert is_speech(hearing) is spoken
