"""The suite of `EndOfTurn`."""

from math import isfinite

import numpy as np

from antiphon.contracts.audio import LISTENING_HZ, Audio
from antiphon.contracts.conformance.check import Clip, Samples, Suite, demand
from antiphon.contracts.conformance.engine import hears_at
from antiphon.contracts.conformance.signals import buzz, frozen, noise, silence
from antiphon.contracts.conformance.threads import at_once
from antiphon.contracts.end_of_turn import EndOfTurn

PAUSE_MS = 300


def check_empty_audio_scores_zero(engine: EndOfTurn) -> None:
    """Nobody has spoken, so no turn can be over."""
    got = engine.score(np.zeros(0, np.float32))
    demand(got == 0.0, f"empty audio scored {got}; it must score exactly 0.0")


def check_scores_are_probabilities(engine: EndOfTurn) -> None:
    """Whatever it hears, the answer lies between 0 and 1."""
    sounds = {
        "one sample": noise(100)[:1],
        "10 ms of noise": noise(10),
        "a second of silence": silence(1000),
        "a buzz and a pause": _then_pause(buzz(1500)),
        "full scale": np.ones(LISTENING_HZ, np.float32),
    }
    for name, audio in sounds.items():
        _probability(engine, audio, name)


def check_takes_a_long_turn(engine: EndOfTurn) -> None:
    """A caller may talk for minutes; the engine may look at the last seconds only."""
    _probability(engine, _then_pause(np.tile(buzz(5000), 24)), "two minutes of audio")


def check_leaves_the_audio_alone(engine: EndOfTurn) -> None:
    """The same array goes to other engines too."""
    audio = _then_pause(buzz(800))
    before = audio.copy()
    engine.score(audio)
    demand(np.array_equal(audio, before), "score() changed the audio it was given; audio is only lent")
    engine.score(frozen(audio))


def check_takes_any_text(engine: EndOfTurn) -> None:
    """Unfinished, foreign or missing words are all welcome."""
    audio = _then_pause(buzz(800))
    for text in ("", "and then I", "Ça va ? 你好 🙂", "word " * 2000):
        score = engine.score(audio, text=text)
        demand(
            isfinite(score) and 0.0 <= score <= 1.0,
            f"with the text {text[:20]!r} it scored {score}; a score must lie between 0 and 1",
        )


def check_works_on_its_threads(engine: EndOfTurn) -> None:
    """As many callers at once as the card promises."""
    audio = _then_pause(buzz(800))
    at_once(engine.card.concurrency, lambda _: _probability(engine, audio, "a buzz on another thread"))


def check_whole_sentences_end_turns(engine: EndOfTurn, samples: Samples) -> None:
    """Over all samples, a sentence said to its end scores no lower than one broken off."""
    clips = samples.speech()
    whole = float(np.mean([engine.score(_then_pause(clip.audio), clip.text) for clip in clips]))
    broken_off = [_first_half(clip) for clip in clips]
    half = float(np.mean([engine.score(_then_pause(clip.audio), clip.text) for clip in broken_off]))
    demand(
        whole >= half,
        f"whole sentences scored {whole:.2f} and the same ones broken off {half:.2f} on average; "
        f"a finished turn must not score lower",
    )


SUITE: Suite[EndOfTurn] = Suite(
    protocol=EndOfTurn,
    checks=(
        hears_at(LISTENING_HZ),
        check_empty_audio_scores_zero,
        check_scores_are_probabilities,
        check_takes_a_long_turn,
        check_leaves_the_audio_alone,
        check_takes_any_text,
        check_works_on_its_threads,
    ),
    with_samples=(check_whole_sentences_end_turns,),
)


def _probability(engine: EndOfTurn, audio: Audio, name: str) -> None:
    score = engine.score(audio)
    demand(
        isfinite(score) and 0.0 <= score <= 1.0,
        f"{name} scored {score}; a score must lie between 0 and 1",
    )


def _then_pause(audio: Audio) -> Audio:
    return np.concatenate([audio, silence(PAUSE_MS)])


def _first_half(clip: Clip) -> Clip:
    words = clip.text.split()
    return Clip(clip.audio[: len(clip.audio) // 2], " ".join(words[: len(words) // 2]))
