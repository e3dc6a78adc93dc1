"""The remote transcriber and synthesizer against a loopback server made of our own engines."""

import io
import json
import re
import wave
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from tests.engines.loopback import Answer, Exchange, serving

from antiphon.bench.stage import no_weights
from antiphon.contracts import Audio, EngineBroken, EngineSetup
from antiphon.contracts.conformance import Samples, run
from antiphon.engines.hibari import HibariVoices
from antiphon.engines.remote_synthesizer import Placing, RemoteSynthesizer
from antiphon.engines.remote_transcriber import RemoteTranscriber
from antiphon.engines.whisper import Whisper

SAID = "Could you tell me where the nearest station is?"
PIECE_BYTES = 3001  # odd, so that samples are cut in two


def form(exchange: Exchange) -> dict[str, bytes]:
    """The parts of a multipart upload, by name."""
    head = f"Content-Type: {exchange.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + exchange.body)
    parts = {}
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        parts[str(part.get_param("name", header="content-disposition"))] = payload
    return parts


def speaking(hibari: HibariVoices) -> Answer:
    def answer(exchange: Exchange) -> None:
        asked = json.loads(exchange.body)
        assert asked["response_format"] == "pcm"
        exchange.begin("audio/pcm")
        for chunk in hibari.synthesize(asked["input"], speed=asked["speed"]):
            raw = (chunk.audio * 32767).astype("<i2").tobytes()
            exchange.send(*(raw[at : at + PIECE_BYTES] for at in range(0, len(raw), PIECE_BYTES)))

    return answer


def hearing(whisper: Whisper, seen: list[dict[str, bytes]]) -> Answer:
    def answer(exchange: Exchange) -> None:
        parts = form(exchange)
        seen.append(parts)
        with wave.open(io.BytesIO(parts["file"])) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
            heard = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        text = whisper.transcribe(heard.astype(np.float32) / 32768).text
        exchange.whole(json.dumps({"text": f" {text}"}).encode())

    return answer


def synthesizer(url: str) -> RemoteSynthesizer:
    settings = {"base_url": url, "model": "tts", "voices": ["Marta", "Otto"], "retries": 0}
    return RemoteSynthesizer.open(EngineSetup(weights=no_weights, settings=settings))


def transcriber(url: str) -> RemoteTranscriber:
    settings = {"base_url": url, "model": "asr", "retries": 0}
    return RemoteTranscriber.open(EngineSetup(weights=no_weights, settings=settings))


@pytest.fixture(scope="module")
def speech_url(hibari: HibariVoices) -> Iterator[str]:
    with serving(speaking(hibari)) as server:
        yield server.url


@pytest.mark.real
def test_the_synthesizer_keeps_its_contract(speech_url: str) -> None:
    report = run("synthesizer", synthesizer(speech_url))
    assert report.ok, str(report)


@pytest.mark.real
def test_the_speech_is_all_there_and_in_order(hibari: HibariVoices, speech_url: str) -> None:
    engine = synthesizer(speech_url)
    got = np.concatenate([chunk.audio for chunk in engine.synthesize(SAID)])
    engine.close()
    sent = np.concatenate([chunk.audio for chunk in hibari.synthesize(SAID)])
    assert np.allclose(got, sent, atol=1e-4)


@pytest.mark.real
def test_the_transcriber_keeps_its_contract(weights: Callable[[str], Path], samples: Samples) -> None:
    whisper = Whisper.open(EngineSetup(weights=weights, threads=1))
    seen: list[dict[str, bytes]] = []
    with serving(hearing(whisper, seen)) as server:
        report = run("transcriber", transcriber(server.url), samples=samples)
        assert report.ok, str(report)
        engine = transcriber(server.url)
        heard = engine.transcribe(samples.clips[0].audio, hint="stations").text
        engine.close()
    assert re.sub(r"\W", "", heard).casefold() == re.sub(r"\W", "", samples.clips[0].text).casefold()
    assert seen[-1]["model"] == b"asr"
    assert seen[-1]["prompt"] == b"stations"
    whisper.close()


def noise(seconds: float) -> Audio:
    return np.random.default_rng(1).uniform(-0.1, 0.1, round(16_000 * seconds)).astype(np.float32)


def test_silence_is_not_sent() -> None:
    with serving(lambda exchange: exchange.whole(b'{"text": "Thank you."}')) as server:
        engine = transcriber(server.url)
        assert engine.transcribe(np.zeros(16_000, np.float32)).text == ""
        assert engine.transcribe(noise(1)).text == "Thank you."
        assert len(server.requests) == 1
        engine.close()


def test_a_cancelled_transcription_does_not_wait() -> None:
    cancel = Event()

    def answer(exchange: Exchange) -> None:
        cancel.set()
        exchange.wait_for_the_client_to_leave()

    with serving(answer) as server:
        engine = transcriber(server.url)
        assert engine.transcribe(noise(1), cancel=cancel).text == ""
        assert server.left.wait(10)
        engine.close()


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"text": 5}', b"<html>"])
def test_what_is_no_transcription(body: bytes) -> None:
    with serving(lambda exchange: exchange.whole(body)) as server:
        engine = transcriber(server.url)
        with pytest.raises(EngineBroken, match="no transcription"):
            engine.transcribe(noise(1))
        engine.close()


@pytest.mark.parametrize(("body", "sentence"), [(b"", "no sound"), (b"RIFF" + bytes(9000), "sound file")])
def test_what_is_no_speech(body: bytes, sentence: str) -> None:
    with serving(lambda exchange: exchange.whole(body, kind="audio/pcm")) as server:
        engine = synthesizer(server.url)
        with pytest.raises(EngineBroken, match=sentence):
            list(engine.synthesize("Hello."))
        engine.close()


def test_words_are_placed_by_their_letters() -> None:
    placing = Placing(["one", "elephant", "trots"], speed=1.0)
    first = placing.words_in(np.zeros(24_000 // 2, np.float32))
    assert [word.text for word in first] == ["one"]
    rest = placing.words_in(np.zeros(24_000, np.float32), last=True)
    assert [word.text for word in rest] == ["elephant", "trots"]
    assert rest[0].end_sample == rest[1].start_sample
    assert rest[1].end_sample == 24_000


def test_no_chunk_is_too_short_for_its_words() -> None:
    placing = Placing(["a"] * 50, speed=1.0)
    words = placing.words_in(np.zeros(20, np.float32), last=True)
    assert len(words) == 50
    assert all(0 <= word.start_sample < word.end_sample <= 20 for word in words)
