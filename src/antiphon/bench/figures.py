"""Figures as they are published: with intervals, and with the machine they were measured on."""

import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np

Statistic: TypeAlias = Callable[[Sequence[float]], float]

RESAMPLINGS = 2000


class Figure(msgspec.Struct, frozen=True):
    """A statistic of a sample and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    n: int


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured."""

    processor: str
    cores: int
    memory_mib: int
    load: float
    """Jobs that wanted a core when the bench began, averaged over a minute."""
    system: str


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return float(np.median(values))


def percentile(q: float) -> Statistic:
    """The value that `q` percent of the sample do not exceed, interpolated."""
    return lambda values: float(np.percentile(values, q))


def figure(values: Sequence[float], statistic: Statistic = median, *, seed: int = 0) -> Figure:
    """`statistic` of `values` with its percentile bootstrap interval (Efron 1979).

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("no figure of nothing")
    dice = np.random.default_rng(seed)
    again = [statistic(dice.choice(values, len(values)).tolist()) for _ in range(RESAMPLINGS)]
    low, high = (float(np.percentile(again, q)) for q in (2.5, 97.5))
    return Figure(statistic(values), low, high, len(values))


def by_cluster(values: Sequence[Sequence[float]], *, seed: int = 0) -> Figure:
    """The mean over all values, with a 95 % interval from resampling whole clusters, such as dialogues."""
    sums = np.array([[sum(each), len(each)] for each in values], np.float64)
    dice = np.random.default_rng(seed)
    drawn = sums[dice.integers(0, len(sums), (RESAMPLINGS, len(sums)))].sum(1)
    low, high = np.percentile(drawn[:, 0] / np.maximum(drawn[:, 1], 1), (2.5, 97.5))
    total = sums.sum(0)
    return Figure(float(total[0] / max(total[1], 1)), float(low), float(high), int(total[1]))


def machine() -> Machine:
    """This computer."""
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_mib=pages * page // 2**20,
        load=os.getloadavg()[0],
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )
