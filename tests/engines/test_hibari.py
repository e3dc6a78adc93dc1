"""Speech on the voice inside the package."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.contracts import Audio, ContractBroken, EngineSetup, SpeechChunk, TimedWord, UnknownName
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


@given(text=st.text(max_size=60), before=st.text(max_size=20), goes_on=st.booleans())
@settings(max_examples=60)
def test_no_text_breaks_it(hibari: HibariVoices, text: str, before: str, goes_on: bool) -> None:
    chunks = list(hibari.synthesize(text, before=before, goes_on=goes_on))
    assert words_of(chunks) == (text.split() if chunks else [])


def test_cut_between_two_words_each_side_holds_its_own(
    hibari: HibariVoices, weights: Callable[[str], Path]
) -> None:
    """What barge-in relies on: whoever heard the sound up to a word's end has heard the words up to it."""
    whisper = Whisper.open(EngineSetup(weights=weights, threads=1))
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


def halves(
    hibari: HibariVoices, text: str, count: int, *, apart: bool = False
) -> tuple[SpeechChunk, SpeechChunk]:
    """The first `count` words of `text` and the others, each spoken in its surroundings unless `apart`."""
    words = text.split()
    first, second = " ".join(words[:count]), " ".join(words[count:])
    (one,) = hibari.synthesize(first, goes_on=not apart)
    (other,) = hibari.synthesize(second, before="" if apart else first)
    return one, other


def length(word: TimedWord) -> int:
    return word.end_sample - word.start_sample


CUT_SENTENCES = (
    ("Several hotels nearby offer free breakfast for children.", 4),
    ("The later judicious century stemmed the period.", 4),
    ("Volcanoes often form near edges of large plates.", 3),
    ("Boil the potatoes until they become quite soft.", 6),
    ("You can make a simple omelette with eggs.", 5),
)


@pytest.mark.parametrize(("text", "count"), CUT_SENTENCES)
def test_a_clause_that_goes_on_ends_and_is_taken_up_as_within_the_sentence(
    hibari: HibariVoices, text: str, count: int
) -> None:
    (whole,) = hibari.synthesize(text)
    one, other = halves(hibari, text, count)
    apart, _ = halves(hibari, text, count, apart=True)
    last = length(whole.words[count - 1])
    assert length(one.words[-1]) == pytest.approx(last, rel=0.25, abs=0.05 * RATE_HZ)
    assert length(one.words[-1]) < length(apart.words[-1])
    assert [length(word) for word in other.words] == pytest.approx(
        [length(word) for word in whole.words[count:]], abs=0.03 * RATE_HZ
    )
    third = RATE_HZ * 3 // 10
    begins = whole.words[count].start_sample
    height = pitch_hz(whole.audio[begins : begins + third])
    two_semitones = 2 ** (2 / 12) - 1
    assert pitch_hz(other.audio[:third]) == pytest.approx(height, rel=two_semitones)
    assert len(one.audio) + len(other.audio) == pytest.approx(len(whole.audio), rel=0.08)


@pytest.mark.parametrize(("text", "count"), CUT_SENTENCES)
def test_nothing_clicks_where_two_clauses_meet(hibari: HibariVoices, text: str, count: int) -> None:
    one, other = halves(hibari, text, count)
    edge = 24  # 1 ms
    assert level(one.audio[-edge:]) < 0.1 * level(one.audio)
    assert level(other.audio[:edge]) < 0.1 * level(other.audio)
    nearly = RATE_HZ // 25
    assert len(one.audio) - nearly < one.words[-1].end_sample <= len(one.audio)
    assert other.words[0].start_sample < nearly


def test_a_mark_at_the_end_is_spoken_whether_or_not_it_goes_on(hibari: HibariVoices) -> None:
    for text in ("We went there,", "We went there.", "We went there –"):
        (alone,), (going_on,) = hibari.synthesize(text), hibari.synthesize(text, goes_on=True)
        assert np.array_equal(alone.audio, going_on.audio)


def test_a_whole_sentence_before_changes_nothing(hibari: HibariVoices) -> None:
    (alone,), (after,) = (
        hibari.synthesize("We went there."),
        hibari.synthesize("We went there.", before="Yes."),
    )
    assert np.array_equal(alone.audio, after.audio)


@pytest.mark.parametrize("text", TRICKY)
def test_surroundings_lose_no_word_and_add_none(hibari: HibariVoices, text: str) -> None:
    for before in ("This costs $3.50 or", "🙂", "well,", "9" * 60):
        chunks = list(hibari.synthesize(text, before=before, goes_on=True))
        assert words_of(chunks) == text.split()
        for chunk in chunks:
            assert all(0 <= word.start_sample < word.end_sample <= len(chunk.audio) for word in chunk.words)


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
