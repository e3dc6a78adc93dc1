"""Whether a window is loud enough to be the voice that has been speaking.

A network's probability of speech falls a tenth of a second after the voice has ended; its level at once.
The rule is that of the response time's anchor (`antiphon.runtime.voiced`), made causal: what lies below

    max(loud − 28 dB, min(floor + 8 dB, loud − 12 dB))

is not the voice. *Loud* is the loudest window of this speech, fading by 3 dB a second; *floor* is the room,
which falls at once and rises by 1.5 dB a second. Measured on half of the recordings: a voice is found to have
ended 42 ms after its last voiced sample (median), by the probability alone after 131 ms.
"""

_BELOW_LOUD_DB = 28.0
_ABOVE_FLOOR_DB = 8.0
_LEAST_BELOW_LOUD_DB = 12.0
_WAVERS_DB = 2.0
_FADE_DB = 0.1  # a window of 32 ms
_RISE_DB = 0.05
_SILENCE_DB = -120.0


class Loudness:
    """Follows one caller's level, window by window."""

    def __init__(self) -> None:
        self._loud_db: float | None = None
        self._floor_db = 0.0

    def hear(self, level_db: float, *, speech: bool) -> bool:
        """Take in one window; returns whether it is too quiet to be the voice under way.

        Args:
            level_db: mean power in decibels of full scale; digital silence is any very low number.
            speech: whether it is taken for speech, so that its level counts as the speaker's.
        """
        level = max(level_db, _SILENCE_DB)
        self._floor_db = min(level, self._floor_db + _RISE_DB)
        if speech:
            self._loud_db = level if self._loud_db is None else max(level, self._loud_db - _FADE_DB)
        if self._loud_db is None:
            return False
        near_the_room = min(self._floor_db + _ABOVE_FLOOR_DB, self._loud_db - _LEAST_BELOW_LOUD_DB)
        return level < max(self._loud_db - _BELOW_LOUD_DB, near_the_room)

    def like_the_room(self, level_db: float) -> bool:
        """Whether a window is hardly louder than the room."""
        return level_db < self._floor_db + _ABOVE_FLOOR_DB

    def soften(self, level_db: float) -> None:
        """The voice under way is as soft as this: it counts, and what is clearly below it does not."""
        if self._loud_db is not None:
            self._loud_db = min(self._loud_db, level_db - _WAVERS_DB + _LEAST_BELOW_LOUD_DB)

    def forget(self) -> None:
        """The next speech may be anybody's: only the room stays known."""
        self._loud_db = None
