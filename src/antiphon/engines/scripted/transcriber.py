"""A transcriber that reads the scripted synthesizer's tones, or has its words beforehand."""

from typing import Annotated, ClassVar, Self

import msgspec

from antiphon.contracts import (
    LISTENING_HZ,
    NEVER,
    Audio,
    Cancel,
    EngineCard,
    EngineSetup,
    TimedWord,
    Transcript,
)
from antiphon.contracts.settings import decode as decode_settings
from antiphon.engines.scripted.tones import bursts, decode
from antiphon.engines.scripted.waiting import waited


class TranscriberSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `transcriber.scripted`."""

    words: str = ""
    """What callers say, whatever they say: the first burst of sound is the first of these words, and so on,
    beginning anew after the last. Empty: the words are read from the scripted synthesizer's tones."""
    delay_ms: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """How long each answer takes."""


class ScriptedTranscriber:
    """Burst by burst, a word."""

    card: ClassVar[EngineCard] = EngineCard(
        name="scripted",
        part="transcriber",
        summary="Reads the tones of the scripted synthesizer, or a script; for tests and load.",
        licence="Apache-2.0",
        sample_rate_hz=LISTENING_HZ,
        capabilities=frozenset({"word_times"}),
        concurrency=16,
    )
    settings_kind: ClassVar[type[TranscriberSettings]] = TranscriberSettings

    def __init__(self, settings: TranscriberSettings) -> None:
        self._settings = settings
        self._words = settings.words.split()

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Read the script."""
        return cls(decode_settings(setup.settings, TranscriberSettings, "transcriber.scripted"))

    def transcribe(self, audio: Audio, *, hint: str = "", cancel: Cancel = NEVER) -> Transcript:
        """The words of `audio` (16 kHz); `hint` is ignored. Cancelled, it hears nothing."""
        if not waited(self._settings.delay_ms, cancel):
            return Transcript("")
        words = self._scripted(audio) if self._words else decode(audio, LISTENING_HZ)
        text = " ".join(word.text for word in words)
        return Transcript(text, tuple(words))

    def close(self) -> None:
        """Nothing to let go of."""

    def _scripted(self, audio: Audio) -> list[TimedWord]:
        return [
            TimedWord(self._words[index % len(self._words)], start, end)
            for index, (start, end) in enumerate(bursts(audio, LISTENING_HZ))
        ]
