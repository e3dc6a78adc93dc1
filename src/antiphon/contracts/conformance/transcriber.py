"""The suite of `Transcriber`."""

from difflib import SequenceMatcher
from threading import Event

import numpy as np

from antiphon.contracts.audio import LISTENING_HZ, Audio
from antiphon.contracts.conformance.check import Clip, Samples, Suite, demand, needs
from antiphon.contracts.conformance.engine import hears_at
from antiphon.contracts.conformance.signals import buzz, frozen, noise, silence
from antiphon.contracts.conformance.threads import at_once
from antiphon.contracts.transcriber import Transcriber, Transcript

LONG_MS = 45_000
"""Longer than the window of any model that has one."""


def check_nothing_is_empty(engine: Transcriber) -> None:
    """No audio, no words."""
    got = _transcribe(engine, np.zeros(0, np.float32))
    demand(got.text == "", f"empty audio was written down as {got.text!r}; nobody spoke, so it must be ''")


def check_silence_is_empty(engine: Transcriber) -> None:
    """Silence has no words, whether it is digital or that of a quiet room."""
    sounds = {"digital silence": silence(2000), "a quiet room": noise(2000, level=0.0001)}
    for name, audio in sounds.items():
        got = _transcribe(engine, audio)
        demand(
            got.text == "" and not got.words,
            f"{name} was written down as {got.text!r}; nobody spoke, so it must be '' and have no words",
        )


def check_takes_short_audio(engine: Transcriber) -> None:
    """A single sample, and less than any model's frame."""
    for audio in (noise(100)[:1], noise(10), buzz(60)):
        _transcribe(engine, audio)


def check_leaves_the_audio_alone(engine: Transcriber) -> None:
    """The same array goes to other engines too."""
    audio = buzz(700)
    before = audio.copy()
    _transcribe(engine, audio)
    demand(np.array_equal(audio, before), "transcribe() changed the audio it was given; audio is only lent")
    _transcribe(engine, frozen(audio))


def check_takes_a_hint(engine: Transcriber) -> None:
    """Names that may occur, and a hint far too long to use whole."""
    for hint in ("Antiphon, Zürich, Ngũgĩ", "name, " * 1000):
        _check_form(engine, engine.transcribe(buzz(700), hint=hint), 700)


def check_cancel_is_obeyed(engine: Transcriber) -> None:
    """A raised flag still gives an answer, which will be thrown away, and does not spoil the next one."""
    cancel = Event()
    cancel.set()
    _check_form(engine, engine.transcribe(buzz(3000), cancel=cancel), 3000)
    got = _transcribe(engine, silence(1000))
    demand(
        got.text == "",
        f"after a cancelled call, silence was written down as {got.text!r}; a call must leave nothing behind",
    )


def check_works_on_its_threads(engine: Transcriber) -> None:
    """As many callers at once as the card promises."""
    at_once(engine.card.concurrency, lambda _: _transcribe(engine, buzz(900)))


def check_writes_down_speech(engine: Transcriber, samples: Samples) -> None:
    """Most words that were said are found, in order."""
    for clip in samples.speech():
        _check_words(_transcribe(engine, clip.audio).text, clip, at_least=0.5)


def check_may_be_asked_again(engine: Transcriber, samples: Samples) -> None:
    """First about the beginning, then about the whole: the answer is about the audio it was given last."""
    for clip in samples.speech()[:2]:
        _transcribe(engine, clip.audio[: len(clip.audio) // 2])
        _check_words(_transcribe(engine, clip.audio).text, clip, at_least=0.5)


def check_takes_long_audio(engine: Transcriber, samples: Samples) -> None:
    """Longer than any model's window: what is said at either end is written down."""
    clips = samples.speech()
    audio: list[Audio] = []
    text: list[str] = []
    while sum(map(len, audio)) < LONG_MS * LISTENING_HZ // 1000:
        clip = clips[len(text) % len(clips)]
        audio += [clip.audio, silence(600)]
        text.append(clip.text)
    long = Clip(np.concatenate(audio), " ".join(text))
    _check_words(_transcribe(engine, long.audio).text, long, at_least=0.5)


def check_words_lie_in_the_audio(engine: Transcriber, samples: Samples) -> None:
    """With "word_times": the words are the text, in order, each inside the audio."""
    needs(engine, "word_times")
    for clip in samples.speech():
        got = _transcribe(engine, clip.audio)
        spoken = " ".join(word.text for word in got.words)
        demand(
            spoken.split() == got.text.split(),
            f"the words are {spoken!r} and the text is {got.text!r}; with 'word_times' they must agree",
        )
        earlier = 0
        for word in got.words:
            demand(
                earlier <= word.start_sample < word.end_sample <= len(clip.audio),
                f"{word.text!r} lies from {word.start_sample} to {word.end_sample} in {len(clip.audio)} "
                f"samples; words must follow each other inside the audio, in samples at 16 kHz",
            )
            earlier = word.start_sample


SUITE: Suite[Transcriber] = Suite(
    protocol=Transcriber,
    checks=(
        hears_at(LISTENING_HZ),
        check_nothing_is_empty,
        check_silence_is_empty,
        check_takes_short_audio,
        check_leaves_the_audio_alone,
        check_takes_a_hint,
        check_cancel_is_obeyed,
        check_works_on_its_threads,
    ),
    with_samples=(
        check_writes_down_speech,
        check_may_be_asked_again,
        check_takes_long_audio,
        check_words_lie_in_the_audio,
    ),
)


def _transcribe(engine: Transcriber, audio: Audio) -> Transcript:
    got = engine.transcribe(audio)
    _check_form(engine, got, len(audio) * 1000 / LISTENING_HZ)
    return got


def _check_form(engine: Transcriber, got: Transcript, audio_ms: float) -> None:
    demand(
        got.text == got.text.strip(),
        f"the text is {got.text!r}; it must have no leading or trailing space",
    )
    demand(
        0.0 <= got.confidence <= 1.0,
        f"confidence is {got.confidence} for {audio_ms:.0f} ms of audio; it must lie between 0 and 1",
    )
    demand(bool(got.language), "language is empty; it must be a BCP 47 tag")
    demand(
        not got.words or "word_times" in engine.card.capabilities,
        "the transcript has timed words; the card must then declare the capability 'word_times'",
    )


def _check_words(got: str, clip: Clip, *, at_least: float) -> None:
    said, heard = _plain(clip.text), _plain(got)
    matches = SequenceMatcher(None, said, heard, autojunk=False).get_matching_blocks()
    share = sum(match.size for match in matches) / max(len(said), 1)
    demand(
        share >= at_least,
        f"{clip.text[:80]!r} was written down as {got[:80]!r}: {share:.0%} of its words, in order; "
        f"of clear speech at least {at_least:.0%} must be found",
    )


def _plain(text: str) -> list[str]:
    letters = "".join(letter if letter.isalnum() else " " for letter in text.replace("'", "").casefold())
    return letters.split()
