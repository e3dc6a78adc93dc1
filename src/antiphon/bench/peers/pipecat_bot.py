"""A stock Pipecat 1.14 voice pipeline with the weights that Antiphon uses, run as a process of its own.

    python -m antiphon.bench.peers.pipecat_bot --port N --weights DIR --gguf FILE [--instructions TEXT]

Everything is Pipecat's own and at its defaults: Silero voice activity, Smart Turn v3.2, its OpenAI language
model service, its WebSocket transport. Ours are what it cannot have: services for the hibari voice and our
Moonshine, written like its Piper and Moonshine services (the latter fetches its own weights), a serializer
for plain PCM, and a llama.cpp server on loopback that keeps its prompt cache between turns.

Sound goes both ways as 16-bit PCM in binary messages: 16 kHz from the caller, 24 kHz back.
"""

# Pipecat is an optional extra: where the types are checked it is not installed, so what comes of it has none.
# pyright: basic, reportMissingImports=false, reportMissingModuleSource=false, reportAttributeAccessIssue=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import argparse
import asyncio
import socket
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import xllamacpp
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import Frame, TranscriptionFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.server import (
    SingleClientWebsocketServerParams,
    SingleClientWebsocketServerTransport,
)
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

from antiphon.bench.peers.plain_pcm import CALLER_HZ, PlainPcm
from antiphon.contracts import EngineSetup
from antiphon.engines.hibari import RATE_HZ, HibariVoices
from antiphon.engines.moonshine import Moonshine


class HibariService(TTSService):
    """The hibari voice as a Pipecat service: a sentence in, its sound out, made on a thread."""

    def __init__(self, voices: HibariVoices) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(model=None, voice=None, language=None),
        )
        self._voices = voices

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        chunks = self._voices.synthesize(text)

        async def sounds() -> AsyncIterator[bytes]:
            while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
                yield (np.clip(chunk.audio, -1, 1) * 32767).astype("<i2").tobytes()

        async for frame in self._stream_audio_frames_from_iterator(
            sounds(), in_sample_rate=RATE_HZ, context_id=context_id
        ):
            yield frame


class MoonshineService(SegmentedSTTService):
    """Our Moonshine as a Pipecat service: what was said in, its words out, written down on a thread."""

    def __init__(self, moonshine: Moonshine) -> None:
        super().__init__(
            sample_rate=CALLER_HZ, settings=STTSettings(model="moonshine-tiny.en", language=None)
        )
        self._moonshine = moonshine

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        samples = np.frombuffer(audio, "<i2").astype(np.float32) / np.float32(32768)
        heard = await asyncio.to_thread(self._moonshine.transcribe, samples)
        if heard.text:
            yield TranscriptionFrame(heard.text, self._user_id, time_now_iso8601())


def serve_model(gguf: Path, threads: int) -> tuple[Any, str]:
    """A llama.cpp server on loopback; returns it, to be kept, and the address of its API."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.hostnames, params.port = ["127.0.0.1"], port
    params.n_ctx, params.n_parallel = 4096, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.verbosity = -1
    return xllamacpp.Server(params), f"http://127.0.0.1:{port}/v1"


async def run(args: argparse.Namespace) -> None:
    """Answer one caller after another, each in a conversation of their own."""
    model, address = serve_model(args.gguf, args.threads)
    voices = HibariVoices.open(EngineSetup(weights=Path))
    transport = SingleClientWebsocketServerTransport(
        host="127.0.0.1",
        port=args.port,
        params=SingleClientWebsocketServerParams(
            audio_in_enabled=True,
            audio_in_sample_rate=CALLER_HZ,
            audio_out_enabled=True,
            audio_out_sample_rate=RATE_HZ,
            serializer=PlainPcm(),
        ),
    )
    moonshine = Moonshine.open(EngineSetup(weights=lambda name: args.weights / name))
    language = OpenAILLMService(
        api_key="none",
        base_url=address,
        settings=OpenAILLMService.Settings(
            model="local", temperature=args.temperature, max_tokens=args.max_tokens
        ),
    )
    beginning: Any = {"role": "system", "content": args.instructions}
    context = LLMContext([beginning])
    aggregators = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    pipeline = Pipeline(
        [
            transport.input(),
            MoonshineService(moonshine),
            aggregators.user(),
            language,
            HibariService(voices),
            transport.output(),
            aggregators.assistant(),
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=CALLER_HZ, audio_out_sample_rate=RATE_HZ),
        idle_timeout_secs=None,
    )

    @transport.event_handler("on_client_connected")
    async def connected(_transport: Any, _client: Any) -> None:
        context.set_messages([beginning])

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()
    del model


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="pipecat_bot", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="the folder with Antiphon's weights")
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--instructions", default="You are a helpful assistant.")
    parser.add_argument("--temperature", type=float, default=0.5)
    parser.add_argument("--max-tokens", type=int, default=160)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    asyncio.run(run(args))


if __name__ == "__main__":
    main()
