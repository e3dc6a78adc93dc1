"""Keys that a caller presses, gathered until they are one entry: pure, time is an argument."""

PAUSE_S = 1.5
"""Nothing more after so long: the entry is complete."""
KEYS_MAX = 32


class Keypad:
    """One call's keys."""

    def __init__(self) -> None:
        self._keys = ""
        self._pressed_s = 0.0

    def press(self, key: str, now_s: float) -> str | None:
        """The entry that this key completes: `#` ends one, and so does its being long."""
        self._pressed_s = now_s
        self._keys += key
        return self._take() if key == "#" or len(self._keys) >= KEYS_MAX else None

    def look(self, now_s: float) -> str | None:
        """The entry that time has completed."""
        return self._take() if self._keys and now_s - self._pressed_s >= PAUSE_S else None

    def _take(self) -> str:
        keys, self._keys = self._keys, ""
        return keys
