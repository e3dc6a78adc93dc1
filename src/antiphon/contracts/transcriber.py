"""What was said?"""

from typing import Protocol, runtime_checkable

import msgspec

from antiphon.contracts.audio import Audio
from antiphon.contracts.engine import NEVER, Cancel, Engine


class TimedWord(msgspec.Struct, frozen=True):
    """A word and where it lies in the audio it belongs to."""

    text: str
    """As written, with its punctuation, without surrounding spaces."""
    start_sample: int
    end_sample: int
    """The first sample after the word."""


class Transcript(msgspec.Struct, frozen=True):
    """The words of one stretch of audio."""

    text: str
    """Plain text without leading or trailing space; empty when nobody spoke."""
    words: tuple[TimedWord, ...] = ()
    """At 16 kHz, in order; empty unless the card's capabilities hold "word_times"."""
    language: str = "en"
    confidence: float = 1.0
    """The geometric mean probability of its tokens, in [0, 1]."""


@runtime_checkable
class Transcriber(Engine, Protocol):
    """Turns a stretch of speech into text. It may be asked again about a longer stretch at any time."""

    def transcribe(self, audio: Audio, *, hint: str = "", cancel: Cancel = NEVER) -> Transcript:
        """Write down `audio`.

        Args:
            audio: 16 kHz, any length; a long stretch is cut at quiet places, silence gives an empty text.
            hint: names and words that are likely to occur.
            cancel: once raised, the answer may be incomplete; it will be thrown away.

        Raises:
            EngineBroken: the model or the service failed.
        """
        ...
