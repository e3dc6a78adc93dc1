"""The session's clock: ticks since the session began, from a monotonic source, on any thread."""

from collections.abc import Callable
from time import perf_counter

from antiphon.contracts import CLOCK_HZ, Ticks


class Clock:
    """Counts ticks, from `start` on. `source` gives seconds and never goes back."""

    def __init__(self, source: Callable[[], float] = perf_counter, *, start: Ticks = 0) -> None:
        self._source = source
        self._origin = source() - start / CLOCK_HZ

    def now(self) -> Ticks:
        """Ticks since the session began."""
        return round((self._source() - self._origin) * CLOCK_HZ)
