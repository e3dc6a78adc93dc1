"""Ask Antiphon with Pipecat's realtime service for OpenAI: `python pipecat_service.py [QUESTION]`."""

import asyncio
import os
import sys

from pipecat.frames.frames import LLMFullResponseEndFrame, LLMRunFrame, TTSTextFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner


async def ask(question: str, url: str = os.environ.get("ANTIPHON_URL", "http://127.0.0.1:8080")) -> str:
    """The words of the spoken answer."""
    websocket = url.replace("http", "ws", 1) + "/v1/realtime"
    service = OpenAIRealtimeLLMService(api_key="any", base_url=websocket)
    context = LLMContextAggregatorPair(LLMContext([{"role": "user", "content": question}]))
    worker = PipelineWorker(Pipeline([context.user(), service]))
    words: list[str] = []

    @worker.event_handler("on_frame_reached_downstream")
    async def heard(worker: PipelineWorker, frame: object) -> None:
        if isinstance(frame, TTSTextFrame):
            words.append(frame.text)
        else:
            await worker.cancel()

    worker.set_reached_downstream_filter((TTSTextFrame, LLMFullResponseEndFrame))
    await worker.queue_frame(LLMRunFrame())
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()
    return "".join(words).strip()


if __name__ == "__main__":
    print(asyncio.run(ask(" ".join(sys.argv[1:]) or "What is the capital of France?")))
