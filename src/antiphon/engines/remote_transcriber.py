"""Speech to text by any server with OpenAI's `/v1/audio/transcriptions`."""

import io
import json
import wave
from typing import ClassVar, Self

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
from antiphon.engines.quiet import loudest
from antiphon.engines.remote import Remote, ServerSettings

_NAME = "openai"
_SILENCE_RMS = 1e-3  # -60 dB of full scale: models make up words for it
_SHORTEST_SAMPLES = LISTENING_HZ // 4  # services refuse less than a tenth of a second
_HINT_CHARACTERS_MAX = 800  # the last 200 tokens or so are all that is read


class RemoteTranscriberSettings(ServerSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `transcriber.openai`."""

    language: str = "en"
    """What callers speak, or empty to let the server find out."""


class RemoteTranscriber:
    """A transcriber behind an OpenAI-compatible server. It gives no word times and no confidence."""

    card: ClassVar[EngineCard] = EngineCard(
        name=_NAME,
        part="transcriber",
        summary="Any OpenAI-compatible transcription server: your own on a GPU, or a service.",
        licence="service",
        sample_rate_hz=LISTENING_HZ,
        concurrency=8,
    )
    settings_kind: ClassVar[type[RemoteTranscriberSettings]] = RemoteTranscriberSettings

    def __init__(self, remote: Remote, settings: RemoteTranscriberSettings) -> None:
        self._remote = remote
        self._settings = settings

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Prepare the connection; the server is first spoken to when there is something to write down."""
        settings = decode(setup.settings, RemoteTranscriberSettings, "transcriber.openai")
        return cls(Remote(_NAME, settings), settings)

    def transcribe(self, audio: Audio, *, hint: str = "", cancel: Cancel = NEVER) -> Transcript:
        """Upload `audio` as a 16-bit WAV file; what is silent stays here."""
        language = self._settings.language
        if loudest(audio) < _SILENCE_RMS:
            return Transcript("", language=language or "en")
        form = {"model": self._settings.model, "response_format": "json", "temperature": "0"}
        if language:
            form["language"] = language
        if hint:
            form["prompt"] = hint[-_HINT_CHARACTERS_MAX:]
        files = {"file": ("speech.wav", _wav(audio), "audio/wav")}
        body = self._remote.fetch("audio/transcriptions", cancel, data=form, files=files)
        if cancel.is_set():
            return Transcript("", language=language or "en")
        try:
            answer = json.loads(body)
            return Transcript(answer["text"].strip(), language=language or answer.get("language") or "en")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineBroken(_NAME, f"it sent what is no transcription: {body[:80]!r}") from error

    def close(self) -> None:
        """Break off what is under way."""
        self._remote.close()


def _wav(audio: Audio) -> bytes:
    padded = np.pad(audio, (0, max(0, _SHORTEST_SAMPLES - len(audio))))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(LISTENING_HZ)
        writer.writeframes((np.clip(padded, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()
