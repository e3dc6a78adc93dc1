"""Calling an engine as the runtime does: from threads of its own, several at once when the card allows it."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import TypeVar

from antiphon.contracts.conformance.check import demand

T = TypeVar("T")

PATIENCE_S = 120.0
"""How long a call may take before it counts as stuck."""

MOST_THREADS = 4
"""Enough to catch shared state, few enough for a small machine."""


def at_once(calls: int, call: Callable[[int], T]) -> list[T]:
    """`call(0)`, `call(1)` … begun together, each on its own thread; their results in order.

    An engine that allows a single call at a time still gets it on a thread other than the one that opened it.

    Raises:
        Broken: a call did not come back.
        Exception: whatever the first failing call raised.
    """
    count = min(calls, MOST_THREADS)
    together = Barrier(count)
    results: dict[int, T] = {}
    errors: list[Exception] = []

    def work(index: int) -> None:
        together.wait(PATIENCE_S)
        try:
            results[index] = call(index)
        except Exception as error:
            errors.append(error)

    # Daemons, so that a stuck engine cannot keep the process of whoever checks it alive.
    threads = [Thread(target=work, args=(index,), daemon=True) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    if errors:
        raise errors[0]
    demand(
        len(results) == count,
        f"a call from another thread did not return within {PATIENCE_S:.0f} s; the card promises "
        f"{count} at once, each on its own thread",
    )
    return [results[index] for index in range(count)]
