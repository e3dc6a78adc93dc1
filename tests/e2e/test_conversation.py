"""Four turns by our own voices: understood, answered from memory, spoken as written, timed by two watches."""

import asyncio
from collections.abc import Callable

import pytest

from antiphon.contracts import Audio

from .exchange import TITLE, answered, assert_accounted_for, assert_said_as_written, errors_and_words
from .listener import dial
from .running import Running
from .utterance import Speak

pytestmark = pytest.mark.real

BRIEF = (
    "You are a friendly voice assistant on the telephone. "
    "Answer in one short sentence of at most ten words, in plain spoken English."
)
TURNS = (
    ("alto", "Hello there, my name is Alice, and I live in Oslo.", ""),
    ("alto", "What is the capital of England?", "london"),
    ("alto", "Which river flows through that city?", "thames"),
    ("alto", "Can you remind me, what is my name?", "alice"),
)


async def test_four_turns(server: Running, speak: Speak, ears: Callable[[Audio], str]) -> None:
    heard = []
    async with dial(server.url, instructions=BRIEF) as listener:
        for voice, text, _ in TURNS:
            said = listener.say(speak(text, voice))
            heard.append(await answered(listener, said))
            await asyncio.sleep(0.3)
        assert len(listener.of("response.created")) == len(TURNS), "one answer to each turn"
        assert not listener.of("error")

    exchanges = [one.transcribed(ears) for one in heard]
    print("", TITLE, *(one.row() for one in exchanges), sep="\n")
    assert_accounted_for(exchanges)
    assert [one.status for one in exchanges] == ["completed"] * len(TURNS)
    wrong, words = errors_and_words([(one.asked, one.understood) for one in exchanges])
    assert wrong <= 0.05 * words, "a turn was cut off"
    assert_said_as_written(exchanges)
    for exchange, (_, text, answer) in zip(exchanges, TURNS, strict=True):
        assert answer in exchange.answer.lower(), f"{text!r} was answered {exchange.answer!r}"
