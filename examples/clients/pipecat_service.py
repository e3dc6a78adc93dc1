"""Ask Antiphon with Pipecat's realtime service for OpenAI: `python pipecat_service.py [QUESTION]`."""

import asyncio
import os
import sys

from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner


async def ask(question: str, url: str = os.environ.get("ANTIPHON_URL", "http://127.0.0.1:8080")) -> str:
    """The words of the spoken answer."""
    context = LLMContext([{"role": "user", "content": question}])
    user, assistant = LLMContextAggregatorPair(context)
    websocket = url.replace("http", "ws", 1) + "/v1/realtime"
    service = OpenAIRealtimeLLMService(api_key="any", base_url=websocket)
    worker, runner = PipelineWorker(Pipeline([user, service, assistant])), WorkerRunner()

    @assistant.event_handler("on_assistant_turn_stopped")
    async def answered(*_: object) -> None:
        await runner.cancel()

    await worker.queue_frame(LLMRunFrame())
    await runner.add_workers(worker)
    await runner.run()
    return context.messages[-1]["content"]


if __name__ == "__main__":
    print(asyncio.run(ask(" ".join(sys.argv[1:]) or "What is the capital of France?")))
