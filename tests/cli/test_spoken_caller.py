"""A simulated person on a line: what they hear, and when they keep still. Time is virtual."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from typing import Any, cast

import msgspec
import numpy as np
import pytest
from tests.evals.talks import scenario
from tests.runtime.virtual import in_virtual_time

from antiphon.cli import eval_line, eval_speech
from antiphon.cli.client import Connection
from antiphon.cli.eval_recorded import held_call
from antiphon.cli.eval_speech import SpokenCall
from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.evals.scenario import Manner, Scenario
from antiphon.evals.voice import Studio, Throat

WORD_S = 0.2


class Voice:
    """Speaks a word in a fifth of a second; `murmurs` happens while a murmur is being made."""

    def __init__(self) -> None:
        self.murmurs: Callable[[], None] = lambda: None

    def spoken(self, text: str, voice: str, pace: float) -> Audio:
        del voice, pace
        if text in {"Mm-hm.", "Yeah.", "Okay."}:
            self.murmurs()
        return np.full(round(len(text.split()) * WORD_S * CLOCK_HZ), 0.1, np.float32)


class Server:
    """The other end of the line."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.hung_up = "it hung up"
        self._replies = 0

    async def send(self, event: Mapping[str, Any]) -> None:
        del event

    def __aiter__(self) -> "Server":
        return self

    async def __anext__(self) -> dict[str, Any]:
        return await self.events.get()

    async def watch(self, session_id: str) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
        del session_id
        await asyncio.Event().wait()
        yield "", {}

    async def acknowledge(self, session_id: str, item_id: str, played_ms: int) -> None:
        del session_id, item_id, played_ms

    async def says(self, words: str) -> None:
        """A whole reply, which is over when its last word is."""
        self._replies += 1
        reply, item = f"reply_{self._replies}", f"item_{self._replies}"
        about = {"response_id": reply, "item_id": item}
        lasts = len(words.split()) * WORD_S
        sound = base64.b64encode(np.full(round(lasts * CLOCK_HZ), 3_000, "<i2").tobytes()).decode()
        for event in (
            {"type": "response.created", "response": {"id": reply}},
            {"type": "response.output_audio_transcript.delta", "delta": words, "start_time": 0.0} | about,
            {"type": "response.output_audio.delta", "delta": sound} | about,
        ):
            await self.events.put(event)
        await asyncio.sleep(lasts)
        await self.events.put({"type": "response.done", "response": {"id": reply, "status": "completed"}})


Score = Callable[[Server, SpokenCall, Voice], Coroutine[Any, Any, None]]


async def held(score: Score, who: Scenario, monkeypatch: pytest.MonkeyPatch) -> SpokenCall:
    """The call of `who` with an agent that plays `score`."""
    for module in (eval_line, eval_speech):
        monkeypatch.setattr(module, "perf_counter", asyncio.get_running_loop().time)
    server, voice = Server(), Voice()
    line = cast(Connection, server)
    call = SpokenCall(line, who, 1, Throat(cast(Studio, voice), who, 1), opens=False, ending=())
    await server.events.put({"type": "session.created", "session": {"id": "sess_1"}})
    playing = asyncio.create_task(score(server, call, voice))
    await call.hold({}, line)
    playing.cancel()
    return call


async def said(call: SpokenCall, turns: int) -> None:
    """Wait until the caller has said so many turns."""
    while len([each for each in call.made if each.say is not None]) < turns or call.line.speaking:  # noqa: ASYNC110 - a frame at a time
        await asyncio.sleep(0.01)


def spoken(call: SpokenCall) -> list[str]:
    return [each.text for each in call.made]


def test_a_question_in_the_reply_after_the_first_is_heard_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def score(server: Server, call: SpokenCall, voice: Voice) -> None:
        await said(call, 1)
        await server.says("One moment.")
        await server.says("And what is your name?")

    call = in_virtual_time(held)(score, scenario(), monkeypatch)
    assert spoken(call)[1] == "My name is Ann Miller."


def test_nobody_is_asked_whether_they_are_there_while_they_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience is over after twelve seconds, and five of silence later it would be said."""

    async def score(server: Server, call: SpokenCall, voice: Voice) -> None:
        await said(call, 1)
        await asyncio.sleep(14)
        await server.says("I am sorry that it took so long. How many would you like?")

    slow = msgspec.structs.replace(scenario(), manner=Manner(silences=1.0, silence_s=5.0))
    call = in_virtual_time(held)(score, slow, monkeypatch)
    assert spoken(call)[:2] == ["Hello, I'd like some rolls.", "Four rolls, please."]


def test_nothing_is_murmured_into_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def score(server: Server, call: SpokenCall, voice: Voice) -> None:
        answer = "Well, we have rye, and barley, and a very fine wheat."
        await said(call, 1)
        await server.says(answer)
        await said(call, 2)
        loudspeaker, time = call.line.exchange.loudspeaker, asyncio.get_running_loop().time

        def cut() -> None:
            loudspeaker.flush(time())

        voice.murmurs = cut
        await server.says(answer)

    listening = msgspec.structs.replace(scenario(), manner=Manner(backchannels=1.0))
    call = in_virtual_time(held)(score, listening, monkeypatch)
    assert [each.act for each in call.made].count("backchannel") == 1


def test_nobody_waited_for_what_follows_an_answer_into_the_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    async def score(server: Server, call: SpokenCall, voice: Voice) -> None:
        while not call.made:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.4)
        await server.says("One moment, I am looking it up.")
        await server.says("How many would you like?")
        await said(call, 2)
        await server.says("Very well.")

    call = in_virtual_time(held)(score, scenario(), monkeypatch)
    agent = [line for line in held_call(call, None).lines if line.who == "agent"]
    assert [line.first_ms is not None for line in agent] == [False, False, True]
