"""Ten recordings of real people, each a conversation of one turn: answered, and timed by two watches."""

from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.contracts import Audio

from .exchange import TITLE, answered, assert_accounted_for, assert_said_as_written
from .listener import dial
from .running import Running
from .utterance import recorded

pytestmark = pytest.mark.real

BRIEF = "You are a friendly voice assistant. Reply in at most five words, in plain spoken English."
RECORDINGS = (
    "timit_nltk/dr1-mcpm0_sx294.flac",
    "timit_nltk/dr2-faem0_sx42.flac",
    "timit_nltk/dr3-madc0_sx107.flac",
    "timit_nltk/dr4-falr0_sx65.flac",
    "timit_nltk/dr5-mbgt0_sx261.flac",
    "timit_nltk/dr6-fapb0_sx73.flac",
    "timit_nltk/dr7-madd0_si1295.flac",
    "timit_nltk/dr8-fbcg1_sx262.flac",
    "librispeech_test_other/2609-156975-0003.flac",
    "librispeech_test_other/367-130732-0000.flac",
)
"""Ten speakers; of each recording, whoever cut it and our own rule agree to 30 ms where the voice ends."""


async def test_ten_people(server: Running, speech_data: Path, ears: Callable[[Audio], str]) -> None:
    heard = []
    for name in RECORDINGS:
        async with dial(server.url, instructions=BRIEF) as listener:
            said = listener.say(recorded(speech_data, name))
            heard.append(await answered(listener, said))

    exchanges = [one.transcribed(ears) for one in heard]
    print("", TITLE, *(one.row() for one in exchanges), sep="\n")
    assert [one.status for one in exchanges] == ["completed"] * len(RECORDINGS)
    assert_accounted_for(exchanges)
    assert_said_as_written(exchanges)
