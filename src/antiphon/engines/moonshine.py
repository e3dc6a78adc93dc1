"""Speech to text by Moonshine, on ONNX Runtime: its cost grows with what was said, and with nothing else.

Whisper fills a window of many seconds however little was said; this encoder takes the audio as it is. A turn
is listened to several times while it grows, so what was written down of it last time is the decoder's draft,
and only from the first word that has changed is anything written anew.

Of a very short word it makes several, and in the noise of an engine it hears "you". So what is short, and
what it does not believe itself, is given to Whisper.

Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice Commands", 2024.
"""

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import ClassVar, Self

import msgspec
import numpy as np

from antiphon.contracts import (
    LISTENING_HZ,
    NEVER,
    Audio,
    Cancel,
    EngineBroken,
    EngineCard,
    EngineSetup,
    Transcript,
)
from antiphon.contracts.settings import decode
from antiphon.engines.moonshine_decoder import Decoder, Written
from antiphon.engines.onnx import OnnxModel
from antiphon.engines.quiet import loudest, pieces
from antiphon.engines.whisper import Whisper

_WHERE = "transcriber.moonshine"
_LONGEST_SAMPLES = 20 * LISTENING_HZ
_SHORTEST_SAMPLES = LISTENING_HZ // 4
"""Less is given silence until it is as long: the encoder wants something to look at."""
_SILENCE_RMS = 2e-4  # -74 dB of full scale: below the noise of any microphone
_TOKENS_PER_SECOND_MAX = 8
_TOKENS_SPARE = 4

# Measured on 31 noises, cut to four lengths, and 170 recordings of sentences: nine in ten noises are believed
# less than .76, three in four sentences more. What is left of the noises is mostly one word.
_BELIEVED = 0.76
_FEWEST_WORDS = 3
_SHORT_SAMPLES = LISTENING_HZ * 12 // 10

_SAME_TURN_SAMPLES = LISTENING_HZ // 2
"""Audio that begins alike for so long is the same turn."""
_DRAFTS_MAX = 64


class MoonshineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `transcriber.moonshine`."""

    model: str = "moonshine-tiny.en"
    """A name in the weights manifest."""
    in_doubt: str = "whisper-tiny.en"
    """The Whisper that is asked in doubt; "": nobody, and what is doubtful counts for nothing."""


class Moonshine:
    """Moonshine tiny for English."""

    card: ClassVar[EngineCard] = EngineCard(
        name="moonshine",
        part="transcriber",
        summary="Moonshine tiny on the processor, and Whisper in doubt: English, a turn's words in 40 ms.",
        licence="MIT",
        languages=("en",),
        sample_rate_hz=LISTENING_HZ,
        capabilities=frozenset({"hint"}),
        weights=("moonshine-tiny.en", "whisper-tiny.en"),
    )
    settings_kind: ClassVar[type[MoonshineSettings]] = MoonshineSettings

    def __init__(
        self, encoder: OnnxModel, decoder: Decoder, words: tuple[bytes, ...], in_doubt: Whisper | None
    ) -> None:
        self._encoder, self._decoder, self._words, self._in_doubt = encoder, decoder, words, in_doubt
        self._drafts: OrderedDict[bytes, tuple[int, ...]] = OrderedDict()
        """What was written down last of audio with this beginning."""
        self._lock = Lock()

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load the model and transcribe a little noise, because the first call is the slowest."""
        settings = decode(setup.settings, MoonshineSettings, _WHERE)
        folder = setup.weights(settings.model)
        engine = cls(
            OnnxModel("moonshine", folder / "encoder_model.ort", threads=setup.threads),
            Decoder("moonshine", folder / "decoder_model_merged.ort", threads=setup.threads),
            read_words(folder / "tokenizer.bin"),
            _whisper(setup, settings.in_doubt),
        )
        engine.transcribe(np.random.default_rng(0).normal(0.0, 0.01, LISTENING_HZ).astype(np.float32))
        return engine

    def transcribe(self, audio: Audio, *, hint: str = "", cancel: Cancel = NEVER) -> Transcript:
        """Write down `audio`; hiss, hum and silence give an empty text. `hint` is for Whisper."""
        said: list[Transcript] = []
        for piece in pieces(audio, _LONGEST_SAMPLES):
            if cancel.is_set():
                break
            if loudest(piece) >= _SILENCE_RMS:
                said.append(self._believed(piece, cancel) or self._doubted(piece, hint, cancel))
        said = [transcript for transcript in said if transcript.text]
        return Transcript(
            " ".join(transcript.text for transcript in said),
            language="en",
            confidence=min((transcript.confidence for transcript in said), default=1.0),
        )

    def close(self) -> None:
        """Let go of Whisper; the rest is memory."""
        if self._in_doubt is not None:
            self._in_doubt.close()
        with self._lock:
            self._drafts.clear()

    def _believed(self, audio: Audio, cancel: Cancel) -> Transcript | None:
        """What was said, or None where that is in doubt."""
        if len(audio) < _SHORT_SAMPLES and self._in_doubt is not None:
            return None
        written = self._hear(audio, cancel)
        text = text_of(self._words, written.tokens)
        if not written.ended or written.belief < _BELIEVED or len(text.split()) < _FEWEST_WORDS:
            return None
        return Transcript(text, language="en", confidence=written.belief)

    def _doubted(self, audio: Audio, hint: str, cancel: Cancel) -> Transcript:
        if self._in_doubt is None:
            return Transcript("", language="en", confidence=1.0)
        return self._in_doubt.transcribe(audio, hint=hint, cancel=cancel)

    def _hear(self, audio: Audio, cancel: Cancel) -> Written:
        turn = audio[:_SAME_TURN_SAMPLES].tobytes()
        with self._lock:
            draft = self._drafts.pop(turn, ())
        if len(audio) < _SHORTEST_SAMPLES:
            audio = np.pad(audio, (0, _SHORTEST_SAMPLES - len(audio)))
        most = len(audio) * _TOKENS_PER_SECOND_MAX // LISTENING_HZ + _TOKENS_SPARE
        mask = np.ones((1, len(audio)), np.int64)
        encoded = self._encoder.run(None, {"input_values": audio[None], "attention_mask": mask})[0]
        written = self._decoder.write(encoded, draft, most=most, cancel=cancel)
        with self._lock:
            self._drafts[turn] = written.tokens
            if len(self._drafts) > _DRAFTS_MAX:
                self._drafts.popitem(last=False)
        return written


def _whisper(setup: EngineSetup, model: str) -> Whisper | None:
    if not model:
        return None
    return Whisper.open(msgspec.structs.replace(setup, settings={"model": model}))


def read_words(file: Path) -> tuple[bytes, ...]:
    """The text of each token: its length in one byte or two, and then that. EngineBroken: it is cut off."""
    data = file.read_bytes()
    words: list[bytes] = []
    at = 0
    while at < len(data):
        length, at = data[at], at + 1
        if length >= 128:
            if at == len(data):
                raise EngineBroken("moonshine", f"{file.name} is cut off")
            length, at = data[at] * 128 + length - 128, at + 1
        words.append(data[at : at + length])
        at += length
    if at != len(data):
        raise EngineBroken("moonshine", f"{file.name} is cut off")
    return tuple(words)


def text_of(words: tuple[bytes, ...], tokens: tuple[int, ...]) -> str:
    """What `tokens` spell, without quotation marks: nobody says them, and a language model that reads them
    answers as in a story."""
    spelled = b"".join(words[token] for token in tokens).decode("utf-8", errors="ignore")
    text = spelled.replace("\u2581", " ").replace('"', "").strip()
    return text.strip("'") if text.startswith("'") else text
