"""The stage that sessions are tested on, which the benches use too."""

from antiphon.bench.stage import (
    BY_HAND,
    FRAME_MS,
    QUICK,
    TYPED,
    Stage,
    no_weights,
    scripted_config,
    silence,
    sung,
)

__all__ = [
    "BY_HAND",
    "FRAME_MS",
    "QUICK",
    "TYPED",
    "Stage",
    "no_weights",
    "scripted_config",
    "silence",
    "sung",
]
