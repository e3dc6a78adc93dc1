"""A WebRTC client of our own making: aiortc with a microphone, a loudspeaker and the data channel."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any

import aiohttp
import numpy as np
import soxr
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError
from av import AudioFrame

from antiphon.contracts import Audio

FRAME = 480
"""20 ms at 24 kHz."""
AUDIBLE = 0.005
"""A sample this far from zero is heard."""
PATIENCE_S = 40.0


class Microphone(AudioStreamTrack):
    """What `say` was given, in real time, and otherwise nothing."""

    def __init__(self, room: Audio | None = None) -> None:
        super().__init__()
        self._room = np.zeros(FRAME, np.float32) if room is None else room
        self._mixed: list[tuple[int, Audio]] = []
        self._up = soxr.ResampleStream(24_000, 48_000, 1, dtype="float32", quality="QQ")
        self._ready: Audio = np.zeros(16, np.float32)
        """At 48 kHz, and a little more than nothing, so that there is always a whole frame."""
        self.sent_at: list[float] = []
        """When each frame left."""

    def say(self, audio: Audio) -> int:
        """Say it from the next frame on; returns the sample it begins at."""
        start = len(self.sent_at) * FRAME
        self._mixed.append((start, audio))
        return start

    async def recv(self) -> AudioFrame:
        loop = asyncio.get_running_loop()
        if self.sent_at:
            due = self.sent_at[0] + 0.02 * len(self.sent_at)
            await asyncio.sleep(max(0.0, due - loop.time()))
        start = len(self.sent_at) * FRAME
        self.sent_at.append(loop.time())
        sound = self._up.resample_chunk(self._frame(start))
        self._ready = np.concatenate((self._ready, sound))
        samples, self._ready = self._ready[: 2 * FRAME], self._ready[2 * FRAME :]
        samples = (samples * 32_767).clip(-32_768, 32_767).astype(np.int16)
        # In the very format that aiortc encodes: its own resampler would hold back a frame.
        frame = AudioFrame.from_ndarray(np.repeat(samples, 2).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 2 * start, Fraction(1, 48_000)
        return frame

    def _frame(self, start: int) -> Audio:
        at = start % max(1, len(self._room) - FRAME)
        frame = self._room[at : at + FRAME].copy()
        for begin, audio in self._mixed:
            part = audio[max(0, start - begin) : max(0, start - begin + FRAME)]
            if start >= begin and len(part):
                frame[: len(part)] += part
        return frame


class Phone:
    """One call. `events` is everything the data channel brought, with the time it came."""

    def __init__(self, microphone: Microphone | None = None) -> None:
        self.microphone = microphone or Microphone()
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.heard: list[tuple[float, Audio]] = []
        """Each frame of sound, at 48 kHz, and when it begins to be played: behind the one before it."""
        self.acknowledges = False
        """Whether the server is told what was played, ten times a second."""
        self.location = ""
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.channel = self.connection.createDataChannel("oai-events")
        self._now = asyncio.get_running_loop().time
        self._changed = asyncio.Event()
        self._busy_until = 0.0
        self._listening: asyncio.Task[None] | None = None
        self.connection.addTrack(self.microphone)
        self.connection.on("track", self._track)
        self.channel.on("message", self._message)
        self.connection.on("connectionstatechange", self._changed.set)

    async def offer(self) -> str:
        """What is sent to the server."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def take(self, response: aiohttp.ClientResponse) -> None:
        """The server's answer."""
        text = await response.text()
        assert response.status == 201, text
        self.location = response.headers["Location"]
        await self.answered(text)

    async def answered(self, sdp: str) -> None:
        """What is in it; returns when the call stands."""
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        await self.event("session.created")

    def send(self, kind: str, **fields: Any) -> None:
        self.channel.send(json.dumps({"type": kind, **fields}))

    def names(self) -> list[str]:
        return [event["type"] for _, event in self.events]

    def sound(self, after: float = 0.0) -> list[tuple[float, Audio]]:
        """The frames that are not silent."""
        return [(at, frame) for at, frame in self.heard if at > after and np.abs(frame).max() > AUDIBLE]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for _, event in self.events if event["type"] == kind]

    def when(self, kind: str, number: int = 1) -> float:
        """When the event of this kind came."""
        return [at for at, event in self.events if event["type"] == kind][number - 1]

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something that came makes it true."""
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def event(self, kind: str, number: int = 1) -> dict[str, Any]:
        """The event of this kind, when it has come."""
        await self.until(lambda: len(self.of(kind)) >= number)
        return self.of(kind)[number - 1]

    async def until_closed(self) -> None:
        """Wait until the server has hung up."""
        await self.until(lambda: self.connection.connectionState == "closed")

    async def hang_up(self) -> None:
        await self.connection.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def _message(self, message: str) -> None:
        self.events.append((self._now(), json.loads(message)))
        self._changed.set()

    def _track(self, track: Any) -> None:
        self._listening = asyncio.ensure_future(self._listen(track))

    async def _listen(self, track: Any) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            sound = frame.to_ndarray()[0, :: len(frame.layout.channels)].astype(np.float32) / 32_768
            begins_at = max(self._now(), self._busy_until)
            self._busy_until = begins_at + len(sound) / 48_000
            self.heard.append((begins_at, sound))
            if self.acknowledges and len(self.heard) % 5 == 0:
                still_to_come = round((begins_at - self._now()) * 48_000)
                self._acknowledge(frame.pts - still_to_come)
            self._changed.set()

    def _acknowledge(self, end: int) -> None:
        """Say what was played, by the packet it was in. `end`: in samples from the first packet on."""
        (receiver,) = self.connection.getReceivers()
        origin = receiver._RTCRtpReceiver__timestamp_mapper._origin
        for playing in reversed(self.of("antiphon.playing")):
            played = (origin + end - playing["rtp_timestamp"] + (1 << 31)) % (1 << 32) - (1 << 31)
            if played > 0:
                played_ms = playing["from_ms"] + played // 48
                self.send("antiphon.playout", item_id=playing["item_id"], played_ms=played_ms)
                return


@asynccontextmanager
async def dialled(
    http: aiohttp.ClientSession, url: str, microphone: Microphone | None = None, query: str = ""
) -> AsyncGenerator[Phone]:
    """A call that stands, for as long as the block runs."""
    phone = Phone(microphone)
    try:
        headers = {"Content-Type": "application/sdp"}
        offer = await phone.offer()
        async with http.post(f"{url}/v1/realtime/calls{query}", data=offer, headers=headers) as response:
            await phone.take(response)
        yield phone
    finally:
        await phone.hang_up()
