"""How it sounds, and where in the sound each word lies."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import msgspec

from antiphon.contracts.audio import Audio
from antiphon.contracts.engine import NEVER, Cancel, Engine
from antiphon.contracts.transcriber import TimedWord


class Voice(msgspec.Struct, frozen=True):
    """One of the voices an engine speaks with."""

    name: str
    description: str = ""
    language: str = "en"


class SpeechChunk(msgspec.Struct, frozen=True):
    """A stretch of speech, ready to play."""

    audio: Audio
    """At the card's `sample_rate_hz`."""
    words: tuple[TimedWord, ...]
    """The words spoken in it, positions in samples of this chunk. Over all chunks, every word of the text
    occurs once and in order, so that whoever knows what was played knows what was heard."""


@runtime_checkable
class Synthesizer(Engine, Protocol):
    """Speaks text."""

    voices: tuple[Voice, ...]
    """At least one; the first is the default."""

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
        """Speak `text`, a chunk at a time, each as soon as it is ready.

        Args:
            text: written language; numbers, times and money are read out. Text without a speakable
                character gives no chunks.
            voice: a name in `voices`; empty means the default.
            speed: 1.0 is the voice's own pace; from 0.25 to 1.5.
            before: what was said just before, in the call before this one. Never spoken again; an engine
                may let the voice go on from it.
            goes_on: more is to be said right behind, in the next call. Where `text` has no mark at its end,
                an engine may leave out what marks a last word: the fall, the length, the rest.
            cancel: once raised, no further chunk follows.

        Raises:
            UnknownName: there is no such voice.
            EngineBroken: the model or the service failed.
        """
        ...
