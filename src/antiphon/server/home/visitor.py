"""One connection from Home Assistant: events in, events out, one thing at a time."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from secrets import token_hex
from typing import Any

import msgspec
import numpy as np
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Eventable, async_write_event
from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop, NotHandled
from wyoming.ping import Pong
from wyoming.tts import SynthesizeStopped

from antiphon.contracts import AntiphonError, Audio, Busy
from antiphon.runtime import Config, Hub
from antiphon.server.home.hearing import Gathered, Transcribe
from antiphon.server.home.info import info
from antiphon.server.home.sentences import Sentences
from antiphon.server.home.talks import Talks
from antiphon.server.home.wire import Garbled, Incoming, read_event

log = logging.getLogger(__name__)

SILENT_S = 60.0
"""A client that says nothing for so long is let go, as is one that takes so long to read an event."""
SAID_LETTERS = 4_000
"""The longest sentence that is answered."""
CHUNK_SAMPLES = 2_048


class _Voice(msgspec.Struct, frozen=True):
    name: str | None = None


class _Speaking(msgspec.Struct, frozen=True):
    """Of `synthesize` and `synthesize-start`."""

    text: str = ""
    voice: _Voice | None = None
    text_format: str | None = None


class _Said(msgspec.Struct, frozen=True):
    """Of `transcript`, which here is a question, and of `synthesize-chunk`."""

    text: str
    context: dict[str, Any] | None = None


class Speech:
    """A text being spoken: where it stands."""

    def __init__(self, voice: str) -> None:
        self.voice, self.before = voice, ""
        self.sentences = Sentences()
        self.started = False


class Visitor:
    """Serves one client until it goes."""

    def __init__(
        self,
        hub: Hub,
        config: Config,
        talks: Talks,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._hub, self._config, self._talks = hub, config, talks
        self._reader, self._writer = reader, writer
        self._hearing: Gathered | None = None
        self._speech: Speech | None = None
        """Of a text that comes in pieces."""

    async def run(self) -> None:
        """Until the client goes, is too slow, or says what is not understood."""
        try:
            while True:
                async with asyncio.timeout(SILENT_S):
                    event = await read_event(self._reader)
                if event is None:
                    return
                if not self._hub.ready:
                    raise Busy("the models are loading")
                await self._do(event)
        except Garbled as garbled:
            await self._refuse("invalid_request", str(garbled))
        except AntiphonError as error:
            # After an error nothing is owed, and the client is told so by the end of the line: it may be
            # waiting for a kind of event that will not come.
            await self._refuse("busy" if isinstance(error, Busy) else "failed", str(error))
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass  # It is gone, or as good as gone.
        except Exception:
            log.exception("a Wyoming client could not be served")

    async def _do(self, event: Incoming) -> None:
        match event.kind:
            case "describe":
                self._talks.prepare()
                await self._send(info(self._hub.cards(), self._hub.described_voices()))
            case "ping":
                await self._send(Pong(text=event.data.get("text")))
            case "transcribe":
                self._hearing = self._gather(event.read(Transcribe))
            case "audio-chunk":
                self._hearing = self._hearing or self._gather(Transcribe())
                self._hearing.add(event)
            case "audio-stop":
                await self._transcribe()
            case "synthesize":
                await self._synthesize(event)
            case "synthesize-start":
                self._speech = self._begin(event.read(_Speaking))
            case "synthesize-chunk" if self._speech is not None:
                await self._speak(self._speech, self._speech.sentences.push(event.read(_Said).text))
            case "synthesize-stop" if self._speech is not None:
                await self._finish(self._speech)
                self._speech = None
                await self._send(SynthesizeStopped())
            case "transcript":
                await self._handle(event.read(_Said))
            case _:
                pass  # Newer clients say more than we know; the protocol wants that ignored.

    # Speech to text.

    def _gather(self, asked: Transcribe) -> Gathered:
        return Gathered(asked, self._config.limits.buffered_audio_seconds)

    async def _transcribe(self) -> None:
        gathered, self._hearing = self._hearing or self._gather(Transcribe()), None
        audio = await asyncio.to_thread(gathered.audio)
        hint = gathered.hint or self._config.session.transcription_hint
        transcript = await self._hub.transcribe(audio, hint=hint)
        await self._send(Transcript(text=transcript.text, language=transcript.language))

    # Text to speech.

    def _begin(self, asked: _Speaking) -> Speech:
        if asked.text_format == "ssml":
            raise Garbled("SSML is not understood; send plain text")
        name = (asked.voice.name if asked.voice is not None else None) or self._config.session.voice
        if name and name not in self._hub.voices():
            raise Garbled(f"there is no voice {name!r}; there are {', '.join(self._hub.voices())}")
        return Speech(name)

    async def _synthesize(self, event: Incoming) -> None:
        if self._speech is not None:
            return  # What was sent in pieces is sent again whole, for servers that know no pieces.
        asked = event.read(_Speaking)
        speech = self._begin(asked)
        await self._speak(speech, speech.sentences.push(asked.text))
        await self._finish(speech)

    async def _speak(self, speech: Speech, sentences: list[str]) -> None:
        for sentence in sentences:
            sounds = self._hub.speak(sentence, voice=speech.voice, before=speech.before)
            async with aclosing(sounds):
                async for audio in sounds:
                    await self._sound(speech, audio)
            speech.before = sentence

    async def _finish(self, speech: Speech) -> None:
        await self._speak(speech, speech.sentences.end())
        await self._start(speech)
        await self._send(AudioStop())

    async def _sound(self, speech: Speech, audio: Audio) -> None:
        await self._start(speech)
        samples = (np.clip(audio, -1, 1) * 32767).astype("<i2")
        for at in range(0, len(samples), CHUNK_SAMPLES):
            piece = samples[at : at + CHUNK_SAMPLES].tobytes()
            await self._send(AudioChunk(rate=self._rate_hz, width=2, channels=1, audio=piece))

    async def _start(self, speech: Speech) -> None:
        if not speech.started:
            speech.started = True
            await self._send(AudioStart(rate=self._rate_hz, width=2, channels=1))

    @property
    def _rate_hz(self) -> int:
        return self._hub.cards()["synthesizer"].sample_rate_hz or 24_000

    # Conversation.

    async def _handle(self, said: _Said) -> None:
        if len(said.text) > SAID_LETTERS:
            raise Garbled(f"a sentence of more than {SAID_LETTERS} letters")
        asked = (said.context or {}).get("conversation_id")
        name = asked if isinstance(asked, str) and 0 < len(asked) <= 200 else token_hex(8)
        context = {"conversation_id": name}
        answer = ""
        try:
            pieces: AsyncGenerator[str] = self._talks.answer(name, said.text)
            async with aclosing(pieces):
                async for piece in pieces:
                    if not answer:
                        await self._send(HandledStart(context=context))
                    answer += piece
                    await self._send(HandledChunk(piece))
        except AntiphonError as error:
            await self._send(NotHandled(text=str(error).rstrip(".") + ".", context=context))
            return
        if answer:
            await self._send(Handled(text=answer.strip(), context=context))
            await self._send(HandledStop())
        else:
            await self._send(NotHandled(text="There is no answer to that.", context=context))

    # The line.

    async def _send(self, event: Eventable) -> None:
        async with asyncio.timeout(SILENT_S):
            await async_write_event(event.event(), self._writer)

    async def _refuse(self, code: str, text: str) -> None:
        with suppress(ConnectionError, TimeoutError):  # it need not stay to hear it
            await self._send(Error(text=text, code=code))
