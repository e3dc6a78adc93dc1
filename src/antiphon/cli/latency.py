"""What the doctor measured on this machine, kept for the engines' cards."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from antiphon.contracts import Part
from antiphon.store import data_home

FILE = "latency.json"

Measured = dict[str, dict[str, float]]
"""From `PART.ENGINE` to what was measured of it, in milliseconds."""


def known(part: Part, engine: str) -> Mapping[str, float]:
    """What was measured of `engine`; empty when it never was."""
    return _read(data_home() / FILE).get(f"{part}.{engine}", {})


def keep(measured: Mapping[Part, tuple[str, Mapping[str, float]]]) -> Path:
    """Write down what was measured of each part's engine, beside what is known of others."""
    path = data_home() / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    everything = _read(path)
    for part, (engine, latencies) in measured.items():
        everything[f"{part}.{engine}"] = {name: round(value, 3) for name, value in latencies.items()}
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(everything)))
    os.replace(unfinished, path)
    return path


def _read(path: Path) -> Measured:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Measured)
    except (OSError, msgspec.MsgspecError):
        return {}
