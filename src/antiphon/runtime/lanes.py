"""One lane of threads per engine: blocking calls leave the event loop here and their results come back.

A lane runs at most `card.concurrency` calls at once, in the order they were submitted. A call that was
cancelled before its turn came is never made. The calls of an engine that is `instant` stay on the loop: a
thread would take longer to wake than they take. Results reach the loop through `post`, in the order a call
made them. Work that must also *end* in order, one piece at a time, goes through `Batches`.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from threading import Event, Lock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from antiphon.contracts import Busy, Engine

T = TypeVar("T")

PENDING_MAX = 4096
"""Calls that may wait in one lane; more means that something is stuck."""


class Lane:
    """The threads of one engine, or whatever else `threads` runs its calls on."""

    def __init__(self, engine: Engine, threads: Executor | None = None) -> None:
        self.name = engine.card.name
        card = engine.card
        if threads is None and not card.instant:
            threads = ThreadPoolExecutor(card.concurrency, f"antiphon-{card.part}")
        self._threads = threads
        """None: calls are made where they are submitted."""
        self._pending = 0

    def submit(self, call: Callable[[], None], cancel: Event | None = None) -> None:
        """Run `call` on the lane, unless `cancel` is raised by then.

        `call` handles its own errors and reports through `post`; what it lets out goes to the loop's
        exception handler.

        Raises:
            Busy: too many calls are waiting.
        """
        if self._pending >= PENDING_MAX:
            raise Busy(f"{PENDING_MAX} calls are already waiting for {self.name}")
        loop = asyncio.get_running_loop()
        if self._threads is None:
            self._make(call, cancel, loop)
            return

        def run() -> None:
            try:
                self._make(call, cancel, loop)
            finally:
                post(loop, self._done)

        self._pending += 1
        self._threads.submit(run)

    def close(self, *, drop: bool = True) -> None:
        """Let running calls end, and drop those that wait, or make them too. Blocks meanwhile."""
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=drop)

    def _make(self, call: Callable[[], None], cancel: Event | None, loop: asyncio.AbstractEventLoop) -> None:
        try:
            if cancel is None or not cancel.is_set():
                call()
        except Exception as error:
            context = {"message": f"a call to {self.name} let an error out", "exception": error}
            post(loop, partial(loop.call_exception_handler, context))

    def _done(self) -> None:
        self._pending -= 1


class Batches(Generic[T]):
    """Hands things to `work` on a lane in the order they came, all that have gathered at a time.

    However many threads the lane has, `work` runs on one of them at once.
    """

    def __init__(self, lane: Lane, work: Callable[[list[T]], None], *, most: int) -> None:
        self._lane, self._work, self._most = lane, work, most
        self._lock = Lock()
        self._waiting: list[T] = []
        self._working = False

    def put(self, thing: T) -> None:
        """Add `thing`.

        Raises:
            Busy: `most` things are waiting, or the lane is full; `thing` is not taken.
        """
        with self._lock:
            if len(self._waiting) >= self._most:
                raise Busy(f"{self._most} pieces of work are already waiting for {self._lane.name}")
            self._waiting.append(thing)
            if self._working:
                return
            self._working = True
        try:
            self._lane.submit(self._run)
        except Busy:
            with self._lock:
                self._waiting.pop()
                self._working = False
            raise

    def _run(self) -> None:
        while things := self._take():
            try:
                self._work(things)
            except BaseException:
                with self._lock:
                    self._working = False
                raise

    def _take(self) -> list[T]:
        with self._lock:
            things, self._waiting = self._waiting, []
            self._working = bool(things)
            return things


class _Mailbox:
    """Calls that one loop is to make, in order.

    Waking a loop costs more than most calls, so those that gather wake it once.
    """

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self._woken = False

    def post(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        # Without a lock: a call is there before anybody looks whether the loop has been woken for it.
        self._calls.append(call)
        if not self._woken:
            self._woken = True
            self._wake(loop)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            if _running_loop() is loop:
                loop.call_soon(self._empty, loop)
            else:
                loop.call_soon_threadsafe(self._empty, loop)
        except RuntimeError:
            self._calls.clear()  # a loop that has closed is nobody's to tell

    def _empty(self, loop: asyncio.AbstractEventLoop) -> None:
        self._woken = False
        for _ in range(len(self._calls)):
            try:
                self._calls.popleft()()
            except Exception as error:
                loop.call_exception_handler({"message": "a call to the loop failed", "exception": error})


_mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Mailbox] = WeakKeyDictionary()


def post(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Have the loop run `call` soon, from any thread; a loop that has closed is nobody's to tell."""
    mailbox = _mailboxes.get(loop) or _mailboxes.setdefault(loop, _Mailbox())
    mailbox.post(loop, call)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
