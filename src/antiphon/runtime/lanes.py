"""One lane of threads per engine: blocking calls leave the event loop here and their results come back.

A lane runs at most `card.concurrency` calls at once, in the order they were submitted. A call that was
cancelled before its turn came is never made. Results reach the loop through `post`, in the order a call made
them.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from antiphon.contracts import Busy, Engine

PENDING_MAX = 4096
"""Calls that may wait in one lane; more means that something is stuck."""


class Lane:
    """The threads of one engine."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.card.name
        self._threads = ThreadPoolExecutor(engine.card.concurrency, f"antiphon-{engine.card.part}")
        self._pending = 0

    def submit(self, call: Callable[[], None], cancel: Event | None = None) -> None:
        """Run `call` on the lane, unless `cancel` is raised by then.

        `call` handles its own errors; it reports through `post`.

        Raises:
            Busy: too many calls are waiting.
        """
        if self._pending >= PENDING_MAX:
            raise Busy(f"{PENDING_MAX} calls are already waiting for {self.name}")
        loop = asyncio.get_running_loop()
        self._pending += 1

        def run() -> None:
            try:
                if cancel is None or not cancel.is_set():
                    call()
            finally:
                post(loop, self._done)

        self._threads.submit(run)

    def close(self) -> None:
        """Let running calls end; drop those that wait."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _done(self) -> None:
        self._pending -= 1


def post(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Have the loop run `call` soon; a loop that has closed is nobody's to tell."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
