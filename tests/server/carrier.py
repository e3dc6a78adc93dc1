"""A telephone carrier of our own making: it does what Twilio says that Twilio does, over a real WebSocket.

It sends the caller's sound in pieces of 20 ms as time goes by. What it is sent waits in its buffer and is
played at 8 kHz; a mark comes back when all before it was played; `clear` empties the buffer and sends the
marks that were in it back at once. It shares no code with the server.
"""

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

FRAME = 160
FRAME_S = 0.02
QUIET = b"\xff" * FRAME
SID = "MZ18ad3ab5a668481ce02b83e7395059f0"


def started(**parameters: str) -> dict[str, Any]:
    """The `start` message, as documented."""
    return {
        "event": "start",
        "sequenceNumber": "1",
        "start": {
            "accountSid": "AC00000000000000000000000000000000",
            "streamSid": SID,
            "callSid": "CA00000000000000000000000000000000",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": parameters,
        },
        "streamSid": SID,
    }


def piece(number: int, sound: bytes, timestamp_ms: int | None = None, sequence: int = 2) -> dict[str, Any]:
    """A `media` message, as documented."""
    return {
        "event": "media",
        "sequenceNumber": str(sequence),
        "media": {
            "track": "inbound",
            "chunk": str(number),
            "timestamp": str(20 * number if timestamp_ms is None else timestamp_ms),
            "payload": base64.b64encode(sound).decode(),
        },
        "streamSid": SID,
    }


class Carrier:
    """One call.

    Attributes:
        told: everything that came, in order.
        played: what was played every 20 ms, with its time on the loop's clock; less than a frame, or nothing,
            where the buffer ran dry.
        echoed: marks that came back because they were played, with the frames that were played by then.
        returned: marks that came back because of a `clear`.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, latency_s: float) -> None:
        self._socket, self._latency_s = socket, latency_s
        self.told: list[dict[str, Any]] = []
        self.played: list[tuple[float, bytes]] = []
        self.echoed: list[tuple[str, int]] = []
        self.returned: list[str] = []
        self.cleared_at: list[float] = []
        self.closed: tuple[int | None, str] | None = None
        self.sent = 0
        self._sequence = 1
        self._mouth: deque[bytes] = deque()
        self._buffer: deque[bytes | str] = deque()
        """Sound, and names of marks behind it."""
        self._loop = asyncio.get_running_loop()

    @property
    def heard(self) -> bytes:
        """All that was played, without the silence in between."""
        return b"".join(sound for _, sound in self.played)

    def say(self, sound: bytes) -> int:
        """Speak after all that is to be said; returns the piece in which it begins."""
        begins = self.sent + len(self._mouth)
        padded = sound + b"\xff" * (-len(sound) % FRAME)
        self._mouth.extend(padded[at : at + FRAME] for at in range(0, len(padded), FRAME))
        return begins

    async def press(self, keys: str) -> None:
        """Press keys of the telephone."""
        for key in keys:
            await self._send({"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": key}})

    async def hang_up(self) -> None:
        """End the call as the network does."""
        await self._send({"event": "stop", "stop": {"accountSid": "AC0", "callSid": "CA0"}})

    async def until(self, happened: Callable[[], Any], seconds: float = 8) -> None:
        """Go on until something has happened."""
        async with asyncio.timeout(seconds):
            while not happened():  # noqa: ASYNC110 - whatever a test asks for
                await asyncio.sleep(0.005)

    async def run(self) -> None:
        """Send and play until the line is closed."""
        await self._socket.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        reader = asyncio.create_task(self._read())
        try:
            await self._tick()
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def start(self, **parameters: str) -> None:
        """Say whose call it is."""
        await self._socket.send_json(started(**parameters))

    async def _tick(self) -> None:
        due = self._loop.time()
        while self.closed is None:
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            sound = self._mouth.popleft() if self._mouth else QUIET
            self.sent += 1
            self._sequence += 1
            await self._send(piece(self.sent, sound), numbered=False)
            await self._play()

    async def _play(self) -> None:
        sound = b""
        while self._buffer and len(sound) < FRAME:
            head = self._buffer.popleft()
            if isinstance(head, str):
                # Heard when the frame before it ends, a moment ago; or this very frame's beginning.
                self.echoed.append((head, len(self.played)))
                self._later(lambda name=head: self._echo(name))
                continue
            missing = FRAME - len(sound)
            sound += head[:missing]
            if len(head) > missing:
                self._buffer.appendleft(head[missing:])
        self.played.append((self._loop.time(), sound))

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            self.told.append(told)
            self._later(lambda told=told: self._take(told))
        self.closed = self._socket.close_code, ""

    async def _take(self, told: dict[str, Any]) -> None:
        assert told["streamSid"] == SID
        match told["event"]:
            case "media":
                self._buffer.append(base64.b64decode(told["media"]["payload"], validate=True))
            case "mark":
                self._buffer.append(told["mark"]["name"])
            case "clear":
                self.cleared_at.append(self._loop.time())
                marks = [waiting for waiting in self._buffer if isinstance(waiting, str)]
                self._buffer.clear()
                self.returned += marks
                for name in marks:
                    await self._echo(name)
            case other:
                raise AssertionError(f"Twilio takes no {other}")

    async def _echo(self, name: str) -> None:
        await self._send({"event": "mark", "mark": {"name": name}})

    def _later(self, do: Callable[[], Any]) -> None:
        """After as long as the way through the network takes, in order."""
        self._loop.call_later(self._latency_s, lambda: asyncio.ensure_future(do()))

    async def _send(self, message: dict[str, Any], *, numbered: bool = True) -> None:
        if self.closed is not None or self._socket.closed:
            return
        self._sequence += numbered
        numbers = {"sequenceNumber": str(self._sequence), "streamSid": SID}
        try:
            await self._socket.send_json(message | numbers)
        except ConnectionError:
            self.closed = self._socket.close_code, "lost"


@asynccontextmanager
async def ringing(
    http: aiohttp.ClientSession, url: str, path: str = "/v1/twilio", latency_s: float = 0.0, **options: Any
) -> AsyncGenerator[Carrier]:
    """A line that nobody has started a stream on."""
    async with http.ws_connect(url + path, **options) as socket:
        carrier = Carrier(socket, latency_s)
        running = asyncio.create_task(carrier.run())
        try:
            yield carrier
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def calling(
    http: aiohttp.ClientSession, url: str, latency_s: float = 0.0, **parameters: str
) -> AsyncGenerator[Carrier]:
    """A call that has begun."""
    async with ringing(http, url, latency_s=latency_s) as carrier:
        await asyncio.sleep(0)
        await carrier.start(**parameters)
        yield carrier
