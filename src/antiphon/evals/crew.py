"""Many conversations at once: here, in processes, or on a Ray cluster. Nothing distributed is written here.

Conversations know nothing of each other, so all there is to do is to hand them out. Who holds them, a *hand*,
is opened once by each worker, because it loads models, and then takes one job after another.
"""

import logging
import multiprocessing
import os
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from threading import Thread
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from antiphon.contracts import AntiphonError, Busy, EngineBroken, PrerequisiteMissing

Job: TypeAlias = tuple[str, int]
"""A scenario and a seed."""

Where = Literal["here", "processes", "ray"]
R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")

_ROOM_S = 600
"""A cluster that grows on demand takes minutes to find a machine."""
_KNOCK_S = 10
_CLOSE_S = 30
_LOST_MAX = 3
"""A job that ends its worker so often will end the next one, too."""


class WorkerLost(AntiphonError):
    """A worker ended by itself; what was done before is done."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} ended in the middle of a job (was there memory enough?); start again to go on"
        )


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
        WorkerLost: a worker ended in the middle of its work.
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


class _Worker:
    """A hand in a process of its own, opened by its first job, which tells what is wrong."""

    def __init__(self, hire: Hire[Any]) -> None:
        self._hire = hire
        self._hand: Hand[Any] | None = None

    def open(self) -> Hand[Any]:
        """The hand, opened once."""
        if self._hand is None:
            self._hand = self._hire()
        return self._hand

    def do(self, job: Job) -> Any:
        """Do one."""
        return self.open().do(job)


_workers: list[_Worker] = []
"""The one of a worker process."""


def _take_up(hire: Hire[Any]) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    _workers.append(_Worker(hire))


def _end_with_parent() -> None:
    """A parent that was killed sends no more jobs, and nobody else would end its workers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(job: Job) -> Any:
    return _workers[0].do(job)


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
        except BrokenProcessPool as error:
            raise WorkerLost("a worker process") from error
        finally:
            for future in waiting:
                future.cancel()


class _Actor(_Worker):
    """A worker on some machine of a Ray cluster."""

    def ready(self) -> None:
        """Open the hand: the cluster has found room for it."""
        self.open()

    def close(self) -> None:
        """Let go of everything."""
        self.open().close()


def _on_ray(hire: Hire[R], jobs: Sequence[Job], workers: int) -> Iterator[R]:
    """On the cluster of `RAY_ADDRESS`, or that runs on this machine, or one that is started for this run."""
    if find_spec("ray") is None:
        raise PrerequisiteMissing("Ray is not installed", remedy="pip install 'antiphon[ray]'")
    ray: Any = import_module("ray")
    # Ray tells of workers that ended on standard output, which belongs to the command.
    with redirect_stdout(StringIO()):
        try:
            _join(ray)
            team = _Team(ray, hire)
            for _ in range(min(workers, len(jobs))):
                team.add()
            if not ray.wait(list(team.busy), timeout=_ROOM_S)[0]:
                raise Busy(f"the cluster had no room in {_ROOM_S} s; a worker takes one processor of it")
            yield from team.done(jobs)
        finally:
            ray.shutdown()  # whatever they are doing, it ends the actors


def _join(ray: Any) -> None:
    """Ray is to tell nobody of its use, to be quiet unless something breaks, and to leave SIGTERM to us."""
    _knock(os.environ.get("RAY_ADDRESS", ""))
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    logging.getLogger("ray").setLevel(logging.ERROR)
    ours = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(log_to_driver=False, include_dashboard=False, configure_logging=False)
    except Exception as error:  # of every kind, some of no kind of their own
        raise EngineBroken("ray", _last_line(error)) from error
    finally:
        signal.signal(signal.SIGTERM, ours)


def _knock(address: str) -> None:
    """Ray itself tries for minutes, and not in silence."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or "/" in host:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK_S).close()
    except OSError as error:
        raise EngineBroken("ray", f"no cluster answers at {address}, which RAY_ADDRESS names") from error


def _last_line(error: Exception) -> str:
    return str(error).strip().rpartition("\n")[2]


class _Team:
    """The actors of a run. Only who is ready is given a job: for some there may never be room."""

    def __init__(self, ray: Any, hire: Hire[Any]) -> None:
        self._ray, self._hire = ray, hire
        self._actor: Any = ray.remote(num_cpus=1)(_Actor)
        self._idle: list[Any] = []
        self.busy: dict[Any, tuple[Any, Job | None]] = {}
        """Who does which job, by what it will return; without a job they are getting ready."""

    def add(self) -> None:
        """Ask the cluster for one more."""
        actor = self._actor.remote(self._hire)
        self.busy[actor.ready.remote()] = actor, None

    def done(self, jobs: Sequence[Job]) -> Iterator[Any]:
        """What came of each job. One whose machine goes away is done again by another."""
        left, lost, undone = list(jobs), Counter[Job | None](), len(jobs)
        while undone:
            while left and self._idle:
                actor, job = self._idle.pop(), left.pop(0)
                self.busy[actor.do.remote(job)] = actor, job
            (ready, *_), _ = self._ray.wait(list(self.busy))
            actor, job = self.busy.pop(ready)
            try:
                came = self._ray.get(ready)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except self._ray.exceptions.RayError as error:
                lost[job] += 1
                if lost[job] == _LOST_MAX and job is None:
                    raise EngineBroken("ray", f"no worker begins: {_last_line(error)}") from error
                if lost[job] == _LOST_MAX:
                    raise WorkerLost(f"{_LOST_MAX} workers") from error
                left += [] if job is None else [job]
                self.add()
                continue
            self._idle.append(actor)
            if job is not None:
                undone -= 1
                yield came
        closing = [actor.close.remote() for actor in self._idle]
        self._ray.wait(closing, num_returns=len(closing), timeout=_CLOSE_S)
