"""The suite of `Synthesizer`."""

from threading import Event

import numpy as np

from antiphon.contracts.conformance.check import Skipped, Suite, demand, refuses
from antiphon.contracts.conformance.threads import at_once
from antiphon.contracts.engine import Engine
from antiphon.contracts.errors import UnknownName
from antiphon.contracts.synthesizer import SpeechChunk, Synthesizer

PLAIN = "The quick brown fox jumps over the lazy dog, and nobody minds."
TEXTS = (
    PLAIN,
    "Yes.",
    "No no no, that is not, no, what I said.",
    "I paid $3.50 for 2 apples at 10:45; isn't that cheap?",
    "“Well-known” places (such as Zürich) cost more — don't they?",
)
LONG = " ".join(f"Sentence number {n} has a few more words, so that it goes on." for n in range(1, 21))
UNSPEAKABLE = ("", "   ", "\n", "...", "?!", " — ")
MOST_VOICES = 6


def check_card_names_the_rate(engine: Engine) -> None:
    """Whoever plays the audio has to know its rate."""
    demand(
        engine.card.sample_rate_hz is not None and engine.card.sample_rate_hz >= 8000,
        f"card.sample_rate_hz is {engine.card.sample_rate_hz}; it must say the rate of the speech it gives",
    )


def check_voices_have_names(engine: Synthesizer) -> None:
    """At least one voice, each with a name of its own."""
    names = [voice.name for voice in engine.voices]
    demand(bool(names), "voices is empty; there must be at least one, the first being the default")
    demand(
        all(names) and len(set(names)) == len(names),
        f"the voices are called {names!r}; each needs a name, and no two the same",
    )


def check_words_occur_once_in_order(engine: Synthesizer) -> None:
    """Over all chunks, the words are the text's words."""
    for text in TEXTS:
        _speak(engine, text)


def check_takes_a_long_text(engine: Synthesizer) -> None:
    """A long answer loses nothing either."""
    _speak(engine, LONG)


def check_audio_is_audible(engine: Synthesizer) -> None:
    """Speech is louder than nothing, and lasts about as long as people take."""
    chunks = _speak(engine, PLAIN)
    audio = np.concatenate([chunk.audio for chunk in chunks])
    level = float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))
    demand(level > 0.001, f"the speech has a level of {level:.5f} (root mean square); it must be audible")
    seconds = len(audio) / (engine.card.sample_rate_hz or 1)
    demand(
        0.3 < seconds < 30,
        f"{PLAIN!r} lasts {seconds:.1f} s at the card's {engine.card.sample_rate_hz} Hz; "
        f"twelve words must last between 0.3 and 30 s",
    )


def check_nothing_to_say_gives_nothing(engine: Synthesizer) -> None:
    """Text without a speakable character gives no chunks."""
    for text in UNSPEAKABLE:
        chunks = list(engine.synthesize(text))
        demand(
            not chunks,
            f"synthesize({text!r}) gave {len(chunks)} chunks; text without a speakable character gives none",
        )


def check_each_voice_speaks(engine: Synthesizer) -> None:
    """Every voice on the list can be asked for, and says the same words."""
    for voice in engine.voices[:MOST_VOICES]:
        _speak(engine, "Hello, this is me.", voice=voice.name)


def check_unknown_voice_is_refused(engine: Synthesizer) -> None:
    """A misspelt voice must not become somebody else."""
    refuses(
        UnknownName,
        lambda: list(engine.synthesize("Hello.", voice="no such voice")),
        "synthesize(voice='no such voice')",
    )


def check_surroundings_are_not_spoken(engine: Synthesizer) -> None:
    """A piece of a sentence is spoken alone, whatever stands before and behind it."""
    before, text = "Three nights ago the quick brown fox", "jumped over the lazy dog"
    alone = sum(len(chunk.audio) for chunk in _speak(engine, text))
    chunks = list(engine.synthesize(text, before=before, goes_on=True))
    for chunk in chunks:
        _check_chunk(chunk)
    _check_words(text, [word.text for chunk in chunks for word in chunk.words])
    within = sum(len(chunk.audio) for chunk in chunks)
    demand(
        alone / 3 < within < alone * 1.5,
        f"{text!r} lasts {alone} samples alone and {within} behind {before!r}; what stands around a text may "
        f"change how it sounds, and is never spoken with it",
    )


def check_speed_changes_the_length(engine: Synthesizer) -> None:
    """Half speed takes longer than one and a half."""
    slow = sum(len(chunk.audio) for chunk in _speak(engine, PLAIN, speed=0.5))
    fast = sum(len(chunk.audio) for chunk in _speak(engine, PLAIN, speed=1.5))
    demand(
        slow > fast,
        f"at speed 0.5 the text lasts {slow} samples and at 1.5 {fast}; a lower speed must last longer",
    )


