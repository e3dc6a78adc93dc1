"""Does memory grow while conversations go on? Resident memory, sampled, and a line through it."""

from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Self

import msgspec
import numpy as np

from antiphon.bench.load_systems import rss_mib
from antiphon.engines.native import load

EVERY_S = 5.0
SETTLED = 0.25
"""Of the time; what comes before belongs to the start, when caches and pools fill."""
BLOCKS = 8
RESAMPLINGS = 2000

Sample = tuple[float, float]
"""Seconds since the start, and MiB."""


class Soak(msgspec.Struct, frozen=True):
    """Resident memory over time."""

    samples: list[Sample]
    slope_mib_per_h: float
    low: float
    high: float
    """The 95 % interval of the slope."""
    settled_mib: float
    """Where the line begins."""


class Sampler:
    """Looks at a process every few seconds while the block runs."""

    def __init__(self, pid: int, every_s: float = EVERY_S) -> None:
        self._pid, self._every_s = pid, every_s
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self.samples: list[Sample] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        began = monotonic()
        while not self._over.is_set():
            self.samples.append((monotonic() - began, rss_mib(self._pid)))
            self._over.wait(self._every_s)


def fitted(samples: Sequence[Sample], *, seed: int = 0) -> Soak:
    """A straight line through what comes after the start, by least squares.

    Memory grows in steps, so neighbouring samples are not independent: the interval is a bootstrap of the
    line's residuals in blocks (Künsch 1989).

    Raises:
        ValueError: fewer than three samples a block.
    """
    settled = [sample for sample in samples if sample[0] >= SETTLED * samples[-1][0]]
    length = len(settled) // BLOCKS
    if length < 3:
        raise ValueError(f"{len(settled)} samples are too few for a slope")
    hours = np.array([at for at, _ in settled]) / 3600
    memory = np.array([mib for _, mib in settled])
    slope, start = _line(hours, memory)
    line = start + slope * hours
    dice = np.random.default_rng(seed)
    blocks = np.lib.stride_tricks.sliding_window_view(memory - line, length)
    slopes: list[float] = []
    for _ in range(RESAMPLINGS):
        drawn = blocks[dice.integers(len(blocks), size=-(-len(line) // length))].ravel()[: len(line)]
        slopes.append(_line(hours, line + drawn)[0])
    low, high = (float(np.percentile(slopes, q)) for q in (2.5, 97.5))
    return Soak(list(samples), slope, low, high, start + slope * float(hours[0]))


def table(soaks: Sequence[Soak]) -> list[str]:
    """The figures a reader wants first."""
    return [
        f"resident memory: {soak.settled_mib:.0f} MiB when settled, then {soak.slope_mib_per_h:+.1f} MiB per "
        f"hour (95 %: {soak.low:+.1f} to {soak.high:+.1f})"
        for soak in soaks
    ]


def picture(soaks: Sequence[Soak], path: Path) -> None:
    """Memory over time, with its line."""
    pyplot = load("matplotlib.pyplot", "antiphon[bench]")
    figure, axes = pyplot.subplots(figsize=(6, 3.2))
    for soak in soaks:
        minutes = [at / 60 for at, _ in soak.samples]
        begins = SETTLED * minutes[-1]
        ends = soak.settled_mib + soak.slope_mib_per_h * (minutes[-1] - begins) / 60
        axes.plot(minutes, [mib for _, mib in soak.samples], label="resident")
        label = f"{soak.slope_mib_per_h:+.1f} MiB/h ({soak.low:+.1f} to {soak.high:+.1f})"
        axes.plot([begins, minutes[-1]], [soak.settled_mib, ends], label=label)
    axes.set(xlabel="minutes of conversation", ylabel="MiB", ylim=(0, None))
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path)


def _line(hours: np.ndarray, memory: np.ndarray) -> tuple[float, float]:
    slope, start = np.polyfit(hours, memory, 1)
    return float(slope), float(start)
