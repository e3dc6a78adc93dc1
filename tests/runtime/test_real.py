"""One conversation with real engines and real time: a question, a listening word, an interruption."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import soundfile
import soxr

from antiphon.contracts import CLOCK_HZ, LISTENING_HZ, Audio, EngineSetup, ms, ticks
from antiphon.dialogue import heard_words, text_of
from antiphon.engines.hibari import HibariVoices
from antiphon.engines.whisper import Whisper
from antiphon.runtime import Config, EngineChoice, Hub, ServerVad, SessionSettings, open_hub
from antiphon.runtime.events import (
    ReplyAudio,
    ReplyEnded,
    SessionEvent,
    SpeechStarted,
    TranscriptSettled,
    TurnMeasured,
)

from .stage import no_weights, silence

pytestmark = [pytest.mark.real, pytest.mark.paced, pytest.mark.asyncio(loop_scope="module")]

SMALL = "qwen2.5-coder-0.5b-instruct-q4_k_m"
FRAME = ticks(20)
STORYTELLER = SessionSettings(
    instructions="You tell stories. Answer every question with a story of at least eight long sentences.",
    turn_detection=ServerVad(silence_duration_ms=500),
    temperature=0.0,
    max_output_tokens=120,
)


class Call:
    """A caller with a microphone that never stops, at the pace of time."""

    def __init__(self, hub: Hub, settings: SessionSettings) -> None:
        self.events: list[SessionEvent] = []
        self.session = hub.open_session(self.events.append, settings)
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()

    async def sends(self, audio: Audio) -> None:
        for start in range(0, len(audio), FRAME):
            piece = audio[start : start + FRAME]
            self._due += ms(len(piece)) / 1000
            await asyncio.sleep(max(0.0, self._due - self._loop.time()))
            self.session.push_audio(piece)

    async def listens_until(self, condition: Callable[[], object], at_most_s: float = 60.0) -> None:
        for _ in range(round(at_most_s * 50)):
            if condition():
                return
            await self.sends(silence(20))
        raise AssertionError(f"it did not come to pass in {at_most_s} s")

    def all(self, kind: type[SessionEvent]) -> list[SessionEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    def sound(self, reply_id: str) -> Audio:
        pieces = [
            event.audio
            for event in self.events
            if isinstance(event, ReplyAudio) and event.reply_id == reply_id
        ]
        return np.concatenate([np.zeros(0, np.float32), *pieces])


@pytest.fixture(scope="module")
def caller_says() -> Iterator[Callable[[str], Audio]]:
    """A man's voice, 24 kHz."""
    voices = HibariVoices.open(EngineSetup(weights=no_weights))

    def say(text: str) -> Audio:
        return np.concatenate([chunk.audio for chunk in voices.synthesize(text, voice="man")])

    yield say
    voices.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(weights: Callable[[str], Path]) -> AsyncIterator[Hub]:
    config = Config()
    config.engines["journal"] = EngineChoice(use="scripted")
    config.engines["language_model"] = EngineChoice(use="ik", settings={"model": SMALL})
    opened = await open_hub(config, weights=weights, progress=lambda _: None)
    yield opened
    await opened.close()


async def test_a_question_is_answered_and_accounted_for(
    hub: Hub, caller_says: Callable[[str], Audio]
) -> None:
    call = Call(hub, SessionSettings(temperature=0.0))
    await call.sends(silence(500))
    await call.sends(caller_says("What is the capital of France?"))
    await call.listens_until(lambda: call.all(TurnMeasured))
    (settled,) = call.all(TranscriptSettled)
    assert isinstance(settled, TranscriptSettled)
    assert "capital of france" in settled.text.lower()
    (ended,) = call.all(ReplyEnded)
    assert isinstance(ended, ReplyEnded)
    assert "paris" in ended.items[0].text.lower()
    (measured,) = call.all(TurnMeasured)
    assert isinstance(measured, TurnMeasured)
    report = measured.report
    assert report.outcome == "answered"
    assert report.sent_ms is not None
    assert {term.name for term in report.terms} >= {
        "end_of_turn",
        "transcription",
        "context",
        "first_token",
        "first_clause",
        "synthesis",
        "output",
    }
    total = sum(term.ms for term in report.terms) - report.overlap_ms
    assert total + report.residual_ms == pytest.approx(report.sent_ms)
    assert abs(report.residual_ms) < 20
    await hub.close_session(call.session)


async def test_an_interruption_is_recorded_to_the_word_and_a_listening_word_is_not_one(
    hub: Hub,
    weights: Callable[[str], Path],
    caller_says: Callable[[str], Audio],
    speech_data: Path,
) -> None:
    call = Call(hub, STORYTELLER)
    await call.sends(silence(500))
    await call.sends(caller_says("Tell me the story of the old lighthouse."))
    await call.listens_until(lambda: call.all(ReplyAudio))
    await call.sends(silence(1_500))

    await call.sends(a_real_yeah(speech_data))
    await call.sends(silence(2_000))
    outcomes = [event.report.outcome for event in call.all(TurnMeasured) if isinstance(event, TurnMeasured)]
    assert outcomes == ["backchannel"]
    assert len(call.all(SpeechStarted)) == 1
    assert call.all(ReplyEnded) == []

    await call.sends(caller_says("Stop, please. I would like to ask you something else."))
    await call.listens_until(lambda: call.all(ReplyEnded))
    ended = call.all(ReplyEnded)[0]
    assert isinstance(ended, ReplyEnded)
    assert (ended.status, ended.reason) == ("cancelled", "turn_detected")
    (told,) = ended.items
    assert told.interrupted
    sound = call.sound(ended.reply_id)
    # By the time speech has won the floor, all that had been sent was played.
    assert abs(told.audio_samples - len(sound)) <= FRAME
    assert told.text == text_of(heard_words(told.words, told.audio_samples))
    heard = plain(transcribed(weights, sound[: told.audio_samples]))
    recorded = plain(told.text)
    assert SequenceMatcher(None, heard, recorded).ratio() > 0.7
    assert abs(len(heard) - len(recorded)) <= 2
    await hub.close_session(call.session)


def transcribed(weights: Callable[[str], Path], sound: Audio) -> str:
    """What a stranger makes of the agent's speech, 24 kHz."""
    stranger = Whisper.open(EngineSetup(weights=weights))
    text = stranger.transcribe(np.asarray(soxr.resample(sound, CLOCK_HZ, LISTENING_HZ), np.float32)).text
    stranger.close()
    return text


def plain(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def a_real_yeah(speech_data: Path) -> Audio:
    """Somebody who says "yeah" while listening, with some of the room around it; 24 kHz."""
    audio, rate_hz = soundfile.read(speech_data / "turn_cases" / "G0_backchannel_yeah.flac", dtype="float32")
    cut = audio[round(1.5 * rate_hz) : round(2.4 * rate_hz), 0]
    return np.asarray(soxr.resample(cut, rate_hz, CLOCK_HZ), dtype=np.float32)