def check_cancelled_before_it_begins(engine: Synthesizer) -> None:
    """A flag already raised: not a single chunk."""
    cancel = Event()
    cancel.set()
    chunks = list(engine.synthesize(LONG, cancel=cancel))
    demand(not chunks, f"{len(chunks)} chunks came although cancel was raised; no chunk may follow it")


def check_cancelled_on_the_way(engine: Synthesizer) -> None:
    """No chunk follows once the flag is raised, and the next call is whole again."""
    cancel = Event()
    speech = engine.synthesize(LONG, cancel=cancel)
    first = next(speech, None)
    cancel.set()
    after = len(list(speech))
    demand(first is not None, "a long text gave no chunk at all")
    demand(after == 0, f"{after} chunks followed after cancel was raised; none may")
    _speak(engine, PLAIN)


def check_closed_early(engine: Synthesizer) -> None:
    """A listener who walks away frees the engine for the next call."""
    speech = engine.synthesize(LONG)
    next(speech, None)
    close = getattr(speech, "close", None)
    if close is None:
        raise Skipped("synthesize() gives a plain iterator, which cannot be closed")
    close()
    at_once(1, lambda _: _speak(engine, PLAIN))


def check_works_on_its_threads(engine: Synthesizer) -> None:
    """As many texts at once as the card promises."""
    at_once(engine.card.concurrency, lambda index: _speak(engine, TEXTS[index % len(TEXTS)]))


SUITE: Suite[Synthesizer] = Suite(
    protocol=Synthesizer,
    checks=(
        check_card_names_the_rate,
        check_voices_have_names,
        check_words_occur_once_in_order,
        check_takes_a_long_text,
        check_audio_is_audible,
        check_nothing_to_say_gives_nothing,
        check_each_voice_speaks,
        check_unknown_voice_is_refused,
        check_surroundings_are_not_spoken,
        check_speed_changes_the_length,
        check_cancelled_before_it_begins,
        check_cancelled_on_the_way,
        check_closed_early,
        check_works_on_its_threads,
    ),
)


def _speak(engine: Synthesizer, text: str, *, voice: str = "", speed: float = 1.0) -> list[SpeechChunk]:
    chunks = list(engine.synthesize(text, voice=voice, speed=speed))
    for chunk in chunks:
        _check_chunk(chunk)
    _check_words(text, [word.text for chunk in chunks for word in chunk.words])
    return chunks


def _check_chunk(chunk: SpeechChunk) -> None:
    audio = chunk.audio
    demand(
        audio.ndim == 1 and audio.dtype == np.float32,
        f"a chunk's audio has shape {audio.shape} and type {audio.dtype}; it must be one row of float32",
    )
    demand(len(audio) > 0, "a chunk has no audio; every chunk must be ready to play")
    demand(
        bool(np.all(np.isfinite(audio))) and float(np.max(np.abs(audio))) <= 1.0,
        "a chunk's audio leaves [-1, 1] or is not finite; samples must be finite and within it",
    )
    earlier = 0
    for word in chunk.words:
        demand(
            earlier <= word.start_sample < word.end_sample <= len(audio),
            f"{word.text!r} lies from {word.start_sample} to {word.end_sample} in a chunk of {len(audio)} "
            f"samples; words must follow each other inside their chunk, in its own samples",
        )
        earlier = word.start_sample


def _check_words(text: str, spoken: list[str]) -> None:
    wanted, got = _plain(text), _plain(" ".join(spoken))
    rule = "over all chunks every word of the text must occur once, in order"
    for word in wanted:
        count = got.count(word)
        demand(count > 0, f"synthesize({text[:60]!r}) lost the word {word!r}; {rule}")
        demand(
            count >= wanted.count(word),
            f"synthesize({text[:60]!r}) has {word!r} {count} times and the text "
            f"{wanted.count(word)} times; {rule}",
        )
    for word in got:
        demand(word in wanted, f"synthesize({text[:60]!r}) made up the word {word!r}; {rule}")
        demand(
            got.count(word) == wanted.count(word),
            f"synthesize({text[:60]!r}) repeated the word {word!r}; {rule}",
        )
    demand(got == wanted, f"synthesize({text[:60]!r}) gave the words in the order {got!r}; {rule}")


def _plain(text: str) -> list[str]:
    """The words as written, case and outer punctuation aside, so that a dash between spaces is no word."""
    bare = (_stripped(word.casefold()) for word in text.split())
    return [word for word in bare if word]


def _stripped(word: str) -> str:
    inner = [index for index, letter in enumerate(word) if letter.isalnum()]
    return word[inner[0] : inner[-1] + 1] if inner else ""
