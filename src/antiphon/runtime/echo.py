"""Our own sound, taken out of the caller's: for loudspeakers whose client does not cancel their echo.

WebRTC's echo canceller (AEC3) is given what was sent beside what came in, on one timeline, and finds the
delay between them itself, up to half a second. It works only while our sound plays or has just played, and
not where the microphone is known not to hear it (`antiphon.runtime.echo_path`), nor before there is more
than the caller's room to be heard (`antiphon.runtime.canceller`): everything else passes untouched, bit by
bit. What it leaves of an echo is short, so that while our sound plays, a window is speech only when the two
before it are.
"""

from collections import deque
from collections.abc import Sequence

import msgspec
import numpy as np
import soxr

from antiphon.contracts import CLOCK_HZ, LISTENING_HZ, Audio, Ticks
from antiphon.dialogue.events import VoiceWindow
from antiphon.runtime.canceller import LateCanceller
from antiphon.runtime.echo_path import EchoPath, Verdict

TAIL = LISTENING_HZ * 7 // 10
"""How long after our sound left its echo may come: half a second of delay, and the room."""
_FRAME = LISTENING_HZ // 100
"""What the canceller works on: 10 ms."""
_JOINED = LISTENING_HZ // 25
"""A frame sent this little late is still played behind the one before it."""
_SLACK = LISTENING_HZ // 50
"""How far the caller's audio may lie beside the clock before it is put right."""
_OUTAGE = LISTENING_HZ // 2
"""The caller's audio is put right at once when it comes this late."""
_QUIET = 1e-4
"""A frame that is nowhere louder than this is silence."""
_IN_A_ROW = 3
"""So many windows must be speech before the first of them counts, while our sound is taken out."""
_KEPT = LISTENING_HZ * 2
_UNPLACED_MAX = 25
"""Frames of ours that wait until somebody asks for them: a second."""
_GLANCE = LISTENING_HZ
"""A microphone that does not hear us is looked at so seldom, with so much of its audio at once."""
_NEVER = -(2**62)
"""A place so early that audio which came all at once, and so from before the beginning, lies behind it."""


class Reference:
    """What we sent, at 16 kHz, by the clock: when a listener without delay would hear it.

    What leaves is only noted; it is given its place when somebody asks, all that has gathered at once.
    """

    def __init__(self) -> None:
        self._resampler = soxr.ResampleStream(CLOCK_HZ, LISTENING_HZ, 1, dtype="float32", quality="LQ")
        self._unplaced: list[tuple[int, Audio]] = []
        """Frames at 24 kHz, and when each left."""
        self._pieces: deque[tuple[int, Audio]] = deque()
        self._end = 0
        self._sounds_to = _NEVER
        """Where the last audible piece ends."""

    def push(self, audio: Audio, now: int) -> None:
        """A frame of 24 kHz leaves at `now`; it is played when those before it have been."""
        self._unplaced.append((now, audio))
        if len(self._unplaced) > _UNPLACED_MAX:
            self._place()

    def sounds(self, position: int) -> bool:
        """Whether what is heard at `position` may hold an echo: our sound has just left, or not died away."""
        return bool(self._unplaced) or position < self._sounds_to + TAIL

    def read(self, start: int, length: int) -> Audio:
        """What is played from `start` on; silence where nothing is."""
        self._place()
        out = np.zeros(length, np.float32)
        for at, piece in reversed(self._pieces):
            if at + len(piece) <= start:
                break
            first, last = max(at, start), min(at + len(piece), start + length)
            if first < last:
                out[first - start : last - start] = piece[first - at : last - at]
        return out

    def _place(self) -> None:
        if not self._unplaced:
            return
        unplaced, self._unplaced = self._unplaced, []
        run: list[Audio] = []
        start = end = self._end
        for now, audio in unplaced:
            if now - end > _JOINED:
                self._keep(run, start)
                run, start, end = [], now, now
            run.append(audio)
            end += _listening(len(audio))
        self._keep(run, start)
        oldest = unplaced[-1][0] - _KEPT
        while self._pieces and self._pieces[0][0] < oldest:
            self._pieces.popleft()

    def _keep(self, run: list[Audio], start: int) -> None:
        """Frames that are played without a gap, from `start` on."""
        if not run:
            return
        piece: Audio = self._resampler.resample_chunk(run[0] if len(run) == 1 else np.concatenate(run))
        self._pieces.append((start, piece))
        self._end = start + len(piece)
        if len(piece) and float(np.abs(piece).max()) > _QUIET:
            self._sounds_to = self._end


