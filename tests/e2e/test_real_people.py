"""Recordings of real people, each a conversation of one turn: answered, and timed by two watches."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.contracts import Audio

from .exchange import TITLE, Heard, answered, assert_accounted_for, assert_said_as_written
from .listener import dial
from .running import Running
from .utterance import Utterance, recorded

pytestmark = pytest.mark.real

BRIEF = "You are a friendly voice assistant. Reply in at most five words, in plain spoken English."
RECORDINGS = (
    "timit_nltk/dr1-mcpm0_sx294.flac",
    "timit_nltk/dr3-madc0_sx107.flac",
    "timit_nltk/dr7-madd0_si1295.flac",
    "librispeech_test_other/2609-156975-0003.flac",
)
"""Four speakers; of each recording, whoever cut it and our own rule agree to 30 ms where the voice ends."""


async def test_four_people(server: Running, speech_data: Path, ears: Callable[[Audio], str]) -> None:
    calls = []
    async with asyncio.TaskGroup() as group:
        for name in RECORDINGS:
            begun = asyncio.Event()
            calls.append(group.create_task(call(server.url, recorded(speech_data, name), begun)))
            await begun.wait()

    exchanges = [one.result().transcribed(ears) for one in calls]
    print("", TITLE, *(one.row() for one in exchanges), sep="\n")
    assert [one.status for one in exchanges] == ["completed"] * len(RECORDINGS)
    assert_accounted_for(exchanges)
    assert_said_as_written(exchanges)


async def call(url: str, utterance: Utterance, begun: asyncio.Event) -> Heard:
    """Ask, and hear the answer out.

    When it has `begun`, the next may dial: what is timed here is over, and has said its few words before they
    have said their sentence.
    """
    async with dial(url, instructions=BRIEF) as listener:
        said = listener.say(utterance)
        await listener.sounding(0)
        begun.set()
        return await answered(listener, said)
