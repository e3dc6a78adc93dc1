"""A server that knows the protocol and one trick: it answers a fixed time after the last loud frame."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import numpy as np
from aiohttp import web

from antiphon.cli.recording import from_pcm16

from .scripted_call import answer, ended, sound, voice

Event = dict[str, Any]


class FakeServer:
    """Remembers everything it was sent."""

    def __init__(self, answers_after_s: float = 0.2, *, loading: int = 0) -> None:
        self.answers_after_s = answers_after_s
        self.loading = loading
        """How often it says that it is not ready yet."""
        self.received: list[Event] = []
        self.played: list[Event] = []
        self.turns: list[Event] = []
        self.problem = ""
        """Why its answers fail; empty: they do not."""
        self.endless = False
        """Whether its first answer ends only when it is cancelled."""
        self.opening = ""
        """What it says as soon as it hears anything."""
        self.refusal: web.Response | None = None
        """What whoever calls is told instead of being let in."""
        self.url = ""
        self._heard_at: float | None = None
        self._answers = 0

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["FakeServer"]:
        """Listen on a free port while the block runs."""
        app = web.Application()
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/v1/realtime", self._realtime)
        app.router.add_get("/v1/sessions/{id}/turns", self._turns)
        app.router.add_post("/v1/sessions/{id}/playout", self._playout)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/v1/realtime"
            yield self
        finally:
            await runner.cleanup()

    def types(self) -> list[str]:
        """Of all that came but sound."""
        return [e["type"] for e in self.received if e["type"] != "input_audio_buffer.append"]

    async def _ready(self, _: web.Request) -> web.Response:
        self.loading -= 1
        return web.Response(status=503 if self.loading >= 0 else 200)

    async def _realtime(self, request: web.Request) -> web.StreamResponse:
        if self.refusal is not None:
            return self.refusal
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "session.created", "session": {"id": "sess_1"}})
        async for message in socket:
            event = message.json()
            self.received.append(event)
            if event["type"] == "input_audio_buffer.append":
                if self.opening:
                    words, self.opening = self.opening, ""
                    await self._answer(socket, words)
                self._hear(socket, from_pcm16(base64.b64decode(event["audio"])))
            elif event["type"] == "session.update":
                await socket.send_json(self._updated(event))
            elif event["type"] == "response.create":
                await self._answer(socket, "Typed.")
            elif event["type"] == "response.cancel":
                details = {"type": "cancelled", "reason": "client_cancelled"}
                await socket.send_json(ended(f"resp_{self._answers}", "cancelled", details))
        return socket

    def _updated(self, event: Event) -> Event:
        if event["session"]["audio"]["output"].get("voice") != "nobody":
            return {"type": "session.updated", "session": {"id": "sess_1"}}
        error = {"message": "There is no voice 'nobody'; there are: ada.", "event_id": event.get("event_id")}
        return {"type": "error", "error": error}

    def _hear(self, socket: web.WebSocketResponse, frame: np.ndarray) -> None:
        if np.abs(frame).max() > 0.05:
            self._heard_at = perf_counter()
        elif self._heard_at is not None:
            due = self._heard_at + self.answers_after_s - perf_counter()
            self._heard_at = None
            asyncio.get_running_loop().call_later(due, lambda: asyncio.ensure_future(self._answer(socket)))

    async def _answer(self, socket: web.WebSocketResponse, words: str = "Certainly.") -> None:
        self._answers += 1
        reply = f"resp_{self._answers}"
        begun, *said, end = answer(reply, voice(0.15), words)
        if self.problem:
            error = {"type": "server_error", "code": "engine_broken", "message": self.problem}
            said, end = [], ended(reply, "failed", {"type": "failed", "error": error})
        elif self.endless and self._answers == 1:
            said, end = [*said, sound(reply, voice(3.0))], None
        for event in (begun, *said, end):
            if event is not None:
                await socket.send_json(event)

    async def _turns(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": self.turns})

    async def _playout(self, request: web.Request) -> web.Response:
        self.played.append(await request.json())
        return web.Response(status=204)
