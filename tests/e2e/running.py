"""A server on a thread and an event loop of its own, on a port that was free."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from antiphon.runtime import Config, Hub
from antiphon.server import serve

T = TypeVar("T")


class Running:
    """A server that runs."""

    def __init__(self, config: Config, weights: Callable[[str], Path]) -> None:
        self.url = ""
        self.hub = Hub(config)
        self.loop: asyncio.AbstractEventLoop
        self._config, self._weights = config, weights
        self._ready = threading.Event()
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="server")

    def start(self) -> None:
        """Until it is ready. Raises what keeps it from being so."""
        self._thread.start()
        self._ready.wait()
        if self._problem is not None:
            raise self._problem

    def stop(self) -> None:
        """Until nothing of it is left."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._serving.cancel)
        self._thread.join()

    def ask(self, question: Callable[[], T]) -> T:
        """The answer to `question`, from the server's own thread."""

        async def answer() -> T:
            return question()

        return asyncio.run_coroutine_threadsafe(answer(), self.loop).result()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as problem:
            self._problem = problem
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        try:
            await self.hub.load(weights=self._weights, progress=lambda _: None)
            self._serving = asyncio.create_task(serve(self.hub, self._config, started=self._started))
            with suppress(asyncio.CancelledError):
                await self._serving
        finally:
            await self.hub.close()

    def _started(self, url: str) -> None:
        self.url = url
        self._ready.set()


@contextmanager
def running(config: Config, weights: Callable[[str], Path], *, port: int = 0) -> Iterator[Running]:
    """Serve on a port, or any free one, for as long as the block runs."""
    anywhere = msgspec.structs.replace(config.server, host="127.0.0.1", port=port)
    server = Running(msgspec.structs.replace(config, server=anywhere), weights)
    server.start()
    try:
        yield server
    finally:
        server.stop()
