"""Pipecat's `OpenAIRealtimeLLMService`: a spoken turn with a tool, and an interruption, in its own pipeline.

Its parser raises on any event it does not know, and any error is fatal: that neither came is the test.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.realtime.events import SessionProperties
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.engines.scripted import decode_words

from .conftest import Serve
from .examples import example
from .microphone import Microphone, sound

CALL = {"tool": "order_number", "arguments": {"name": "Alice"}}
LOOKED_AT = (TTSAudioRawFrame, LLMFullResponseEndFrame, InterruptionFrame)


class Bot:
    """A pipeline that runs: what its end sees, and what went wrong."""

    def __init__(self) -> None:
        self.microphone = Microphone()
        self.frames: list[Frame] = []
        self.errors: list[ErrorFrame] = []
        self._changed = asyncio.Event()

    def saw(self, frame: Frame) -> None:
        (self.errors if isinstance(frame, ErrorFrame) else self.frames).append(frame)
        self._changed.set()

    def of(self, kind: type[Frame]) -> list[Any]:
        return [frame for frame in self.frames if isinstance(frame, kind)]

    @property
    def heard(self) -> Audio:
        return sound(b"".join(frame.audio for frame in self.of(TTSAudioRawFrame)))

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not true() and not self.errors:
                self._changed.clear()
                await self._changed.wait()
        assert not self.errors


@asynccontextmanager
async def _running(url: str, tools: ToolsSchema | None = None) -> AsyncGenerator[Bot]:
    bot = Bot()
    service = OpenAIRealtimeLLMService(
        api_key="any",
        base_url=url.replace("http", "ws", 1) + "/v1/realtime",
        settings=OpenAIRealtimeLLMService.Settings(session_properties=SessionProperties(tools=tools)),
    )
    context = LLMContextAggregatorPair(LLMContext([]))
    worker = PipelineWorker(
        Pipeline([context.user(), service, context.assistant()]),
        params=PipelineParams(audio_in_sample_rate=CLOCK_HZ, audio_out_sample_rate=CLOCK_HZ),
        idle_timeout_secs=None,
    )
    worker.set_reached_downstream_filter(LOOKED_AT)
    worker.set_reached_upstream_filter((ErrorFrame,))

    async def saw(_worker: PipelineWorker, frame: Frame) -> None:
        bot.saw(frame)

    worker.event_handler("on_frame_reached_downstream")(saw)
    worker.event_handler("on_frame_reached_upstream")(saw)

    async def speak() -> None:
        async for frame in bot.microphone.frames():
            await worker.queue_frame(InputAudioRawFrame(frame, CLOCK_HZ, 1))

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running, speaking = asyncio.create_task(runner.run()), asyncio.create_task(speak())
    try:
        yield bot
    finally:
        speaking.cancel()
        await worker.cancel()
        await asyncio.gather(running, speaking, return_exceptions=True)


async def test_the_example(serve: Serve) -> None:
    async with serve("Paris of course") as url:
        assert await example("pipecat_service")("What is the capital of France?", url) == "Paris of course"


async def test_a_spoken_turn_with_a_tool(serve: Serve, sung: Callable[[str], Audio]) -> None:
    asked: list[str] = []

    async def order_number(params: FunctionCallParams, name: str) -> None:
        """The number of a guest's order.

        Args:
            name: whose.
        """
        asked.append(name)
        # Pipecat learns some milliseconds after the answer has begun that the caller has finished, and until
        # then asks for no answer to what a tool found. Scripted engines are as quick as that; others are not.
        await asyncio.sleep(0.1)
        await params.result_callback({"number": 42})

    tools = ToolsSchema(standard_tools=[order_number])
    async with serve(CALL, "it is forty two") as url, _running(url, tools) as bot:
        bot.microphone.say(sung("whatisit"))
        await bot.until(lambda: list(decode_words(bot.heard, CLOCK_HZ)) == ["it", "is", "forty", "two"])
    assert asked == ["Alice"]
    assert not bot.errors


async def test_speech_interrupts(serve: Serve, sung: Callable[[str], Audio]) -> None:
    async with serve(" ".join(["once"] * 40), "yes") as url, _running(url) as bot:
        bot.microphone.say(sung("story"))
        await bot.until(lambda: len(bot.of(TTSAudioRawFrame)) > 10)
        before = len(bot.of(InterruptionFrame))
        bot.microphone.say(sung("stop wait please now"))
        await bot.until(lambda: len(bot.of(InterruptionFrame)) > before)
        heard = len(bot.heard)
        await bot.until(lambda: "yes" in decode_words(bot.heard[heard:], CLOCK_HZ))
    assert heard < 3 * CLOCK_HZ
