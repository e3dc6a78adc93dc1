"""How often a client may send: an average over ten seconds, so that a burst is no offence."""

WINDOW_S = 10.0


class Pace:
    """A bucket of permits that fills with time. Who finds it empty waits; nothing is dropped."""

    def __init__(self, per_second: float, now_s: float) -> None:
        self._per_second = per_second
        self._most = per_second * WINDOW_S
        self._permits, self._at_s = self._most, now_s

    def take(self, now_s: float) -> float:
        """Take one permit; returns how many seconds to wait before acting on it."""
        self._permits = min(self._most, self._permits + (now_s - self._at_s) * self._per_second)
        self._at_s = now_s
        self._permits -= 1
        return max(0.0, -self._permits / self._per_second)
