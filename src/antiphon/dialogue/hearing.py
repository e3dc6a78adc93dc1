"""From a probability and a level per window to speech and silence, with hysteresis.

One loud click is not speech and one quiet window is not silence: speech begins with `ONSET` of it in a row,
a pause begins after `PAUSE` of silence, and the two thresholds differ so that neither flickers. A window is
silent when it is unlikely to be speech or too quiet to be this speaker's, whichever shows first: that is the
end of the voice, and what is said of it need not be certain, because what follows from it can be taken back.
"""

from collections import deque
from typing import Literal, TypeAlias

from antiphon.contracts import Ticks, ticks
from antiphon.dialogue.events import VoiceWindow
from antiphon.dialogue.loudness import Loudness

Change: TypeAlias = Literal["onset", "pause", "resume", "none"]

ONSET: Ticks = ticks(60)
PAUSE: Ticks = ticks(96)
HYSTERESIS = 0.15
AFTERGLOW: Ticks = ticks(250)
"""A probability of speech that outlasts the voice by more than this is a voice that has become soft, unless
it is as soft as the room: a network takes some rooms for breath."""

JUMP_DB = 15.0
"""A window so far above the quietest of the last `JUMP_FROM` is the beginning of something."""
JUMP_FROM = 12
JUMP_LEAST_DB = -60.0
"""What is softer than this is nothing."""
RISE_DB = 12.0
"""So far above the two before it, it is a beginning of its own: first there is a room, then a voice in it."""
JUMP: Ticks = ticks(160)
"""It may be a voice for so long, by its level alone;"""
LIKELY_JUMP: Ticks = ticks(224)
"""and for so long if it is a little likely."""
LITTLE_LIKELY = 0.1

FADES_DB = 15.0
"""What is left of our own sound comes in bursts: it has this much less level soon after, a voice has not."""
FADES_IN = 4
"""Soon: so many windows."""
SOFT_BEGINNING: Ticks = ticks(160)
"""A voice may have begun so much earlier than it was noticed."""


class Hearing:
    """The caller's side of the floor.

    Attributes:
        began: where the speech under way began; meaningful unless `state` is "quiet".
        speech_end: where its last window ended that was not silent.
        heard_to: where the newest window ended.
    """

    def __init__(self) -> None:
        self.state: Literal["quiet", "speaking", "pausing"] = "quiet"
        self.began: Ticks = 0
        self.speech_end: Ticks = 0
        self.heard_to: Ticks = 0
        self._streak: Ticks = 0
        self._glow: Ticks = 0
        """How long the newest windows have been likely speech, loud or not."""
        self._jump: Ticks = 0
        """How long it has been loud without being speech."""
        self._jumps = False
        self._levels_db: deque[float] = deque(maxlen=JUMP_FROM)
        self._loudness = Loudness()

    @property
    def silence(self) -> Ticks:
        """How much silence the audio ends with."""
        return self.heard_to - self.speech_end

    def push(self, window: VoiceWindow, threshold: float) -> Change:
        """Hear one more window."""
        self.heard_to = window.end
        length = window.end - window.start
        likely = window.probability >= threshold
        self._glow = self._glow + length if likely else 0
        faint = self._loudness.hear(window.level_db, speech=likely and self.state != "quiet")
        self._follow_level(window, likely)
        silent = faint or window.probability < threshold - HYSTERESIS
        fades = window.ours and window.level_db < max([*self._levels_db][-FADES_IN:]) - FADES_DB
        soft = self._glow > AFTERGLOW and not self._loudness.like_the_room(window.level_db)
        if likely and (not faint or soft) and not fades:
            self._streak += length
        elif silent or self.state != "speaking":
            self._streak = 0
        match self.state:
            case "quiet":
                return self._listen(window)
            case "speaking":
                return self._follow(window, silent)
            case "pausing":
                return self._wait(window, faint)

    def stall(self) -> Change:
        """No audio came for so long that the caller must be taken to be silent."""
        if self.state != "speaking":
            return "none"
        self.state, self._streak = "pausing", 0
        return "pause"

    @property
    def voice_from(self) -> Ticks:
        """From where on the audio may hold the voice under way."""
        return max(0, self.began - SOFT_BEGINNING)

    @property
    def stirring(self) -> Ticks:
        """How much of the newest audio may be the beginning of speech; 0 while speech is under way."""
        return 0 if self.state == "speaking" else self._streak

    @property
    def glowing(self) -> bool:
        """Whether the newest window is likely speech, although it may be too quiet for it."""
        return self._glow > 0

    @property
    def startled(self) -> bool:
        """Whether something has just begun that may turn out to be a voice.

        A network knows a soft or hissing beginning for a voice after a tenth of a second and more, while its
        level says at once that there is something. It says so of any noise, and so it counts for a moment.
        """
        return self._jumps

    def hush(self) -> None:
        """What stirred came to nothing."""
        self._streak = self._glow = 0
        self._jumps = False

    def reset(self) -> None:
        """The turn is taken or dropped: wait for the next speech."""
        self.state, self._streak = "quiet", self.stirring
        self._loudness.forget()

    def _follow_level(self, window: VoiceWindow, likely: bool) -> None:
        levels_db = self._levels_db
        quietest_db = min(levels_db, default=window.level_db)
        if len(levels_db) >= 2 and window.level_db > max(levels_db[-1], levels_db[-2]) + RISE_DB:
            self._jump = 0
        levels_db.append(window.level_db)
        little_likely = window.probability >= LITTLE_LIKELY
        loud = window.level_db > max(quietest_db + JUMP_DB, JUMP_LEAST_DB)
        if window.ours or not (loud or (self._jumps and little_likely)):
            self._jump, self._jumps = 0, False
            return
        self._jump += 0 if likely else window.end - window.start
        self._jumps = self._jump <= (LIKELY_JUMP if little_likely else JUMP)

    def _listen(self, window: VoiceWindow) -> Change:
        if self._streak < ONSET:
            return "none"
        self.state = "speaking"
        self.began, self.speech_end = window.end - self._streak, window.end
        return "onset"

    def _follow(self, window: VoiceWindow, silent: bool) -> Change:
        if not silent:
            self.speech_end = window.end
        elif self.silence >= PAUSE:
            self.state, self._streak = "pausing", 0
            return "pause"
        return "none"

    def _wait(self, window: VoiceWindow, faint: bool) -> Change:
        if self._streak < ONSET:
            return "none"
        self.state, self.speech_end = "speaking", window.end
        if faint:
            self._loudness.soften(window.level_db)
        return "resume"
