"""A caller's ear: audio in, voice windows out, in order, without making anybody wait."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from math import log10

import numpy as np

from antiphon.contracts import CLOCK_HZ, LISTENING_HZ, Audio, SpeechProbability, Ticks, VoiceActivity
from antiphon.dialogue.events import VoiceWindow
from antiphon.runtime.lanes import Batches, Lane, nobody, post

_LEAST_POWER = 1e-12
UNHEARD_MAX = 10_000
"""Pieces of audio that may wait to be heard: 200 s of 20 ms frames."""


class Ear:
    """Listens to one caller from one position of the audio on.

    A stream of the engine is not to be pushed by two threads at once, and its answers depend on the order of
    the audio; so what comes while the lane is busy waits, and is heard in one piece.
    """

    def __init__(
        self,
        engine: VoiceActivity,
        lane: Lane,
        *,
        start_sample: int,
        heard: Callable[[Sequence[VoiceWindow]], None],
        failed: Callable[[str], None],
    ) -> None:
        self._stream, self._window, self._name = engine.stream(), engine.window_samples, engine.card.name
        self._start_sample = start_sample
        """Where it began to listen, in samples at 16 kHz of all the caller's audio."""
        self._heard, self._failed = heard, failed
        self._batches = Batches(lane, self._listen, most=UNHEARD_MAX)
        self._report: Callable[[Callable[[], None]], None] = (
            _at_once if lane.instant else partial(post, asyncio.get_running_loop())
        )
        self._deaf = False
        self._short: list[Audio] = []
        """What came and does not fill a window."""
        self._short_samples = 0
        self._rest: Audio = np.zeros(0, np.float32)
        """What the newest window has not covered yet."""

    def push(self, audio: Audio) -> None:
        """Hear 16 kHz audio. Busy: far too much is waiting to be heard."""
        if self._deaf:
            return
        self._short.append(audio)
        self._short_samples += len(audio)
        if self._short_samples >= self._window:
            pieces, self._short = self._short, []
            self._short_samples %= self._window
            self._batches.put(pieces[0] if len(pieces) == 1 else np.concatenate(pieces))

    def close(self) -> None:
        """Hear nothing more, and tell nothing more."""
        self._deaf = True
        self._heard = self._failed = nobody

    def _listen(self, pieces: list[Audio]) -> None:
        if self._deaf:
            return
        audio = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        try:
            answers = self._stream.push(audio)
        except Exception as error:
            # What it missed is lost to it, so that from here on its positions would be wrong.
            self._report(partial(self._break, f"{self._name}: {type(error).__name__}: {error}"))
            return
        levels_db = self._levels_db(audio, len(answers))
        if windows := [self._voice_window(*pair) for pair in zip(answers, levels_db, strict=True)]:
            self._report(partial(self._tell, windows))

    def _voice_window(self, answer: SpeechProbability, level_db: float) -> VoiceWindow:
        end = self._start_sample + answer.end_sample
        return VoiceWindow(_ticks(end - self._window), _ticks(end), answer.probability, level_db)

    def _levels_db(self, audio: Audio, windows: int) -> list[float]:
        """The mean power of the next `windows`; what is beyond them waits for more."""
        if len(self._rest):
            audio = np.concatenate([self._rest, audio])
        whole, self._rest = audio[: windows * self._window], audio[windows * self._window :]
        whole = whole.reshape(windows, self._window)
        powers: list[float] = np.vecdot(whole, whole).tolist()
        return [10 * log10(power / self._window + _LEAST_POWER) for power in powers]

    def _tell(self, windows: Sequence[VoiceWindow]) -> None:
        if not self._deaf:
            self._heard(windows)

    def _break(self, message: str) -> None:
        if not self._deaf:
            self._deaf = True
            self._failed(message)


def _at_once(call: Callable[[], None]) -> None:
    call()


def _ticks(sample: int) -> Ticks:
    return sample * CLOCK_HZ // LISTENING_HZ
