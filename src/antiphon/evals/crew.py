"""Many conversations at once: here, in processes, or on a Ray cluster. Nothing distributed is written here.

Conversations know nothing of each other, so all there is to do is to hand them out. Who holds them, a *hand*,
is opened once by each worker, because it loads models, and then takes one job after another.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from importlib import import_module
from importlib.util import find_spec
from threading import Thread
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from antiphon.contracts import PrerequisiteMissing

Job: TypeAlias = tuple[str, int]
"""A scenario and a seed."""

Where = Literal["here", "processes", "ray"]
R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class Hand(Protocol[R_co]):
    """Does jobs, one after another."""

    def do(self, job: Job) -> R_co:
        """Do one."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


Hire: TypeAlias = Callable[[], Hand[R]]
"""Opens a hand; it travels to other processes, so it must be picklable."""


def shared_out(hire: Hire[R], jobs: Sequence[Job], *, where: Where, workers: int) -> Iterator[R]:
    """What came of each job, in the order in which they are done.

    Raises:
        PrerequisiteMissing: Ray is asked for and not installed.
        AntiphonError: a hand could not be opened, or broke.
    """
    if where == "ray":
        yield from _on_ray(hire, jobs, workers)
    elif where == "processes" and workers > 1:
        yield from _in_processes(hire, jobs, workers)
    else:
        hand = hire()
        try:
            for job in jobs:
                yield hand.do(job)
        finally:
            hand.close()


_hands: list[Hand[Any]] = []
"""The hand of a worker process."""


def _take_up(hire: Hire[Any]) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    _hands.append(hire())


def _end_with_parent() -> None:
    """A parent that was killed sends no more jobs, and nobody else would end its workers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(job: Job) -> Any:
    return _hands[0].do(job)


def _in_processes(hire: Hire[R], jobs: Sequence[Job], workers: int) -> Iterator[R]:
    # Spawned, not forked: native libraries with threads of their own do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _take_up, (hire,)) as pool:
        waiting = {pool.submit(_do, job) for job in jobs}
        try:
            while waiting:
                over, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in over:
                    yield future.result()
        finally:
            for future in waiting:
                future.cancel()


class _Actor:
    """A hand on some machine of the cluster."""

    def __init__(self, hire: Hire[Any]) -> None:
        self._hand = hire()

    def do(self, job: Job) -> Any:
        return self._hand.do(job)

    def close(self) -> None:
        self._hand.close()


def _on_ray(hire: Hire[R], jobs: Sequence[Job], workers: int) -> Iterator[R]:
    """`RAY_ADDRESS` names the cluster; without it one is started on this machine, for this run."""
    if find_spec("ray") is None:
        raise PrerequisiteMissing("Ray is not installed", remedy="pip install 'antiphon[ray]'")
    ray: Any = import_module("ray")
    started = not ray.is_initialized()
    if started:
        ray.init(log_to_driver=False, include_dashboard=False, configure_logging=False)
    try:
        actor: Any = ray.remote(num_cpus=1)(_Actor)
        idle = [actor.remote(hire) for _ in range(min(workers, len(jobs)))]
        hands, busy, left = list(idle), dict[Any, Any](), list(jobs)
        while left or busy:
            while left and idle:
                hand = idle.pop()
                busy[hand.do.remote(left.pop(0))] = hand
            (ready, *_), _ = ray.wait(list(busy), num_returns=1)
            idle.append(busy.pop(ready))
            yield ray.get(ready)
        ray.get([hand.close.remote() for hand in hands])
    finally:
        if started:
            ray.shutdown()
