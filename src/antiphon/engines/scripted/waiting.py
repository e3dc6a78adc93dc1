"""Taking as long as a real engine would, and not a moment longer than anybody wants the answer."""

from threading import Event
from time import monotonic

from antiphon.contracts import Cancel

_LOOK_S = 0.005


def waited(duration_ms: float, cancel: Cancel) -> bool:
    """Wait `duration_ms`; True when the time is up, False as soon as `cancel` is raised."""
    if isinstance(cancel, Event):
        return not cancel.wait(duration_ms / 1000) if duration_ms > 0 else not cancel.is_set()
    until = monotonic() + duration_ms / 1000
    never = Event()
    while not cancel.is_set():
        left = until - monotonic()
        if left <= 0:
            return True
        never.wait(min(left, _LOOK_S))
    return False
