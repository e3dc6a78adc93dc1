"""Clients that do what clients should not, each in its own way, and one that does nothing wrong.

Each takes an open WebSocket and returns once the server has dealt with it: by a clear error and the
conversation going on, by a close that says why, or, when the client itself is to blame for never hearing it,
by letting go.
"""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

Event = dict[str, Any]
Wrecker = Callable[[ClientConnection, Random], Awaitable[None]]


async def receive(socket: ClientConnection, *kinds: str) -> Event:
    """The next event of one of these types."""
    while True:
        event: Event = json.loads(await socket.recv())
        if event["type"] in kinds:
            return event


async def send(socket: ClientConnection, **event: Any) -> None:
    await socket.send(json.dumps(event))


async def is_refused(socket: ClientConnection, message: str | bytes) -> str:
    """Send what cannot be accepted; returns the code of the error, after which the session must live."""
    await socket.send(message)
    error = (await receive(socket, "error"))["error"]
    assert error["type"] == "invalid_request_error", error
    assert error["code"], error
    assert len(error["message"]) > 10, error
    await send(socket, type="session.update", session={"type": "realtime", "instructions": "Be brief."})
    await receive(socket, "session.updated")
    return str(error["code"])


async def malformed_json(socket: ClientConnection, rng: Random) -> None:
    whole = json.dumps({"type": "input_audio_buffer.append", "audio": "AAAA"})
    for _ in range(5):
        junk = rng.choice(["", "{", "nul", "[1, 2", '"a"', "\x00", whole[: rng.randrange(1, len(whole))]])
        await is_refused(socket, junk)


async def binary(socket: ClientConnection, rng: Random) -> None:
    await is_refused(socket, rng.randbytes(rng.randrange(1, 4_000)))


async def wrong_types(socket: ClientConnection, rng: Random) -> None:
    wrong = rng.choice([5, None, True, [], {}, [[]], {"a": 1}, 1e300])
    for event in (
        {"type": wrong},
        {"type": "input_audio_buffer.append", "audio": wrong},
        {"type": "conversation.item.retrieve", "item_id": wrong},
        {"type": "session.update", "session": {"type": "realtime", "tools": wrong or 5}},
        {"type": "conversation.item.create", "item": wrong},
    ):
        await is_refused(socket, json.dumps(event))


async def unknown_events(socket: ClientConnection, rng: Random) -> None:
    for _ in range(5):
        kind = "".join(rng.choices("abcdefgh._", k=rng.randrange(1, 60)))
        await is_refused(socket, json.dumps({"type": kind, "payload": rng.randrange(10**12)}))


async def oversized_audio(socket: ClientConnection, rng: Random) -> None:
    audio = base64.b64encode(bytes(rng.choice([900_000, 1_500_000]))).decode()
    code = await is_refused(socket, json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
    assert code == "message_too_large"


async def enormous_message(socket: ClientConnection, _: Random) -> None:
    with suppress(ConnectionClosed):
        await socket.send("x" * 5_000_000)
        while True:
            await socket.recv()
    assert socket.close_code == 1009


async def odd_bytes(socket: ClientConnection, rng: Random) -> None:
    audio = base64.b64encode(rng.randbytes(2 * rng.randrange(200) + 1)).decode()
    await is_refused(socket, json.dumps({"type": "input_audio_buffer.append", "audio": audio}))


async def wrong_rate(socket: ClientConnection, rng: Random) -> None:
    audio = {"input": {"format": {"type": "audio/pcm", "rate": rng.choice([8_000, 16_000, 48_000, -1])}}}
    update = {"type": "session.update", "session": {"type": "realtime", "audio": audio}}
    await is_refused(socket, json.dumps(update))


async def vanishes(socket: ClientConnection, rng: Random) -> None:
    """In the middle of a word, or of the answer to it, without a goodbye."""
    time_s = np.arange(24_000) / 24_000
    tone = (0.3 * np.sin(2 * np.pi * 700 * time_s) * 32_767).astype("<i2").tobytes()
    if rng.random() < 0.5:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go on."}]}
        await send(socket, type="conversation.item.create", item=item)
        await send(socket, type="response.create")
        await receive(socket, "response.output_audio.delta")
    for place in range(0, rng.randrange(960, len(tone)), 960):
        audio = base64.b64encode(tone[place : place + 960]).decode()
        await send(socket, type="input_audio_buffer.append", audio=audio)
    socket.transport.abort()


async def stops_reading(socket: ClientConnection, _: Random) -> None:
    """Asks for more than it will ever take, takes nothing, and finds itself cut off."""
    content = [{"type": "input_text", "text": "x" * 500_000}]
    item = {"id": "item_long", "type": "message", "role": "user", "content": content}
    await send(socket, type="conversation.item.create", item=item)
    with suppress(ConnectionClosed):
        for _ in range(150):
            await send(socket, type="conversation.item.retrieve", item_id="item_long")
        while True:  # Who does not read learns of the end from what it can no longer send.
            await asyncio.sleep(0.05)
            await socket.ping()


async def behaves(socket: ClientConnection, _: Random) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say it."}]}
    await send(socket, type="conversation.item.create", item=item)
    await send(socket, type="response.create")
    done = await receive(socket, "response.done", "error")
    assert done["type"] == "response.done", done
    assert done["response"]["status"] == "completed", done


WRECKERS: tuple[Wrecker, ...] = (
    malformed_json,
    binary,
    wrong_types,
    unknown_events,
    oversized_audio,
    enormous_message,
    odd_bytes,
    wrong_rate,
    vanishes,
    stops_reading,
    behaves,
)
