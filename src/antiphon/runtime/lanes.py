"""One lane of threads per engine: blocking calls leave the event loop here and their results come back.

A lane runs at most `card.concurrency` calls at once. Of those that wait it takes live ones first, then
speculative, then reflective ones, and within a class the one submitted first. A call that was cancelled
before its turn came is never made. The calls of an engine that is `instant` stay on the loop: a thread would
take longer to wake than they take. Results reach the loop through `post`, in the order a call made them. Work
that must also *end* in order, one piece at a time, goes through `Batches`.

A call that *gives way* is not begun while its flag is up, and may stop for it: it says that there is more to
do, and is called again in its place when the flag has gone down. No thread waits meanwhile.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import Generic, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from antiphon.contracts import Busy, Cancel, Engine
from antiphon.runtime.scheduler import LIVE, REFLECTIVE, Demand, Priority, When

T = TypeVar("T")

Call: TypeAlias = Callable[[], bool | None]
"""True: there is more to do, by calling it again. Only a call that gives way says so."""

PENDING_MAX = 4096
"""Calls that may wait in one lane; more means that something is stuck."""


class Submitted:
    """A call on its way through a lane."""

    __slots__ = ("call", "cancel", "gives_way", "loop", "priority")

    def __init__(
        self, call: Call, cancel: Cancel | None, priority: Priority, gives_way: Cancel | None
    ) -> None:
        self.call: Call | None = call
        """None once it was made, so that who keeps this keeps nothing else."""
        self.cancel, self.priority, self.gives_way = cancel, priority, gives_way
        self.loop = asyncio.get_running_loop()

    @property
    def unwanted(self) -> bool:
        """Whether it need not be made any more."""
        return self.cancel is not None and self.cancel.is_set()


class Lane:
    """The threads of one engine, or whatever else `threads` runs its calls on.

    What is not reflective counts as wanted with `demand`, from its submission to its end; without a `demand`
    it is nobody else's concern.
    """

    def __init__(
        self, engine: Engine, threads: Executor | None = None, *, demand: Demand | None = None
    ) -> None:
        self.name = engine.card.name
        card = engine.card
        if threads is None and not card.instant:
            threads = ThreadPoolExecutor(card.concurrency, f"antiphon-{card.part}")
        self._threads = threads
        self.instant = threads is None
        """Whether calls are made where they are submitted."""
        self._demand = demand or Demand()
        self._demand.when_met(self._wake)
        self._lock = Lock()
        self._waiting: tuple[deque[Submitted], ...] = (deque(), deque(), deque())
        self._pending = 0
        """Calls that wait or run."""
        self._firm = 0
        """Those among them that give way to nobody."""
        self._idle_runs = 0
        """Runs that were submitted to the threads and found nothing that may begin."""
        self._reflecting = False
        self.answering = When(lambda: self._firm > 0)
        """Up while there is a call on this lane that gives way to nobody."""

    def submit(
        self,
        call: Call,
        cancel: Cancel | None = None,
        *,
        priority: Priority = LIVE,
        gives_way: Cancel | None = None,
    ) -> Submitted:
        """Run `call` on the lane, unless `cancel` is raised by then.

        `call` handles its own errors and reports through `post`; what it lets out goes to the loop's
        exception handler. A reflective call gives way to all that is wanted unless it names something else;
        of those that do, one runs at a time.

        Raises:
            Busy: too many calls are waiting.
        """
        if priority is REFLECTIVE and gives_way is None:
            gives_way = self._demand
        submitted = Submitted(call, cancel, priority, gives_way)
        if self._threads is None:
            _make(submitted, self.name)
            return submitted
        with self._lock:
            if self._pending >= PENDING_MAX:
                raise Busy(f"{PENDING_MAX} calls are already waiting for {self.name}")
            self._pending += 1
            self._firm += gives_way is None
            if priority is not REFLECTIVE:
                self._demand.rise()
            self._waiting[priority].append(submitted)
        self._threads.submit(self._run)
        return submitted

    def promote(self, submitted: Submitted) -> None:
        """It has become live: if it still waits, it goes behind the live calls that do."""
        with self._lock:
            assert submitted.priority is not REFLECTIVE
            if submitted.priority is not LIVE:
                with suppress(ValueError):
                    self._waiting[submitted.priority].remove(submitted)
                    self._waiting[LIVE].append(submitted)
                submitted.priority = LIVE

    def close(self, *, drop: bool = True) -> None:
        """Let running calls end, and drop those that wait, or make them too. Blocks meanwhile."""
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=drop)

    def _run(self) -> None:
        submitted = self._take()
        if submitted is None:
            return
        more = False
        try:
            more = _make(submitted, self.name)
        finally:
            self._ended(submitted, more)

    def _take(self) -> Submitted | None:
        with self._lock:
            for waiting in self._waiting:
                for place, submitted in enumerate(waiting):
                    if self._may_begin(submitted):
                        del waiting[place]
                        self._reflecting |= submitted.gives_way is self._demand
                        return submitted
            self._idle_runs += 1
            return None

    def _may_begin(self, submitted: Submitted) -> bool:
        if submitted.gives_way is self._demand and self._reflecting:
            return False
        return submitted.gives_way is None or submitted.unwanted or not submitted.gives_way.is_set()

    def _ended(self, submitted: Submitted, more: bool) -> None:
        reflective = submitted.priority is REFLECTIVE
        with self._lock:
            if submitted.gives_way is self._demand:
                self._reflecting = False
            if more:
                self._waiting[submitted.priority].appendleft(submitted)
                self._idle_runs += 1
            else:
                submitted.call = None
                self._pending -= 1
                self._firm -= submitted.gives_way is None
        if not more and not reflective:
            self._demand.fall()
        self._wake()

    def _wake(self) -> None:
        """Let go on what waited for somebody else to end."""
        with self._lock:
            if not self._idle_runs:
                return
            ready = sum(self._may_begin(one) for waiting in self._waiting for one in waiting)
            runs = min(self._idle_runs, ready)
            self._idle_runs -= runs
        assert self._threads is not None
        for _ in range(runs):
            with suppress(RuntimeError):  # the lane has been closed
                self._threads.submit(self._run)


def _make(submitted: Submitted, name: str) -> bool:
    """Make the call, unless nobody wants it any more; returns whether there is more to do."""
    try:
        if submitted.call is not None and not submitted.unwanted:
            return bool(submitted.call())
    except Exception as error:
        context = {"message": f"a call to {name} let an error out", "exception": error}
        post(submitted.loop, partial(submitted.loop.call_exception_handler, context))
    return False


class Batches(Generic[T]):
    """Hands things to `work` on a lane in the order they came, all that have gathered at a time.

    However many threads the lane has, `work` runs on one of them at once. On an instant lane nothing gathers:
    it runs where things are put, and what it lets out is for who put them.
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
        if self._lane.instant:
            self._work([thing])
            return
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


def nobody(*_: object) -> None:
    """Takes the place of whoever was told, when there is nothing more to tell."""


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
