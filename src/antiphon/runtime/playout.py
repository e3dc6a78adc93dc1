"""Sending the agent's sound at the pace it is heard, so that it can be stopped at the very word.

Audio leaves in frames, a short *lead* ahead of the moment it is due at the listener. What has been heard is
therefore known at any time: what was sent, less the part of the lead that is still to come. A listener that
acknowledges its playout replaces that reckoning with its own truth; the pace stays that of time, because an
acknowledgement comes late by the way it travels, and waiting for it would starve the listener.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from antiphon.contracts import CLOCK_HZ, Audio, Ticks, ms, ticks
from antiphon.dialogue.events import (
    Event,
    PlayoutAcknowledged,
    PlayoutProgress,
    PlayoutStarted,
    PlayoutStopped,
)
from antiphon.runtime.clock import Clock
from antiphon.runtime.lanes import nobody
from antiphon.runtime.voiced import first_audible_sample

FRAME: Ticks = ticks(40)
"""What leaves at a time. How far it is ahead varies by as much, around the lead."""
SOONEST: Ticks = ticks(1)
PROGRESS: Ticks = ticks(200)
"""How often it is told how much has been heard; that it has begun, and that it is all, is told at once."""


class Segment(msgspec.Struct, frozen=True):
    """A stretch of sound with whatever is to be told when it begins."""

    audio: Audio
    begun: Callable[[], None]


class Running(msgspec.Struct, frozen=True):
    """Sound that runs with time: sample `sample` is played at `at`, and so on from there."""

    sample: int = 0
    at: Ticks = 0

    def position(self, now: Ticks) -> int:
        """The sample that is due at `now`."""
        return self.sample + max(0, now - self.at)


class Playout:
    """One listener's ear. At most one reply plays at a time."""

    def __init__(
        self, clock: Clock, *, lead: Ticks, send: Callable[[Audio], None], tell: Callable[[Event], None]
    ) -> None:
        self._clock, self._send, self._tell = clock, send, tell
        self._least_ahead = max(0, lead - FRAME // 2)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._start(0)

    def _start(self, turn: int) -> None:
        self._stop_timer()
        self._turn = turn
        self._segments: deque[Segment] = deque()
        self._offset = 0
        """How much of the first segment was sent."""
        self._sent = 0
        self._told = 0
        """How much was heard when that was last told."""
        self._queued = 0
        self._audible: int | None = None
        """Where the first audible sample lies; None until one was queued."""
        self._started_at: Ticks | None = None
        """When the first audible sample left."""
        self._heard_at: Ticks | None = None
        """When the listener heard the first audible sample, by what it has acknowledged so far."""
        self._paused = False
        self._pace = self._hearing = Running()
        """What is due, and what is heard: the same until the listener says otherwise."""

    def queue(self, turn: int, segment: Segment) -> None:
        """Play `segment` behind all that is queued for `turn`."""
        if turn != self._turn:
            self._start(turn)
        if self._audible is None:
            first = first_audible_sample(segment.audio, CLOCK_HZ)
            self._audible = None if first is None else self._queued + first
        self._queued += len(segment.audio)
        self._segments.append(segment)
        if not self._paused and self._due(self._clock.now()) >= self._sent:
            self._run()

    def pause(self, turn: int) -> None:
        """Send nothing more for now. What was sent ahead will still be heard."""
        if turn != self._turn:
            self._start(turn)
        self._paused = True

    def resume(self, turn: int) -> None:
        """Go on from the first sample that was not sent."""
        if turn == self._turn and self._paused:
            self._paused = False
            self._run()

    def flush(self, turn: int) -> None:
        """Drop all that was not sent, and tell how much was heard."""
        heard = self._heard(self._clock.now()) if turn == self._turn else 0
        self._start(turn)
        self._tell(PlayoutStopped(turn, heard))

    def acknowledge(self, turn: int, played_samples: int) -> None:
        """The listener says what it has played of `turn` by now."""
        if turn != self._turn or not 0 <= played_samples <= self._sent:
            return
        now = self._clock.now()
        self._hearing = Running(played_samples, now)
        if self._audible is None or played_samples <= self._audible:
            return
        # An acknowledgement is late by its way, so the least late of them is the truest; but a listener
        # reckons, too, and nothing is heard before it has left.
        heard_at = max(now - (played_samples - self._audible), self._started_at or 0)
        if self._heard_at is None or heard_at <= self._heard_at - SOONEST:
            self._heard_at = heard_at
            self._tell(PlayoutAcknowledged(turn, heard_at))

    def close(self) -> None:
        """Fall silent, and tell nobody anything more."""
        self._start(0)
        self._send = self._tell = nobody

    def _due(self, now: Ticks) -> int:
        return self._pace.position(now)

    def _heard(self, now: Ticks) -> int:
        return min(self._sent, self._hearing.position(now))

    def _run(self) -> None:
        """Begin, or begin again after silence: time and sound run together from here."""
        now = self._clock.now()
        self._pace = Running(min(self._sent, self._due(now)), now)
        self._hearing = Running(self._heard(now), now)
        self._stop_timer()
        self._tick()

    def _tick(self) -> None:
        self._timer = None
        turn = self._turn
        now = self._clock.now()
        due = self._due(now) + self._least_ahead
        while self._segments and not self._paused and self._sent <= due:
            self._send_frame()
        heard = self._heard(now)
        if not self._told or heard - self._told >= PROGRESS or heard >= self._sent:
            self._told = heard
            self._tell(PlayoutProgress(turn, heard))
            if turn != self._turn:
                return
        sending = self._segments and not self._paused
        if sending or heard < self._sent:
            now = self._clock.now()
            next_at = self._sent - (self._due(now) + self._least_ahead if sending else self._heard(now))
            self._timer = self._loop.call_later(ms(min(max(next_at, SOONEST), FRAME)) / 1000, self._tick)

    def _send_frame(self) -> None:
        segment = self._segments[0]
        if self._offset == 0:
            segment.begun()
        frame = segment.audio[self._offset : self._offset + FRAME]
        self._offset += len(frame)
        self._sent += len(frame)
        if self._offset >= len(segment.audio):
            self._segments.popleft()
            self._offset = 0
        self._send(frame)
        if self._started_at is None and self._audible is not None and self._sent > self._audible:
            self._started_at = self._clock.now()
            self._tell(PlayoutStarted(self._turn, self._started_at))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
