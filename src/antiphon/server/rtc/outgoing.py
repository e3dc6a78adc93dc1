"""The agent's voice as packets, one every 20 ms.

What is pushed waits in order and leaves at the pace of time, so that a listener never holds more of it than
its own buffer asks for, and what must not be heard can still be taken back. In between goes silence: a stream
without holes keeps a listener's buffer short.
"""

import asyncio
from collections import deque
from fractions import Fraction
from typing import Any, Protocol

import msgspec
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import Packet

from antiphon.contracts import CLOCK_HZ, Audio, ms
from antiphon.runtime.voiced import first_audible_sample
from antiphon.server.rtc.opus import FRAME, RTP_HZ, RTP_PER_SAMPLE, SILENCE, Writer

FRAME_S = FRAME / CLOCK_HZ
LATE_S = 0.1
"""Who is this late begins to count anew instead of making up for it in one burst."""
WAITING_MAX = 5 * 60 * 50
"""Packets that may wait: five minutes, which only replies out of band could ever reach."""
_TIME_BASE = Fraction(1, RTP_HZ)


class Listener(Protocol):
    """Whoever wants to know what leaves. None of these may block or raise."""

    def sound_begins(
        self, reply_id: str, item_id: str, from_ms: int, audible_ms: float | None, timestamp: int
    ) -> None:
        """The sound of an item, from `from_ms` on, leaves in the packet with this timestamp.

        `audible_ms` is where the first sample that can be heard lies; None if it is not made yet.
        """
        ...

    def sound_ends(self, reply_id: str) -> None:
        """Everything of a reply that was pushed has left."""
        ...


class _Waiting(msgspec.Struct, frozen=True):
    payload: bytes
    reply_id: str
    item_id: str
    from_ms: int
    audible_ms: float | None
    """Where in the item the first sample of this packet lies that can be heard; None if none can."""


class Outgoing:
    """What waits to be heard. Everything is for the event loop's thread."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._writer = Writer()
        self._waiting: deque[_Waiting] = deque()
        self._rest: Audio = np.zeros(0, np.float32)
        """What does not fill a packet."""
        self._place = ("", "")
        """The reply and the item of what was pushed last."""
        self._pushed = 0
        """Samples of that item so far."""
        self._timestamp = 0
        self._leaving: _Waiting | None = None
        """What left last, when that was sound."""

    @property
    def last_timestamp(self) -> int:
        """Of the packet that left last; negative before the first."""
        return self._timestamp - FRAME * RTP_PER_SAMPLE

    def push(self, audio: Audio, *, reply_id: str, item_id: str) -> None:
        """Let 24 kHz sound leave behind all that waits."""
        if (reply_id, item_id) != self._place:
            self._fill_up()
            self._place, self._pushed = (reply_id, item_id), 0
        held = np.concatenate((self._rest, audio)) if len(self._rest) else audio
        whole = len(held) // FRAME * FRAME
        for start in range(0, whole, FRAME):
            self._queue(held[start : start + FRAME])
        self._rest = held[whole:]

    def drop(self, reply_id: str) -> None:
        """Take back what has not left of a reply."""
        self._waiting = deque(waiting for waiting in self._waiting if waiting.reply_id != reply_id)
        if self._place[0] == reply_id:
            self._rest = self._rest[:0]
        if self._leaving is not None and self._leaving.reply_id == reply_id:
            self._leaving = None

    def holds(self, reply_id: str) -> bool:
        """Whether anything of a reply has still to leave."""
        waits = any(waiting.reply_id == reply_id for waiting in self._waiting)
        return waits or (self._place[0] == reply_id and len(self._rest) > 0)

    def leave(self) -> tuple[bytes, int]:
        """The packet that leaves now, and its timestamp."""
        payload, timestamp = self._next(), self._timestamp
        self._timestamp += FRAME * RTP_PER_SAMPLE
        return payload, timestamp

    def _next(self) -> bytes:
        if not self._waiting:
            self._fill_up()
        before = self._leaving
        self._leaving = self._waiting.popleft() if self._waiting else None
        after = self._leaving
        if before is not None and (after is None or after.reply_id != before.reply_id):
            self._listener.sound_ends(before.reply_id)
        if after is None:
            return SILENCE
        if before is None or before.item_id != after.item_id:
            self._listener.sound_begins(
                after.reply_id, after.item_id, after.from_ms, self._audible_ms(after), self._timestamp
            )
        return after.payload

    def _audible_ms(self, first: _Waiting) -> float | None:
        """Where the item of `first`, which leaves now, is first heard."""
        same = (waiting for waiting in (first, *self._waiting) if waiting.item_id == first.item_id)
        return next((waiting.audible_ms for waiting in same if waiting.audible_ms is not None), None)

    def _queue(self, frame: Audio) -> None:
        if len(self._waiting) < WAITING_MAX:
            payload, audible = self._writer.write(frame), first_audible_sample(frame, CLOCK_HZ)
            audible_ms = None if audible is None else ms(self._pushed + audible)
            self._waiting.append(_Waiting(payload, *self._place, int(ms(self._pushed)), audible_ms))
        self._pushed += FRAME

    def _fill_up(self) -> None:
        """Send the rest, although it does not fill a packet: nothing follows it for now."""
        if len(self._rest):
            frame = np.zeros(FRAME, np.float32)
            frame[: len(self._rest)] = self._rest
            missing = FRAME - len(self._rest)
            self._rest = self._rest[:0]
            self._queue(frame)
            self._pushed -= missing


class Track(MediaStreamTrack):
    """The same as aiortc wants it: a track that gives a packet when its time has come."""

    kind = "audio"

    def __init__(self, outgoing: Outgoing) -> None:
        super().__init__()
        self._outgoing, self._now = outgoing, asyncio.get_running_loop().time
        self._next_at = self._now()

    async def recv(self) -> Any:
        """The next packet, already encoded. MediaStreamError: the track was stopped."""
        now = self._now()
        if now - self._next_at > LATE_S:
            self._next_at = now
        if self._next_at > now:
            await asyncio.sleep(self._next_at - now)
        self._next_at += FRAME_S
        if self.readyState != "live":
            raise MediaStreamError
        payload, timestamp = self._outgoing.leave()
        packet: Any = Packet(payload)
        packet.pts, packet.time_base = timestamp, _TIME_BASE
        return packet
