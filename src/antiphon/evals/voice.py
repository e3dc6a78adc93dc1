"""A caller's voice and an independent ear: what a simulated person needs to be heard and checked."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import soxr

from antiphon.contracts import (
    CLOCK_HZ,
    LISTENING_HZ,
    Audio,
    Engine,
    EngineBroken,
    EngineSetup,
    Part,
    Synthesizer,
    Transcriber,
)
from antiphon.contracts.discovery import find
from antiphon.evals.caller import Say
from antiphon.evals.dice import dice
from antiphon.evals.scenario import Scenario
from antiphon.evals.sounds import background, cough, door, in_room, rms
from antiphon.runtime import Config

_EMBEDDER = "minilm"
_TAIL_S = 0.1
_LEVEL = 0.06
"""Root mean square of the loud half of every voice, about -24 dB."""


def open_engine(part: Part, config: Config, weights: Callable[[str], Path]) -> Engine:
    """The engine that the configuration names for a part; the default embedder where it names none."""
    choice = config.engines.get(part)
    use, settings = (choice.use, choice.settings) if choice else (_EMBEDDER, dict[str, Any]())
    setup = EngineSetup(settings=settings, weights=weights, threads=config.threads)
    opening: Callable[[EngineSetup], Engine] = find(part, use).open
    return opening(setup)


class Studio:
    """The synthesizer callers speak with and the transcriber that checks everybody; one for a whole run."""

    def __init__(self, synthesizer: Synthesizer, transcriber: Transcriber) -> None:
        self._synthesizer, self._transcriber = synthesizer, transcriber

    @classmethod
    def open(cls, config: Config, weights: Callable[[str], Path]) -> Self:
        """Both engines, as the configuration names them."""
        synthesizer = cast(Synthesizer, open_engine("synthesizer", config, weights))
        try:
            return cls(synthesizer, cast(Transcriber, open_engine("transcriber", config, weights)))
        except BaseException:
            synthesizer.close()
            raise

    def spoken(self, text: str, voice: str, pace: float) -> Audio:
        """`text` in a voice, at 24 kHz, all voices equally loud. EngineBroken: it gave no sound."""
        rate = self._synthesizer.card.sample_rate_hz or CLOCK_HZ
        chunks = [chunk.audio for chunk in self._synthesizer.synthesize(text, voice=voice, speed=pace)]
        if not chunks:
            raise EngineBroken(self._synthesizer.card.name, f"it has no sound for {text!r}")
        audio = np.concatenate(chunks)
        if rate != CLOCK_HZ:
            audio = np.asarray(soxr.resample(audio, rate, CLOCK_HZ), np.float32)
        return (audio * (_LEVEL / max(rms(audio), 1e-6))).astype(np.float32).clip(-0.99, 0.99)

    def heard(self, audio: Audio) -> str:
        """What is said in a stretch at 24 kHz."""
        if len(audio) < CLOCK_HZ // 20:
            return ""
        return self._transcriber.transcribe(
            np.asarray(soxr.resample(audio, CLOCK_HZ, LISTENING_HZ), np.float32)
        ).text

    def close(self) -> None:
        """Let go of both."""
        self._synthesizer.close()
        self._transcriber.close()


class Throat:
    """One caller's sounds, in the room they are in."""

    def __init__(self, studio: Studio, scenario: Scenario, seed: int) -> None:
        self._studio, self._scenario = studio, scenario
        self._dice = np.random.default_rng(dice(seed, "sounds").getrandbits(32))
        sounds = scenario.sounds
        self.background = background(sounds.background, sounds.below_voice_db, _LEVEL, self._dice)
        """What is heard all the time, to be looped."""

    def says(self, say: Say) -> Audio:
        """A turn, with the pause to think in it."""
        parts = list(self._parts(say))
        return in_room(np.concatenate(parts), self._scenario.sounds.room, self._dice)

    def murmurs(self, word: str) -> Audio:
        """Something that is no turn."""
        voice = self._studio.spoken(word, self._scenario.voice, self._scenario.pace)
        return in_room(0.7 * voice, self._scenario.sounds.room, self._dice)

    def noise(self, kind: str) -> Audio:
        """A cough, or a door."""
        return (cough if kind == "cough" else door)(_LEVEL, self._dice)

    def _parts(self, say: Say) -> Iterator[Audio]:
        before, comma, after = say.text.partition(",")
        pieces = [before + comma, after.strip()] if say.pauses_s and after.strip() else [say.text]
        for place, piece in enumerate(pieces):
            if place:
                yield np.zeros(round(say.pauses_s * CLOCK_HZ), np.float32)
            yield self._studio.spoken(piece, self._scenario.voice, self._scenario.pace)
        yield np.zeros(round(_TAIL_S * CLOCK_HZ), np.float32)
