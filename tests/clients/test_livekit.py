"""LiveKit's `openai` plugin: a spoken turn with a tool, words with their times, and what its cut leaves."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from livekit import rtc
from livekit.agents import llm
from livekit.plugins import openai

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.engines.scripted import decode_words

from .conftest import Serve
from .examples import example
from .microphone import FRAME, Microphone, sound

CALL = {"tool": "order_number", "arguments": {"name": "Alice"}}


@llm.function_tool
async def order_number(name: str) -> str:
    """The number of a guest's order."""
    return "42"


@asynccontextmanager
async def _session(url: str) -> AsyncGenerator[Any]:
    """A session whose errors are the test's."""
    errors: list[Any] = []
    async with asyncio.timeout(15), aiohttp.ClientSession() as http:
        model = openai.realtime.RealtimeModel(base_url=f"{url}/v1", api_key="any", http_session=http)
        session = model.session()
        session.on("error", errors.append)
        yield session
        await session.aclose()
    assert errors == []


@asynccontextmanager
async def _spoken(session: Any, said: Audio) -> AsyncGenerator[asyncio.Queue[Any]]:
    """Say something; what the model generates."""
    generations = asyncio.Queue[Any]()
    session.on("generation_created", generations.put_nowait)
    microphone = Microphone()
    microphone.say(said)

    async def speak() -> None:
        async for frame in microphone.frames():
            session.push_audio(rtc.AudioFrame(frame, CLOCK_HZ, 1, FRAME))

    speaking = asyncio.create_task(speak())
    try:
        yield generations
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)


async def test_the_example(serve: Serve) -> None:
    async with serve("Paris of course") as url:
        assert await example("livekit_plugin")("What is the capital of France?", url) == "Paris of course"


async def test_a_spoken_turn_with_a_tool(serve: Serve, sung: Callable[[str], Audio]) -> None:
    async with serve(CALL, "it is forty two") as url, _session(url) as session:
        await session.update_tools([order_number])
        async with _spoken(session, sung("whatisit")) as generations:
            calls = [call async for call in (await generations.get()).function_stream]
            assert [(call.name, call.arguments) for call in calls] == [("order_number", '{"name": "Alice"}')]
            context = session.chat_ctx.copy()
            output = llm.FunctionCallOutput(
                call_id=calls[0].call_id, name="order_number", output="42", is_error=False
            )
            context.items.append(output)
            await session.update_chat_ctx(context)
            reply = await session.generate_reply()
            async for message in reply.message_stream:
                words = [word async for word in message.text_stream]
                heard = b"".join([bytes(frame.data) async for frame in message.audio_stream])
    assert "".join(words) == "it is forty two"
    starts = [word.start_time for word in words]
    assert starts[0] == 0
    assert starts == sorted(starts), "words know their seconds"
    assert list(decode_words(sound(heard), CLOCK_HZ)) == ["it", "is", "forty", "two"]


async def test_what_is_cut_is_cut_in_its_record_too(serve: Serve) -> None:
    async with serve(" ".join(["once"] * 40)) as url, _session(url) as session:
        reply = await session.generate_reply()
        async for message in reply.message_stream:
            frames = message.audio_stream.__aiter__()
            for _ in range(5):
                await frames.__anext__()
            session.interrupt()
            session.truncate(message_id=message.message_id, modalities=["audio"], audio_end_ms=100)
            break
        left = [frame async for frame in frames]
        assert sum(frame.duration for frame in left) < 1, "a story of five seconds"
        # The record is asked for by adding to it: that goes through only if both sides have the same.
        context = session.chat_ctx.copy()
        context.add_message(role="user", content="Go on.")
        await session.update_chat_ctx(context)
