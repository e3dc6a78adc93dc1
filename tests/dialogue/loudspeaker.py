"""A simulated listener: plays what it is told to, sample by sample, and knows what truly sounded."""

from collections.abc import Callable
from dataclasses import dataclass, field

from antiphon.contracts import Ticks, TimedWord
from antiphon.dialogue.events import Event, PlayoutProgress, PlayoutStarted, PlayoutStopped


@dataclass(frozen=True)
class Sound:
    """A stretch in which the agent was audible."""

    turn: int
    start: Ticks
    end: Ticks
    """On the session's clock."""
    sample: int
    """Which sample of the reply sounded at `start`."""


@dataclass
class Loudspeaker:
    """Plays one reply at a time at the pace of time; `tell(event, delay)` reports to the core."""

    tell: Callable[[Event, Ticks], None]
    output: Ticks = 0
    """From the first chunk to the first sample."""
    stop_delay: Ticks = 0
    """How late the report of a flush is."""
    report_delay: Callable[[], Ticks] = lambda: 0
    """How late each report of progress is."""
    turn: int = 0
    paused: bool = False
    sounds: list[Sound] = field(default_factory=list[Sound])
    words: dict[int, list[TimedWord]] = field(default_factory=dict[int, list[TimedWord]])
    """Per reply: its words, with their places in its sound."""
    _queued: int = 0
    _played: int = 0
    _told: int = 0
    _at: Ticks = 0
    _started: bool = False

    def play(self, turn: int, samples: int, words: tuple[TimedWord, ...], now: Ticks) -> None:
        self._begin(turn, now)
        self.advance(now)
        if self._queued == 0:
            self._at = now + self.output
        place = self.words.setdefault(turn, [])
        place += [
            TimedWord(w.text, self._queued + w.start_sample, self._queued + w.end_sample) for w in words
        ]
        self._queued += samples

    def pause(self, turn: int, now: Ticks) -> None:
        self._begin(turn, now)
        self.advance(now)
        self.paused = True

    def resume(self, turn: int, now: Ticks) -> None:
        if turn == self.turn:
            self.advance(now)
            self.paused, self._at = False, max(self._at, now)

    def flush(self, turn: int, now: Ticks) -> None:
        self._begin(turn, now)
        self.advance(now)
        self._tell_start()
        self.tell(PlayoutStopped(turn, self._played), self.stop_delay)
        self.turn = 0

    def tick(self, now: Ticks) -> None:
        """Report how far playing has come; due every 20 ms."""
        self.advance(now)
        if self.turn and self._played > self._told:
            self._told = self._played
            self._tell_start()
            self.tell(PlayoutProgress(self.turn, self._played), self.report_delay())

    def advance(self, now: Ticks) -> None:
        """Let it sound until `now`."""
        if self._at > now:
            return
        step = min(now - self._at, self._queued - self._played)
        if step > 0 and not self.paused and self.turn:
            self.sounds.append(Sound(self.turn, self._at, self._at + step, self._played))
            self._played += step
        self._at = now

    def truly_heard(self, turn: int) -> str:
        """The words of the reply to `turn` at least half of which sounded."""
        return " ".join(word.text for word in self.words.get(turn, ()) if self._half_sounded(turn, word))

    def _half_sounded(self, turn: int, word: TimedWord) -> bool:
        sounded = 0
        for sound in self.sounds:
            if sound.turn == turn:
                end = sound.sample + sound.end - sound.start
                sounded += max(0, min(end, word.end_sample) - max(sound.sample, word.start_sample))
        return sounded * 2 >= word.end_sample - word.start_sample

    def _begin(self, turn: int, now: Ticks) -> None:
        if turn != self.turn:
            self.advance(now)
            self.turn, self.paused, self._started = turn, False, False
            self._queued = self._played = self._told = 0
            self._at = now

    def _tell_start(self) -> None:
        first = next((sound for sound in self.sounds if sound.turn == self.turn), None)
        if first is not None and not self._started:
            self._started = True
            self.tell(PlayoutStarted(self.turn, first.start), 0)
