"""What else computes in a pause while an answer is begun: the end-of-turn model, asked as it grows."""

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from time import perf_counter

from antiphon.contracts import AntiphonError, ms
from antiphon.dialogue.policy import ASK_AT

ANSWERED_AFTER_S = 0.048
"""From the first asking to when the words are written down, so that an answer can begin (median)."""


@contextmanager
def a_pause(ask: Callable[[], object] | None) -> Generator[None]:
    """From the moment in a pause in which an answer is begun; `ask` takes a core, None: nobody is asked."""
    if ask is None:
        yield
        return
    over = Event()

    def go_on() -> None:
        began = perf_counter()
        with suppress(AntiphonError):  # it was measured before, and told then
            for age in ASK_AT:
                if over.wait(max(0.0, began + ms(age - ASK_AT[0]) / 1000 - perf_counter())):
                    return
                ask()

    asking = Thread(target=go_on, name="a-pause")
    asking.start()
    try:
        over.wait(ANSWERED_AFTER_S)
        yield
    finally:
        over.set()
        asking.join()
