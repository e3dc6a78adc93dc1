"""`openai-agents`: a spoken question, a tool, a spoken answer, an interruption."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.engines.scripted import decode_words

from .conftest import Serve
from .examples import example
from .microphone import Microphone, sound

CALL = {"tool": "order_number", "arguments": {"name": "Alice"}}


async def test_the_example(serve: Serve) -> None:
    async with serve(CALL, "Alice has order number forty two") as url:
        answer = await example("openai_agents")("What is the order of Alice?", url)
        assert answer == "Alice has order number forty two"


async def test_a_spoken_turn_with_a_tool(serve: Serve, sung: Callable[[str], Audio]) -> None:
    asked: list[str] = []

    @function_tool
    def order_number(name: str) -> str:
        """The number of a guest's order."""
        asked.append(name)
        return "42"

    agent = RealtimeAgent(name="waiter", instructions="Be brief.", tools=[order_number])
    async with serve(CALL, "it is forty two") as url:
        events, heard = await _talk(agent, url, sung("whatisit"), until="audio_end")
    assert asked == ["Alice"]
    assert list(decode_words(heard, CLOCK_HZ)) == ["it", "is", "forty", "two"]
    kinds = [event.type for event in events]
    assert "error" not in kinds
    assert kinds.index("tool_start") < kinds.index("tool_end") < kinds.index("audio")


async def test_speech_interrupts(serve: Serve, sung: Callable[[str], Audio]) -> None:
    agent = RealtimeAgent(name="teller", instructions="Tell stories.")
    story = " ".join(["once"] * 40)
    async with serve(story, "yes") as url:
        events, heard = await _talk(
            agent, url, sung("story"), until="audio_interrupted", then=sung("stop wait please now")
        )
    assert len(heard) < CLOCK_HZ * 3
    assert "error" not in [event.type for event in events]


async def _talk(
    agent: RealtimeAgent[Any], url: str, said: Audio, *, until: str, then: Audio | None = None
) -> tuple[list[Any], Audio]:
    """Say it, and `then` as soon as the agent sounds: all events until one of a kind, and the sound."""
    websocket = url.replace("http", "ws", 1) + "/v1/realtime?model=antiphon"
    microphone, events, heard = Microphone(), list[Any](), list[bytes]()
    config = {"url": websocket, "api_key": "any"}
    async with asyncio.timeout(15), await RealtimeRunner(agent).run(model_config=config) as session:

        async def speak() -> None:
            async for frame in microphone.frames():
                await session.send_audio(frame)

        speaking = asyncio.create_task(speak())
        microphone.say(said)
        try:
            async for event in session:
                events.append(event)
                if event.type == "audio":
                    heard.append(event.audio.data)
                    if then is not None and len(heard) == 10:
                        microphone.say(then)
                elif event.type == until:
                    break
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
    return events, sound(b"".join(heard)) if heard else np.zeros(0, np.float32)
