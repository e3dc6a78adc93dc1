"""The same conversation over a call: heard, answered, interrupted, hung up, and timed by two watches."""

import asyncio
from collections.abc import Callable

import aiohttp
import numpy as np
import pytest
import soxr
from tests.server.phone import AUDIBLE, FRAME, Microphone, Phone, dialled

from antiphon.contracts import CLOCK_HZ, Audio

from .running import Running
from .utterance import Speak, Utterance, room_tone

pytestmark = pytest.mark.real

BRIEF = "You are a storyteller. Tell long stories of many sentences, in plain spoken English."


async def test_a_call(server: Running, speak: Speak, ears: Callable[[Audio], str]) -> None:
    microphone = Microphone(room_tone(8 * CLOCK_HZ, 3e-4))
    async with aiohttp.ClientSession(server.url) as http:
        async with dialled(http, "", microphone, "?ext=1") as phone:
            phone.acknowledges = True
            asked = speak("What is the capital of France?", "man")
            start = microphone.say(asked.audio)
            await phone.event("response.done")
            await phone.event("output_audio_buffer.stopped")
            await asyncio.sleep(0.3)
            answer = sound_of(phone)
            report = (await phone.event("antiphon.turn_measured"))["report"]
            heard_ms = (first_heard(phone) - spoken_at(microphone, start, asked)) * 1000
            print(f"sent {report['sent_ms']:.0f} heard {report['heard_ms']:.0f} here {heard_ms:.0f} ms")
            assert report["sent_ms"] <= report["heard_ms"]
            # The server's watch starts when the last of the voice has come, ours when it left.
            assert -40 < heard_ms - report["heard_ms"] < 150

            await interrupted(phone, microphone, speak)
        assert "paris" in ears(answer).lower()
        async with asyncio.timeout(2):
            while server.ask(lambda: len(server.hub.sessions)):  # noqa: ASYNC110 - it is another thread's
                await asyncio.sleep(0.02)


async def interrupted(phone: Phone, microphone: Microphone, speak: Speak) -> None:
    """Ask for a story and stop it."""
    phone.send("session.update", session={"type": "realtime", "instructions": BRIEF})
    microphone.say(speak("Please tell me a long story about a fox.", "alto").audio)
    await phone.event("output_audio_buffer.started", 2)
    await asyncio.sleep(1.5)
    stop = speak("Stop, wait a moment please.", "man")
    start = microphone.say(stop.audio)
    cleared = await phone.event("output_audio_buffer.cleared")
    responses = {event["response"]["id"]: event["response"] for event in phone.of("response.done")}
    details = responses[cleared["response_id"]]["status_details"]
    assert details == {"type": "cancelled", "reason": "turn_detected"}
    onset_at = microphone.sent_at[(start + stop.first_voiced) // FRAME]
    silent_s = phone.sound()[-1][0] - onset_at
    announced_s = phone.when("input_audio_buffer.speech_started", 3) - onset_at
    print(f"silent {silent_s * 1000:.0f} ms after the onset, announced after {announced_s * 1000:.0f} ms")
    assert silent_s < announced_s, "it fell silent before it said so"


def sound_of(phone: Phone) -> Audio:
    """Everything heard, at 24 kHz."""
    whole = np.concatenate([frame for _, frame in phone.heard])
    return np.asarray(soxr.resample(whole, 2 * CLOCK_HZ, CLOCK_HZ), np.float32)


def first_heard(phone: Phone) -> float:
    """When the first audible sample was played."""
    at, frame = phone.sound()[0]
    return at + int(np.flatnonzero(np.abs(frame) > AUDIBLE)[0]) / (2 * CLOCK_HZ)


def spoken_at(microphone: Microphone, start: int, said: Utterance) -> float:
    """When the last voiced sample left."""
    return microphone.sent_at[(start + said.last_voiced) // FRAME]