class Echo:
    """One caller's echo. Every method is for the event loop's thread: 0.15 ms for 20 ms of audio."""

    def __init__(self) -> None:
        self.path = EchoPath()
        self._reference = Reference()
        self._canceller = LateCanceller()
        self._held = np.zeros(0, np.float32)
        """What came and does not fill a frame of the canceller."""
        self._unseen: list[Audio] = []
        """What came since a microphone that does not hear us was last looked at."""
        self._unseen_samples = 0
        self._place: int | None = None
        """Where the newest sample that came lies on the reference's timeline."""
        self._late, self._watched = _OUTAGE, 0
        self._given = 0
        """How much of the caller's audio was given back."""
        self._cleaned = (0, 0)
        """The last stretch of it that our sound was taken out of."""
        self._newest: deque[float] = deque(maxlen=_IN_A_ROW)
        """Probabilities of the newest windows."""

    def sent(self, audio: Audio, now: Ticks) -> None:
        """A frame of our own sound, 24 kHz, leaves at `now`."""
        self._reference.push(audio, _listening(now))

    def clean(self, audio: Audio, now: Ticks) -> Audio:
        """The caller's 16 kHz audio that came at `now`, without ours.

        What comes back is as long as what came; less than 10 ms of it may be held back until the next.
        """
        place = self._find(len(audio), _listening(now))
        sounding = self._reference.sounds(place - len(audio))
        held = np.concatenate([self._held, audio]) if len(self._held) else audio
        if self.path.verdict == "none":
            self._glance(audio, place, sounding=sounding)
        elif sounding:
            length = len(held) // _FRAME * _FRAME
            near = held if length == len(held) else held[:length]
            far, powers = self._reference.read(place - len(held), length), _powers(near)
            if self._compare(powers, far) != "none":
                self._held = held[length:]
                return self._cancel(near, far, powers)
        elif self.path.verdict == "unknown":
            self._canceller.overhear(audio)
        self._held = held[:0]
        self._given += len(held)
        return held

    def judge(self, window: VoiceWindow) -> VoiceWindow:
        """`window` as it is to be taken: as little likely as those before it, where ours was taken out."""
        self._newest.append(window.probability)
        first, last = self._cleaned
        if _listening(window.start) >= last or _listening(window.end) <= first:
            return window
        return msgspec.structs.replace(window, probability=min(self._newest), ours=True)

    def _find(self, length: int, now: int) -> int:
        """Where what came ends on the reference's timeline: steady, however unsteadily it comes."""
        place = now if self._place is None else self._place + length
        late = now - place
        self._late, self._watched = min(self._late, late), self._watched + length
        if late < -_SLACK or late > _OUTAGE:
            place = now
        elif self._watched >= LISTENING_HZ:
            if self._late > _SLACK:
                place += self._late
            self._late, self._watched = _OUTAGE, 0
        self._place = place
        return place

    def _glance(self, audio: Audio, place: int, *, sounding: bool) -> None:
        """See whether a microphone that does not hear us begins to."""
        if sounding:
            self._unseen.append(audio)
            self._unseen_samples += len(audio)
        if self._unseen and (not sounding or self._unseen_samples >= _GLANCE):
            near = np.concatenate(self._unseen)
            near = near[: len(near) // _FRAME * _FRAME]
            end = place if sounding else place - len(audio)
            self._compare(_powers(near), self._reference.read(end - self._unseen_samples, len(near)))
            self._unseen, self._unseen_samples = [], 0

    def _compare(self, powers: Sequence[float], far: Audio) -> Verdict:
        before = self.path.verdict
        self.path.hear(powers, _powers(far))
        if self.path.verdict == "echo":
            self._canceller.begin()
        elif self.path.verdict != before:
            self._canceller = LateCanceller()
        return self.path.verdict

    def _cancel(self, near: Audio, far: Audio, powers: Sequence[float]) -> Audio:
        if not len(near):
            return near
        first = self._cleaned[0] if self._cleaned[1] == self._given else self._given
        self._given += len(near)
        self._cleaned = (first, self._given)
        return self._canceller.process(near, far, powers)


def _listening(position: Ticks) -> int:
    return position * LISTENING_HZ // CLOCK_HZ


def _powers(audio: Audio) -> list[float]:
    """The mean power of each frame."""
    frames = audio.reshape(-1, _FRAME)
    return (np.vecdot(frames, frames) / _FRAME).tolist()
