"""For engines that need no weights."""

from pathlib import Path


def no_weights(name: str) -> Path:
    """Where weights would be asked for: a test of scripted engines fails there."""
    raise AssertionError(f"asked for the weights of {name}, and needs none")
