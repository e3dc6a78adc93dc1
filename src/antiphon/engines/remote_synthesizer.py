"""Speech by any server with OpenAI's `/v1/audio/speech`, played while it arrives.

The protocol does not say where in the sound a word lies. It is estimated from the letters: at the usual pace
while the speech is arriving, and what is left over fills the rest. Over a sentence that is good to about half
a second.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, ClassVar, Self

import msgspec
import numpy as np

from antiphon.contracts import (
    NEVER,
    Audio,
    Cancel,
    ContractBroken,
    EngineBroken,
    EngineCard,
    EngineSetup,
    SpeechChunk,
    TimedWord,
    UnknownName,
    Voice,
)
from antiphon.contracts.settings import decode
from antiphon.engines.remote import Remote, ServerSettings

_NAME = "openai"
_RATE_HZ = 24_000
_CHUNK_BYTES = _RATE_HZ // 10 * 2  # a tenth of a second, 16 bits a sample
_SAMPLES_PER_LETTER = _RATE_HZ // 15  # people say about fifteen letters a second, spaces included
_SLOWEST, _FASTEST = 0.25, 1.5
_CONTAINERS = (b"RIFF", b"OggS", b"fLaC", b"ID3", b"\xff\xfb", b"\xff\xf3")


class RemoteSynthesizerSettings(ServerSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `synthesizer.openai`."""

    voices: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("alloy",)
    """Names the server knows; the first is the default."""


class RemoteSynthesizer:
    """A synthesizer behind an OpenAI-compatible server that gives raw 16-bit samples at 24 kHz."""

    card: ClassVar[EngineCard] = EngineCard(
        name=_NAME,
        part="synthesizer",
        summary="Any OpenAI-compatible speech server; where its words lie in the sound is an estimate.",
        licence="service",
        sample_rate_hz=_RATE_HZ,
        concurrency=8,
    )
    settings_kind: ClassVar[type[RemoteSynthesizerSettings]] = RemoteSynthesizerSettings

    def __init__(self, remote: Remote, settings: RemoteSynthesizerSettings) -> None:
        self._remote = remote
        self._model = settings.model
        self.voices = tuple(Voice(name) for name in settings.voices)

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Prepare the connection; the server is first spoken to when there is something to say."""
        settings = decode(setup.settings, RemoteSynthesizerSettings, "synthesizer.openai")
        return cls(Remote(_NAME, settings), settings)

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
        """Speak `text` in chunks of a tenth of a second or more, one behind what has arrived.

        The protocol has no place for what stands around `text`.
        """
        names = [known.name for known in self.voices]
        if voice and voice not in names:
            close = get_close_matches(voice, names, n=1) or names
            raise UnknownName(f"{_NAME} has no voice {voice!r}; its settings name {', '.join(close)}")
        if not _SLOWEST <= speed <= _FASTEST:
            raise ContractBroken(f"speed is {speed}; it must lie between {_SLOWEST} and {_FASTEST}")
        if not any(letter.isalnum() for letter in text):
            return iter(())
        request = {
            "model": self._model,
            "voice": voice or names[0],
            "input": text,
            "response_format": "pcm",
            "speed": speed,
        }
        return self._chunks(request, Placing(text.split(), speed), cancel)

    def close(self) -> None:
        """Break off what is under way."""
        self._remote.close()

    def _chunks(
        self, request: Mapping[str, object], placing: "Placing", cancel: Cancel
    ) -> Iterator[SpeechChunk]:
        waiting: Audio | None = None  # until it is known whether it is the last
        for audio in self._audio(request, cancel):
            if waiting is not None:
                yield SpeechChunk(waiting, placing.words_in(waiting))
            waiting = audio
            if cancel.is_set():
                return
        if waiting is None and not cancel.is_set():
            raise EngineBroken(_NAME, "it sent no sound")
        if waiting is not None and not cancel.is_set():
            yield SpeechChunk(waiting, placing.words_in(waiting, last=True))

    def _audio(self, request: Mapping[str, object], cancel: Cancel) -> Iterator[Audio]:
        held = b""
        begun = False
        for data in self._remote.stream("audio/speech", cancel, json=request):
            held += data
            if len(held) < _CHUNK_BYTES:
                continue
            _check_raw(held, begun)
            begun = True
            whole = len(held) // 2 * 2
            yield _samples(held[:whole])
            held = held[whole:]
        if len(held) >= 2:
            _check_raw(held, begun)
            yield _samples(held[: len(held) // 2 * 2])


class Placing:
    """Where each word of a text lies, as far as letters can tell."""

    def __init__(self, words: Sequence[str], speed: float) -> None:
        self._words = list(words)
        self._pace = _SAMPLES_PER_LETTER / speed
        self._played = 0
        self._end = 0.0

    def words_in(self, audio: Audio, *, last: bool = False) -> tuple[TimedWord, ...]:
        """The words that end in `audio`, the next stretch of the speech; all that are left in the last."""
        until = self._played + len(audio)
        lengths: list[float] = []
        while len(lengths) < len(self._words):
            length = (len(self._words[len(lengths)]) + 1) * self._pace
            if not last and self._end + length > until:
                break
            self._end += length
            lengths.append(length)
        words, self._words = self._words[: len(lengths)], self._words[len(lengths) :]
        self._played = until
        return _spread(words, lengths, len(audio))


def _spread(words: Sequence[str], lengths: Sequence[float], samples: int) -> tuple[TimedWord, ...]:
    """`words` one after the other over `samples`, in proportion to `lengths`, each at least one sample."""
    if not words:
        return ()
    edges = np.concatenate([[0.0], np.cumsum(lengths)]) / sum(lengths) * samples
    placed: list[TimedWord] = []
    for number, word in enumerate(words):
        start = min(int(edges[number]), samples - 1)
        placed.append(TimedWord(word, start, min(max(int(edges[number + 1]), start + 1), samples)))
    return tuple(placed)


def _check_raw(data: bytes, begun: bool) -> None:
    if not begun and data.startswith(_CONTAINERS):
        raise EngineBroken(_NAME, "it sent a sound file where raw samples (`pcm`) were asked for")


def _samples(data: bytes) -> Audio:
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)
