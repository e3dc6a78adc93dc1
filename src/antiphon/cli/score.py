"""What a caller is to say, and when: recordings one after another, or into the answer before."""

from math import isfinite
from pathlib import Path

import msgspec

from antiphon.cli.exchange import Exchange, Reply
from antiphon.cli.recording import read_recording
from antiphon.contracts import CLOCK_HZ, Audio, ConfigInvalid
from antiphon.runtime.voiced import voiced_span

LEAD_IN_S = 0.5
"""Room before the first words, in which a listener gets used to its noise. An agent that speaks first begins
its reply with the first sound it is sent, and so within that time."""
PAUSE_S = 0.5
"""Between the end of an answer and our next words."""
_MARGIN_S = 0.3
_PATIENCE_S = 30.0
_OVERLAP_PATIENCE_S = 3.0
"""Words spoken into an answer may be no turn at all, and then nothing answers them."""


class Line(msgspec.Struct, frozen=True):
    """One recording of the score."""

    name: str
    audio: Audio
    after_heard_s: float | None = None
    """Spoken this long after the answer before began to be heard; None: after it has ended."""


class Spoken(msgspec.Struct, kw_only=True):
    """A line that is being or has been spoken."""

    line: Line
    start: int
    """Its first sample, in all the sound we sent."""
    end: int
    handed_over: bool = False
    """We said that it was a turn."""
    settled: bool = False
    last_voiced: int | None = None
    """The last sample of ours that was a voice; known a moment after the line has ended."""


def read_line(text: str) -> Line:
    """The line written as `FILE` or `FILE@SECONDS`; a file whose whole name is `text` comes first.

    Raises:
        ConfigInvalid: what stands behind the `@` is no such number.
        UnreadableRecording: as `read_recording`.
        PrerequisiteMissing: as `read_recording`.
    """
    path, at, seconds = text.rpartition("@")
    if not at or Path(text).exists():
        return Line(text, read_recording(Path(text)))
    after = _moment(seconds)
    if after is None and Path(path).is_file():
        raise ConfigInvalid(
            (f"{text}: behind the @ stand the seconds into the answer before, such as {path}@1.5",)
        )
    name = text if after is None else path
    return Line(name, read_recording(Path(name)), after)


def _moment(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if isfinite(seconds) and seconds >= 0 else None


class Director:
    """Says when each line begins and when the call is over. Pure: asked after every frame, told the time."""

    def __init__(
        self, lines: tuple[Line, ...], exchange: Exchange, *, patience_s: float = _PATIENCE_S
    ) -> None:
        self._waiting = list(lines)
        self._exchange = exchange
        self._patience_s = patience_s
        self._quiet_since: float | None = None
        self.spoken: list[Spoken] = []
        self.openings: tuple[Reply, ...] = ()
        """What the agent had begun to say before our first words."""

    @property
    def finished(self) -> bool:
        """True once every line has been spoken and answered, or given up."""
        return not self._waiting and all(spoken.settled for spoken in self.spoken)

    def tick(self, now: float) -> Line | None:
        """The line to begin with the next frame, if its time has come."""
        for spoken in self.spoken:
            self._look_at(spoken, now)
        if not self._waiting or not self._due(self._waiting[0], now):
            return None
        if not self.spoken:
            self.openings = tuple(self._exchange.replies)
        line = self._waiting.pop(0)
        start = self._exchange.sent_samples
        self.spoken.append(Spoken(line=line, start=start, end=start + len(line.audio)))
        return line

    def answers(self, spoken: Spoken) -> tuple[Reply, ...]:
        """The replies that began to sound after its last voice, and before that of the line after it."""
        if spoken.last_voiced is None:
            return ()
        since = self._exchange.sent_at(spoken.last_voiced)
        later = [s.last_voiced for s in self.spoken if s.start > spoken.start and s.last_voiced is not None]
        until = self._exchange.sent_at(later[0]) if later else float("inf")
        return tuple(
            reply
            for reply in self._exchange.replies
            if reply.received_at is not None and since <= reply.received_at < until
        )

    def _due(self, line: Line, now: float) -> bool:
        before = self.answers(self.spoken[-1]) if self.spoken else self._exchange.replies
        if self._exchange.sent_samples < LEAD_IN_S * CLOCK_HZ:
            return False
        if line.after_heard_s is not None:
            heard_at = next((r.heard_at for r in before if r.heard_at is not None), None)
            if heard_at is not None:
                return now >= heard_at + line.after_heard_s
        if not self.spoken and not before:
            return True
        if not (self.spoken[-1].settled if self.spoken else self._exchange.quiet(now)):
            self._quiet_since = None
            return False
        self._quiet_since = now if self._quiet_since is None else self._quiet_since
        if now - self._quiet_since < PAUSE_S:
            return False
        self._quiet_since = None
        return True

    def _look_at(self, spoken: Spoken, now: float) -> None:
        exchange = self._exchange
        if spoken.settled or exchange.sent_samples < spoken.end + _MARGIN_S * CLOCK_HZ:
            return
        if spoken.last_voiced is None:
            spoken.last_voiced = self._last_voiced(spoken)
        if not exchange.quiet(now):
            return
        over = max(exchange.sent_at(spoken.end), exchange.loudspeaker.busy_until)
        if self._replied(spoken):
            spoken.settled = True
        elif spoken.line.after_heard_s is not None and exchange.awaited_since is None:
            spoken.settled = now - max(over, exchange.last_event_at) >= _OVERLAP_PATIENCE_S
        else:
            spoken.settled = now - over >= self._patience_s

    def _replied(self, spoken: Spoken) -> bool:
        """Something answered it: sound, or a reply without sound that came after it."""
        after = self._exchange.sent_at(spoken.end)
        silent = any(r.begun_at >= after and r.received_at is None for r in self._exchange.replies)
        return self._exchange.awaited_since is None and (silent or bool(self.answers(spoken)))

    def _last_voiced(self, spoken: Spoken) -> int:
        """Found in the very sound that was sent, with the room around it."""
        margin = round(_MARGIN_S * CLOCK_HZ)
        start = max(0, spoken.start - margin)
        span = voiced_span(self._exchange.sent_audio(start, spoken.end + margin), CLOCK_HZ)
        return spoken.end - 1 if span is None else start + span[1] - 1
