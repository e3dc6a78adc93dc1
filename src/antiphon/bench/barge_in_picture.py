"""The barge-in bench as a picture: when the agent fell silent, and what survived."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from antiphon.engines.native import load

if TYPE_CHECKING:
    from antiphon.bench.barge_in import Scene

TARGET_MS = 200


def draw(scenes: "Sequence[Scene]", path: Path) -> None:
    """Write the picture as SVG. PrerequisiteMissing: matplotlib is not installed."""
    plots = load("matplotlib.pyplot", "antiphon[bench]")
    figure, (left, right) = plots.subplots(1, 2, figsize=(9, 3.5))
    silent = sorted(s.silent_ms for s in scenes if s.kind == "interruption" and s.silent_ms is not None)
    left.step(silent, [(place + 1) / len(silent) for place in range(len(silent))], where="post")
    left.axvline(TARGET_MS, linestyle=":", color="grey")
    left.set(xlabel="silent after the onset, ms", ylabel="share of interruptions", ylim=(0, 1))
    gaps = [max(s.gaps_ms, default=0.0) for s in scenes if s.kind != "interruption" and not s.stopped]
    lost = sum(s.stopped for s in scenes if s.kind != "interruption")
    right.hist(gaps, bins=20)
    right.set(xlabel="longest gap heard, ms", ylabel="answers", title=f"survived {len(gaps)}, cut off {lost}")
    figure.tight_layout()
    figure.savefig(path)
