"""One timer for a deadline that moves.

Nearly every event puts it off, and a timer that goes off too early costs less than one that is set anew each
time.
"""

import asyncio
from collections.abc import Callable

from antiphon.contracts import Ticks, ms
from antiphon.runtime.clock import Clock

LATE_S = 0.001
"""So much after the deadline it rings, because a loop's clock and ours may disagree by a rounding."""


class Alarm:
    """Rings once whatever `deadline` says has come. It is to be told when the deadline may have moved."""

    def __init__(self, clock: Clock, deadline: Callable[[], Ticks | None], ring: Callable[[], None]) -> None:
        self._clock, self._deadline, self._ring = clock, deadline, ring
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._set_for: Ticks = 0

    def look(self) -> None:
        """See to it that the timer goes off no later than at the deadline; earlier does no harm."""
        deadline = self._deadline()
        if deadline is None or (self._timer is not None and self._set_for <= deadline):
            return
        self.stop()
        self._set_for = deadline
        wait_s = max(0.0, ms(deadline - self._clock.now()) / 1000) + LATE_S
        self._timer = self._loop.call_later(wait_s, self._go_off)

    def stop(self) -> None:
        """Ring no more until it is told to look again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Ring no more, and let go of whoever was to be told."""
        self.stop()
        self._deadline = self._ring = _never

    def _go_off(self) -> None:
        self._timer = None
        deadline = self._deadline()
        if deadline is not None and deadline <= self._clock.now():
            self._ring()
        else:
            self.look()


def _never() -> None:
    return None
