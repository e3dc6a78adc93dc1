"""Speech on the voice inside the package."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.contracts import Audio, ContractBroken, EngineSetup, SpeechChunk, UnknownName
from antiphon.contracts.conformance import run
from antiphon.engines.hibari import RATE_HZ, HibariVoices
from antiphon.engines.whisper import Whisper

pytestmark = pytest.mark.real

TRICKY = (
    "Meet Dr. Smith at 9:30am on Jan. 5th, 2024. It costs $3.2 billion, or 20% - about 10 km/h.",
    "Call 555-0199 (or 555-123-4567) now; ask for NASA's new-ish co-op & say “hi…”!",
    "**Bold** claims, [a link](http://example.org) and me@example.org",
    "naïve café 你好 🙂 ok",
    "A list:\n\n* one\n* 你好\n* 3/4 of Chapter IV",
    "9" * 60,
    "a " * 500,
    "🙂 yes",
    "yes 🙂",
    "one ¹A two",
)


def words_of(chunks: list[SpeechChunk]) -> list[str]:
    return [word.text for chunk in chunks for word in chunk.words]


def level(audio: Audio) -> float:
    return float(np.sqrt(np.mean(np.square(audio))))


def test_it_keeps_its_contract(hibari: HibariVoices) -> None:
    report = run("synthesizer", hibari)
    assert report.ok, report
    assert not report.skipped


@pytest.mark.parametrize("text", TRICKY)
def test_every_written_word_occurs_once_in_order_and_inside(hibari: HibariVoices, text: str) -> None:
    chunks = list(hibari.synthesize(text))
    assert words_of(chunks) == text.split()
    for chunk in chunks:
        assert all(0 <= word.start_sample < word.end_sample <= len(chunk.audio) for word in chunk.words)
        assert all(one.start_sample <= other.start_sample for one, other in pairwise(chunk.words))
        assert np.abs(chunk.audio).max() <= 1.0


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_text_breaks_it(hibari: HibariVoices, text: str) -> None:
    chunks = list(hibari.synthesize(text))
    assert words_of(chunks) == (text.split() if chunks else [])


def test_cut_between_two_words_each_side_holds_its_own(
    hibari: HibariVoices, weights: Callable[[str], Path]
) -> None:
    """What barge-in relies on: whoever heard the sound up to a word's end has heard the words up to it."""
    whisper = Whisper.open(EngineSetup(weights=weights))
    (chunk,) = hibari.synthesize("The kitchen closes early on Sunday evenings.")
    words = [word.text.lower().strip(".") for word in chunk.words]

    def heard(audio: Audio) -> list[str]:
        padded = np.concatenate([audio, np.zeros(RATE_HZ // 10, np.float32)])
        text = whisper.transcribe(soxr.resample(padded, RATE_HZ, 16_000).astype(np.float32)).text
        return text.lower().strip(".,").split()

    for count in (2, 3, 4, 6):
        assert heard(chunk.audio[: chunk.words[count - 1].end_sample]) == words[:count]
        assert heard(chunk.audio[chunk.words[count].start_sample :]) == words[count:]


@pytest.mark.parametrize("text", ["Hello there.", "Say it.", "Five.", "I see.", "What?", "Oh, really?"])
def test_the_first_sound_comes_at_once(hibari: HibariVoices, text: str) -> None:
    first = next(hibari.synthesize(text))
    loud = np.abs(first.audio) > 0.05 * np.abs(first.audio).max()
    assert int(loud.argmax()) < 0.06 * RATE_HZ
    assert first.words[0].start_sample < 0.06 * RATE_HZ


def test_a_rest_follows_a_sentence_and_hardly_one_a_bare_word(hibari: HibariVoices) -> None:
    def rest(text: str) -> float:
        (chunk,) = hibari.synthesize(text)
        return (len(chunk.audio) - chunk.words[-1].end_sample) / RATE_HZ

    assert 0.2 < rest("We went there.") < 0.5
    assert rest("We went there") < 0.15 < rest("We went there,") + 0.05 < rest("We went there.")


def test_the_first_chunk_is_a_clause_when_the_sentence_is_long(hibari: HibariVoices) -> None:
    first = next(hibari.synthesize("I am sorry to say so, but the kitchen closes early on Sunday evenings."))
    assert [word.text for word in first.words] == ["I", "am", "sorry", "to", "say", "so,"]


def test_the_same_text_gives_the_same_samples(hibari: HibariVoices) -> None:
    for voice in ("woman", "giant"):
        once, again = (list(hibari.synthesize("Say that again.", voice=voice)) for _ in range(2))
        assert np.array_equal(once[0].audio, again[0].audio)


def test_the_voices_differ_and_are_equally_loud(hibari: HibariVoices) -> None:
    text = "My brother would like two coffees and a slice of apple pie."
    spoken = {voice.name: next(hibari.synthesize(text, voice=voice.name)).audio for voice in hibari.voices}
    assert len(spoken) == 8
    levels = {name: level(audio) for name, audio in spoken.items()}
    assert max(levels.values()) < 2 * min(levels.values())
    pitch = {name: pitch_hz(audio) for name, audio in spoken.items()}
    assert pitch["giant"] < pitch["man"] < pitch["youth"] < pitch["woman"] < pitch["child"]


def pitch_hz(audio: Audio) -> float:
    """The spacing of the harmonics: the strongest peak of the mean cepstrum between 60 and 400 Hz."""
    windows = np.lib.stride_tricks.sliding_window_view(audio, 2048)[::512]
    loud = windows[np.std(windows, axis=1) > 0.3 * np.std(windows, axis=1).max()]
    spectra = np.log(np.abs(np.fft.rfft(loud * np.hanning(2048), axis=1)) + 1e-6)
    cepstra = np.fft.irfft(spectra, axis=1)[:, RATE_HZ // 400 : RATE_HZ // 60]
    return float(np.median(RATE_HZ / (cepstra.argmax(axis=1) + RATE_HZ // 400)))


def test_speed_changes_duration_in_proportion(hibari: HibariVoices) -> None:
    def seconds(speed: float) -> float:
        (chunk,) = hibari.synthesize("The teacher explained why plants need water.", speed=speed)
        return len(chunk.audio) / RATE_HZ

    assert seconds(0.5) == pytest.approx(2 * seconds(1.0), rel=0.15)
    assert seconds(1.5) == pytest.approx(seconds(1.0) / 1.5, rel=0.15)


def test_a_wrong_voice_names_the_nearest(hibari: HibariVoices) -> None:
    with pytest.raises(UnknownName, match="it has giant"):
        hibari.synthesize("Hello.", voice="gaint")


@pytest.mark.parametrize("speed", [0.0, 0.2, 2.0])
def test_a_speed_out_of_range_is_refused(hibari: HibariVoices, speed: float) -> None:
    with pytest.raises(ContractBroken, match="speed"):
        hibari.synthesize("Hello.", speed=speed)
