"""Chance that does not move when something else is changed: each purpose has dice of its own."""

import random
from hashlib import sha256


def dice(seed: int, *purpose: str | int) -> random.Random:
    """The same for the same seed and purpose, on every machine and in every process."""
    name = "/".join(map(str, (seed, *purpose)))
    return random.Random(int.from_bytes(sha256(name.encode()).digest()[:8]))  # noqa: S311 - no secret
