"""Time that costs nothing: a loop whose clock jumps to the next timer when there is nothing else to do.

What runs on real threads still wakes the loop, but it takes no virtual time; so lanes are given
`VirtualThreads`, which make their calls on the loop itself, as long afterwards as a test says.
"""

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

STUCK_S = 10.0
"""Real seconds without a timer or a thread's word, after which a test can only be waiting for ever."""


class _Jumping(selectors.DefaultSelector):
    """Passes the time that it is told to wait."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            ready = super().select(STUCK_S)
            assert ready, "nothing is left that could ever happen"
            return ready
        ready = super().select(0)
        if not ready:
            self.now_s += max(0.0, timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its `time` is virtual, and so is every timer."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s

    @property
    def timers(self) -> int:
        """How many timers are still to go off."""
        scheduled: list[asyncio.TimerHandle] = getattr(self, "_scheduled")  # noqa: B009 - asyncio tells nobody
        return sum(not timer.cancelled() for timer in scheduled)


def in_virtual_time(score: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """A test that is a coroutine, run on a loop of its own."""

    @functools.wraps(score)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(score(*args, **kwargs))

    return run


class VirtualThreads(Executor):
    """Makes calls on the loop, `delay_ms` after they were submitted, or when `release` says so."""

    def __init__(self, delay_ms: float = 0.0) -> None:
        self.delay_ms = delay_ms
        self.hold = False
        self._held: list[Callable[[], None]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        call = functools.partial(fn, *args, **kwargs)
        if self.hold:
            self._held.append(call)
        elif self.delay_ms:
            asyncio.get_running_loop().call_later(self.delay_ms / 1000, call)
        else:
            asyncio.get_running_loop().call_soon(call)
        return Future()

    def release(self) -> None:
        """Make the calls that were held, and hold no more."""
        self.hold, held, self._held = False, self._held, []
        for call in held:
            call()


async def until(condition: Callable[[], Any], *, at_most_s: float = 60.0) -> None:
    """Let virtual time pass until `condition` holds; it has to within `at_most_s`."""
    loop = asyncio.get_running_loop()
    last = loop.time() + at_most_s
    while not condition():
        assert loop.time() < last, "it never came true"
        await asyncio.sleep(0.005)


passes: Callable[[float], Awaitable[None]] = asyncio.sleep
"""`await passes(seconds)`: so much virtual time goes by."""
