"""The same conversation by telephone: μ-law at 8 kHz, heard, answered, interrupted and hung up."""

import asyncio
from collections.abc import Callable

import aiohttp
import numpy as np
import pytest
from tests.server.carrier import FRAME, FRAME_S, Carrier, calling

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.evals.word_error import word_errors
from antiphon.server.formats import Downlink, Uplink

from .running import Running
from .utterance import Speak

pytestmark = pytest.mark.real

BRIEF = "You are a storyteller. Tell long stories of many sentences, in plain spoken English."
AUDIBLE = 0.01
LATENCY_S = 0.04
"""Each way through the telephone network."""


def coded(audio: Audio) -> bytes:
    """As a telephone has it."""
    return Downlink("audio/pcmu").encode(audio)


def decoded(sound: bytes) -> Audio:
    """And back."""
    return Uplink("audio/pcmu").decode(sound)


async def test_a_question_by_telephone(server: Running, speak: Speak, ears: Callable[[Audio], str]) -> None:
    asked = coded(speak("What is the capital of France?", "man").audio)
    # Not where the voice ends, but where it does on a telephone, which is deaf to the end of "France".
    loud = np.flatnonzero(np.abs(decoded(asked)) > 0.01 * np.abs(decoded(asked)).max())
    last_voiced = int(loud[-1]) // (3 * FRAME)
    async with (
        aiohttp.ClientSession() as http,
        calling(http, server.url, LATENCY_S, instructions="Answer in one short sentence.") as carrier,
    ):
        begins = carrier.say(asked)
        await carrier.until(lambda: carrier.heard, 20)
        ended_at = carrier.played[begins + last_voiced][0]
        (session,) = server.ask(lambda: server.hub.sessions)
        await carrier.until(lambda: server.ask(lambda: session.reports), 20)
        await asyncio.sleep(0.5)
        (report,) = server.ask(lambda: session.reports)
        answer = decoded(carrier.heard)
        heard_ms = (first_heard(carrier) - ended_at) * 1000
        await carrier.hang_up()
        await carrier.until(lambda: carrier.closed is not None)
    await _until(lambda: not server.ask(lambda: server.hub.sessions))
    print(f"sent {report.sent_ms:.0f} heard {report.heard_ms:.0f} here {heard_ms:.0f} ms")
    assert "paris" in ears(answer).lower()
    assert report.heard_ms is not None
    assert report.heard_ms > report.sent_ms
    # The server knows it when the mark is back: one way through the network later, and some frames where all
    # of us share two cores. To take the mark for the sound's beginning would be another word's length.
    assert -30 < report.heard_ms - heard_ms < 1000 * LATENCY_S + 160


async def test_barge_in_by_telephone_cuts_to_the_word(
    server: Running, speak: Speak, ears: Callable[[Audio], str]
) -> None:
    stop = speak("Stop, wait a moment please.", "man")
    async with (
        aiohttp.ClientSession() as http,
        calling(http, server.url, LATENCY_S, instructions=BRIEF) as carrier,
    ):
        carrier.say(coded(speak("Please tell me a long story about a fox.", "alto").audio))
        await carrier.until(lambda: len(carrier.heard) > 1.5 * CLOCK_HZ // 3, 20)
        begins = carrier.say(coded(stop.audio)) + stop.first_voiced // (3 * FRAME)
        await carrier.until(lambda: carrier.cleared_at, 20)
        cleared_at = carrier.cleared_at[0]
        onset_at = carrier.played[begins][0]
        (session,) = server.ask(lambda: server.hub.sessions)
        await carrier.until(lambda: any(item.interrupted for item in server.ask(lambda: session.items)), 5)
        kept = next(item.text for item in server.ask(lambda: session.items) if item.interrupted)
        played = b"".join(sound for at, sound in carrier.played if at < cleared_at)
        silent_at = max(at for at, sound in carrier.played if at < cleared_at + 0.1 and sound)
        assert not any(sound for at, sound in carrier.played if cleared_at + 0.03 < at < cleared_at + 0.2)
    sounds = ears(decoded(played))
    errors = word_errors(kept, sounds)
    print(
        f"silent {(silent_at + FRAME_S - onset_at) * 1000:.0f} ms after the onset\n"
        f"  sounds {sounds}\n  kept   {kept}\n  {errors}"
    )
    assert silent_at - onset_at < 1.0
    assert abs(len(kept.split()) - len(sounds.split())) <= 2
    assert np.abs(decoded(played)).max() > 0.05


def first_heard(carrier: Carrier) -> float:
    """When the caller heard the first audible sample."""
    for at, sound in carrier.played:
        loud = np.flatnonzero(np.abs(decoded(sound)) > AUDIBLE)
        if len(loud):
            return at + int(loud[0]) / CLOCK_HZ
    raise AssertionError("nothing was heard")


async def _until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not happened():  # noqa: ASYNC110 - it is another thread's
            await asyncio.sleep(0.02)
