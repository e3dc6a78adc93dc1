"""Two callers who say the same at the same pace, one over a WebSocket, one over WebRTC.

Neither holds back what it hears: the first audible sample counts when the message or the packet that holds it
has come. A browser plays it later by the length of its buffer, which is its own.
"""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any

import aiohttp
import numpy as np
import soxr
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from av import AudioFrame

from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.server.rtc.incoming import Incoming, Media

FRAME_S = 0.02
FRAME = CLOCK_HZ // 50
AUDIBLE = 0.005
SOONEST_MS = 100.0
"""Sound that comes sooner after a voice is the end of the answer before."""


class Script:
    """What a caller says, frame by frame in real time, and what came back.

    Args:
        frames: one turn, 20 ms each.
        voiced_frame: the last frame with voice in it.
    """

    def __init__(self, frames: Sequence[Audio], voiced_frame: int, *, starts_at: float) -> None:
        self._frames, self._voiced_frame, self._number = frames, voiced_frame, 0
        self._loop = asyncio.get_running_loop()
        self._starts_at = starts_at
        self._voiced_at: float | None = None
        self._turn = 0
        self.mouth_to_ear_ms: dict[int, float] = {}
        """By the number of the turn; those without an answer are missing."""

    async def next(self) -> tuple[int, Audio]:
        """The number of the next frame and the frame, when its last sample is in."""
        number = self._number
        self._number += 1
        due = self._starts_at + number * FRAME_S
        await asyncio.sleep(due - self._loop.time())
        place = number % len(self._frames)
        if place == self._voiced_frame:
            self._voiced_at, self._turn = self._loop.time(), number // len(self._frames)
        return number, self._frames[place]

    def hear(self, audio: Audio) -> None:
        """Sound has come."""
        if self._voiced_at is not None and len(audio) and float(np.abs(audio).max()) > AUDIBLE:
            took_ms = (self._loop.time() - self._voiced_at) * 1000
            self._voiced_at = None
            if took_ms >= SOONEST_MS:
                self.mouth_to_ear_ms[self._turn] = took_ms


@asynccontextmanager
async def over_websocket(http: aiohttp.ClientSession, url: str, script: Script) -> AsyncGenerator[None]:
    """The script over a WebSocket, for as long as the block runs."""
    async with http.ws_connect(f"{url}/v1/realtime") as socket:

        async def speak() -> None:
            while True:
                _, frame = await script.next()
                audio = base64.b64encode((frame * 32_767).astype("<i2").tobytes()).decode()
                await socket.send_str(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))

        async def listen() -> None:
            async for message in socket:
                event: dict[str, Any] = json.loads(message.data)
                if event["type"] == "response.output_audio.delta":
                    pcm = np.frombuffer(base64.b64decode(event["delta"]), "<i2")
                    script.hear(pcm.astype(np.float32) * np.float32(1 / 32_768))

        tasks = [asyncio.create_task(speak()), asyncio.create_task(listen())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Microphone(AudioStreamTrack):
    """A script, as aiortc wants a microphone: 48 kHz in stereo, which it encodes as it is."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script
        self._up = soxr.ResampleStream(CLOCK_HZ, 2 * CLOCK_HZ, 1, dtype="float32", quality="QQ")
        self._ready: Audio = np.zeros(16, np.float32)

    async def recv(self) -> AudioFrame:
        number, sound = await self._script.next()
        self._ready = np.concatenate((self._ready, self._up.resample_chunk(sound)))
        samples, self._ready = self._ready[: 2 * FRAME], self._ready[2 * FRAME :]
        pcm = np.repeat((samples * 32_767).astype(np.int16), 2).reshape(1, -1)
        frame = AudioFrame.from_ndarray(pcm, format="s16", layout="stereo")
        frame.sample_rate, frame.time_base = 2 * CLOCK_HZ, Fraction(1, 2 * CLOCK_HZ)
        frame.pts = number * 2 * FRAME
        return frame


class _Ear:
    """In place of aiortc's jitter buffer: whatever comes is heard."""

    def __init__(self, script: Script) -> None:
        self._script, self._incoming = script, Incoming()

    def add(self, packet: Any) -> tuple[bool, None]:
        media = Media(packet.sequence_number, packet.timestamp, packet.payload)
        for sound in self._incoming.take(media, 0.0):
            self._script.hear(sound)
        return False, None


@asynccontextmanager
async def over_webrtc(http: aiohttp.ClientSession, url: str, script: Script) -> AsyncGenerator[None]:
    """The script over a call, for as long as the block runs."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.createDataChannel("oai-events")
    connection.addTrack(_Microphone(script))
    (transceiver,) = connection.getTransceivers()
    setattr(transceiver.receiver, "_RTCRtpReceiver__jitter_buffer", _Ear(script))  # noqa: B010 - a class mangles such a name
    try:
        await connection.setLocalDescription(await connection.createOffer())
        headers = {"Content-Type": "application/sdp"}
        offer = connection.localDescription.sdp
        async with http.post(f"{url}/v1/realtime/calls", data=offer, headers=headers) as response:
            response.raise_for_status()
            answer = RTCSessionDescription(await response.text(), "answer")
        await connection.setRemoteDescription(answer)
        yield
    finally:
        await connection.close()
