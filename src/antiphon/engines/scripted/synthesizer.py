"""A synthesizer whose speech can be read back, to the word and to the sample."""

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Self

import msgspec
import numpy as np

from antiphon.contracts import (
    CLOCK_HZ,
    NEVER,
    Audio,
    Cancel,
    EngineCard,
    EngineSetup,
    SpeechChunk,
    TimedWord,
    UnknownName,
    Voice,
)
from antiphon.contracts.settings import decode
from antiphon.engines.scripted.tones import GAP_MS, sing
from antiphon.engines.scripted.waiting import waited

VOICES = (Voice("low", "Tones from 500 Hz"), Voice("high", "The same, an eighth of a kilohertz higher"))


class SynthesizerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `synthesizer.scripted`."""

    chunk_words: Annotated[int, msgspec.Meta(ge=1)] = 4
    """The most words in one chunk; a chunk also ends where a sentence does."""
    delay_ms: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """How long each chunk takes to make."""


class ScriptedSynthesizer:
    """Sings each word in 20 ms a letter, then is silent for 60 ms; `decode_words` reads it back."""

    card: ClassVar[EngineCard] = EngineCard(
        name="scripted",
        part="synthesizer",
        summary="Sings words as tones that can be decoded again; for tests and load.",
        licence="Apache-2.0",
        sample_rate_hz=CLOCK_HZ,
        concurrency=16,
    )
    settings_kind: ClassVar[type[SynthesizerSettings]] = SynthesizerSettings
    voices = VOICES

    def __init__(self, settings: SynthesizerSettings) -> None:
        self._settings = settings

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Read the pace."""
        return cls(decode(setup.settings, SynthesizerSettings, "synthesizer.scripted"))

    def synthesize(
        self,
        text: str,
        *,
        voice: str = "",
        speed: float = 1.0,
        before: str = "",
        goes_on: bool = False,
        cancel: Cancel = NEVER,
    ) -> Iterator[SpeechChunk]:
        """Sing `text`, a few words at a time; words without a letter or digit are left out."""
        number = _voice_number(voice)
        for words in _chunks(text, self._settings.chunk_words):
            if not waited(self._settings.delay_ms, cancel):
                return
            yield _chunk(words, number, speed)

    def close(self) -> None:
        """Nothing to let go of."""


def _voice_number(name: str) -> int:
    names = [voice.name for voice in VOICES]
    if name and name not in names:
        raise UnknownName(f"no voice is called {name!r}; there are {', '.join(names)}")
    return names.index(name) if name else 0


def _chunks(text: str, most_words: int) -> Iterator[Sequence[str]]:
    chunk: list[str] = []
    for word in text.split():
        if any(letter.isalnum() for letter in word):
            chunk.append(word)
        if chunk and (len(chunk) == most_words or word[-1] in ".!?"):
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _chunk(words: Sequence[str], voice: int, speed: float) -> SpeechChunk:
    gap = np.zeros(round(CLOCK_HZ * GAP_MS / 1000 / speed), np.float32)
    audio: list[Audio] = []
    timed: list[TimedWord] = []
    start = 0
    for word in words:
        sound = sing(word, rate_hz=CLOCK_HZ, voice=voice, speed=speed)
        timed.append(TimedWord(word, start, start + len(sound)))
        audio += [sound, gap]
        start += len(sound) + len(gap)
    return SpeechChunk(np.concatenate(audio), tuple(timed))
