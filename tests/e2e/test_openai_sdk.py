"""A stranger's client, unchanged: the OpenAI SDK asks aloud and is answered aloud."""

import asyncio
import base64
from collections.abc import Callable

import numpy as np
import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from antiphon.contracts import Audio

from .running import Running
from .utterance import Speak, room_tone

pytestmark = pytest.mark.real


async def test_a_spoken_question_is_answered(
    server: Running, speak: Speak, ears: Callable[[Audio], str]
) -> None:
    question = speak("What is the capital of France?", "man")
    client = AsyncOpenAI(api_key="any", base_url=f"{server.url}/v1")
    async with client, client.realtime.connect(model="antiphon") as connection:
        microphone = asyncio.create_task(keep_speaking(connection, question.audio))
        sound: list[bytes] = []
        async with asyncio.timeout(30):
            async for event in connection:
                if event.type == "response.output_audio.delta":
                    sound.append(base64.b64decode(event.delta))
                elif event.type == "response.done":
                    assert event.response.status == "completed"
                    break
        microphone.cancel()
        await asyncio.gather(microphone, return_exceptions=True)
    answer = np.frombuffer(b"".join(sound), "<i2").astype(np.float32) / 32_768
    assert "paris" in ears(answer).lower()


async def keep_speaking(connection: AsyncRealtimeConnection, audio: Audio) -> None:
    """Say it in real time, and then nothing for as long as anybody listens."""
    silence = room_tone(30 * 24_000, 3e-4)
    pcm = (np.concatenate([silence[:7_200], audio, silence]) * 32_767).astype("<i2").tobytes()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for place in range(0, len(pcm), 960):
        await connection.input_audio_buffer.append(audio=base64.b64encode(pcm[place : place + 960]).decode())
        await asyncio.sleep(max(0.0, began + (place + 960) / 48_000 - loop.time()))
