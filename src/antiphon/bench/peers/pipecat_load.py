"""As many Pipecat 1.14 pipelines as are wanted in one process, with services that cost next to nothing.

    python -m antiphon.bench.peers.pipecat_load --ports 9001,9002 --ready 9000 --said TEXT --answered TEXT

Everything that moves, times and paces is Pipecat's own: its WebSocket transport (which carries one client,
so each pipeline has a port), voice activity state machine, turn strategies, context aggregators, text
aggregation and output pacing. What would be a model is a script: loud is speech, speech is the text that
`--said` gives, the answer is always the same, and its sound was made beforehand. `--ready` listens once all
pipelines run.

Sound goes both ways as 16-bit PCM in binary messages: 16 kHz from the caller, 24 kHz back.
"""

# Pipecat is an optional extra: where the types are checked it is not installed, so what comes of it has none.
# pyright: basic, reportMissingImports=false, reportMissingModuleSource=false, reportAttributeAccessIssue=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator
from dataclasses import fields

import numpy as np
from loguru import logger
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.server import (
    SingleClientWebsocketServerParams,
    SingleClientWebsocketServerTransport,
)
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

from antiphon.bench.load_client import sung
from antiphon.bench.peers.plain_pcm import PlainPcm
from antiphon.contracts import CLOCK_HZ, LISTENING_HZ

WINDOW_SAMPLES = 512
LOUD = 0.01 * 32_768
START_S = 0.06
"""The scripted words are shorter than the 0.2 s it asks for otherwise."""
STOP_S, MORE_S = 0.2, 0.3
"""Together the half second of silence after which Antiphon, too, takes the turn for over."""


class LoudIsSpeech(VADAnalyzer):
    """A window louder than a threshold is speech for certain."""

    def num_frames_required(self) -> int:
        return WINDOW_SAMPLES

    def voice_confidence(self, buffer: bytes) -> float:
        window = np.frombuffer(buffer, "<i2").astype(np.float32)
        return float(np.dot(window, window) >= LOUD**2 * WINDOW_SAMPLES)


class ScriptedStt(SegmentedSTTService):
    """Whatever is said, it is the same."""

    def __init__(self, words: str) -> None:
        super().__init__(ttfs_p99_latency=0.0, settings=STTSettings(model=None, language=None))
        self._words = words

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        yield TranscriptionFrame(self._words, "", time_now_iso8601())


class ScriptedLlm(LLMService):
    """Whatever is asked, the answer is the same, word by word."""

    def __init__(self, answer: str) -> None:
        super().__init__(settings=_llm_settings())
        self._deltas = [f"{word} " for word in answer.split()]

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        for delta in self._deltas:
            await self.push_frame(LLMTextFrame(delta))
        await self.push_frame(LLMFullResponseEndFrame())


class ScriptedTts(TTSService):
    """Sound that was made beforehand."""

    def __init__(self, sound: bytes) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            settings=TTSSettings(model=None, voice=None, language=None),
        )
        self._sound = sound

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        yield TTSAudioRawFrame(self._sound, CLOCK_HZ, 1, context_id=context_id)


def _llm_settings() -> LLMSettings:
    names = [field.name for field in fields(LLMSettings) if field.name != "extra"]
    return LLMSettings(**{**dict.fromkeys(names), "filter_incomplete_user_turns": False})


def pipeline(port: int, said: str, answered: str, sound: bytes) -> PipelineWorker:
    """One caller's pipeline."""
    transport = SingleClientWebsocketServerTransport(
        host="127.0.0.1",
        port=port,
        params=SingleClientWebsocketServerParams(
            audio_in_enabled=True,
            audio_in_sample_rate=LISTENING_HZ,
            audio_out_enabled=True,
            audio_out_sample_rate=CLOCK_HZ,
            serializer=PlainPcm(),
        ),
    )
    aggregators = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(
            vad_analyzer=LoudIsSpeech(params=VADParams(start_secs=START_S, stop_secs=STOP_S, min_volume=0.0)),
            user_turn_strategies=UserTurnStrategies(
                stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=MORE_S)]
            ),
        ),
    )
    return PipelineWorker(
        Pipeline(
            [
                transport.input(),
                ScriptedStt(said),
                aggregators.user(),
                ScriptedLlm(answered),
                ScriptedTts(sound),
                transport.output(),
                aggregators.assistant(),
            ]
        ),
        params=PipelineParams(audio_in_sample_rate=LISTENING_HZ, audio_out_sample_rate=CLOCK_HZ),
        idle_timeout_secs=None,
    )


async def run(args: argparse.Namespace) -> None:
    """Serve until killed."""
    sound = (sung(args.answered) * 32767).astype("<i2").tobytes()
    ports = [int(port) for port in args.ports.split(",")]
    workers = [pipeline(port, args.said, args.answered, sound) for port in ports]
    started = asyncio.Semaphore(0)
    for worker in workers:

        @worker.event_handler("on_pipeline_started")
        async def count(*_: object) -> None:
            started.release()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(*workers)
    running = asyncio.create_task(runner.run())
    for _ in workers:
        await started.acquire()
    await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", args.ready)
    await running


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="pipecat_load", description=__doc__)
    parser.add_argument("--ports", required=True)
    parser.add_argument("--ready", type=int, required=True)
    parser.add_argument("--said", required=True)
    parser.add_argument("--answered", required=True)
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
