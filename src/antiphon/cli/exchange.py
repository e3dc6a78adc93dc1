"""One call as its caller lived it: what was said and sent, what came back, when it was heard.

Pure: told every frame that was sent and every event that came, with the time of each. It answers with the
events a client owes the server, and remembers enough to measure each answer on the caller's own clock.
"""

import base64
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from antiphon.cli.loudspeaker import Loudspeaker
from antiphon.cli.recording import from_pcm16
from antiphon.contracts import CLOCK_HZ, Audio
from antiphon.runtime.voiced import first_audible_sample

ClientEvent = dict[str, Any]
WISHES = "wishes"
"""The id of the event that says how the call is to be: an error that names it refuses all of that."""


class Reply(msgspec.Struct, kw_only=True):
    """An answer, as far as it has come."""

    id: str
    begun_at: float
    words: str = ""
    audio: list[Audio] = []
    items: list[str] = []
    received_at: float | None = None
    """When its first audible sample came."""
    heard_at: float | None = None
    """When that sample left the loudspeaker."""
    ended_at: float | None = None
    status: str = "in_progress"
    problem: str = ""


class Heard(msgspec.Struct, kw_only=True):
    """A turn of ours, as the server understood it."""

    item_id: str
    start_sample: int
    """Where in the sound we sent it began."""
    words: str | None = None


class Exchange:
    """The state of a call on the caller's side."""

    def __init__(self) -> None:
        self.loudspeaker = Loudspeaker()
        self.session_id = ""
        self.session_at = 0.0
        self.replies: list[Reply] = []
        self.heard: list[Heard] = []
        self.errors: list[str] = []
        self.agreed = False
        """The server has said that the call is as it was wished."""
        self.refused = ""
        """Why the call cannot be as it was wished."""
        self.last_event_at = 0.0
        self.awaited_since: float | None = None
        """Since when a turn of ours has been waiting for a reply."""
        self._frames: list[Audio] = []
        self._sent_at: list[float] = []
        self._ends: list[int] = []

    @property
    def sent_samples(self) -> int:
        """How much sound has been sent."""
        return self._ends[-1] if self._ends else 0

    def sent(self, frame: Audio, now: float) -> None:
        """A frame of ours has just left."""
        self._frames.append(frame)
        self._sent_at.append(now)
        self._ends.append(self.sent_samples + len(frame))

    def sent_at(self, sample: int) -> float:
        """When the frame that holds `sample` of our sound left."""
        return self._sent_at[int(np.searchsorted(self._ends, sample, side="right"))]

    def sent_audio(self, start: int = 0, end: int | None = None) -> Audio:
        """Our sound from sample `start` to `end`."""
        if not self._frames:
            return np.zeros(0, np.float32)
        first = int(np.searchsorted(self._ends, start, side="right"))
        last = len(self._ends) if end is None else int(np.searchsorted(self._ends, end)) + 1
        before = self._ends[first - 1] if first else 0
        chosen = self._frames[first:last] or [np.zeros(0, np.float32)]
        return np.concatenate(chosen)[start - before : None if end is None else end - before]

    @property
    def origin(self) -> float:
        """When the first sample of ours was spoken: a frame leaves once its last sample is in."""
        return self._sent_at[0] - self._ends[0] / CLOCK_HZ if self._ends else 0.0

    def quiet(self, now: float) -> bool:
        """True when no reply is under way and the loudspeaker has nothing left to play."""
        return all(r.ended_at is not None for r in self.replies) and self.loudspeaker.busy_until <= now

    def reply_of(self, item_id: str) -> Reply | None:
        """The reply an item of the agent belongs to."""
        return next((reply for reply in reversed(self.replies) if item_id in reply.items), None)

    def interrupt(self, now: float) -> list[ClientEvent]:
        """We speak into the answer and end it ourselves; returns what must be sent for that."""
        under_way = any(reply.ended_at is None for reply in self.replies)
        cancel: list[ClientEvent] = [{"type": "response.cancel"}] if under_way else []
        return cancel + self._interrupted(now)

    def handle(self, event: Mapping[str, Any], now: float) -> list[ClientEvent]:
        """Take in a server event; returns what must be sent back."""
        self.last_event_at = now
        match event.get("type"):
            case "session.created":
                self.session_id, self.session_at = event["session"]["id"], now
            case "session.updated":
                self.agreed = True
            case "input_audio_buffer.speech_started":
                self.heard.append(Heard(item_id=event["item_id"], start_sample=event["audio_start_ms"] * 24))
                return self._interrupted(now)
            case "input_audio_buffer.committed":
                self._committed(event["item_id"], now)
            case "conversation.item.input_audio_transcription.completed":
                self._understood(event["item_id"], event["transcript"])
            case "error":
                self._complained(event["error"])
            case _:
                self._reply_event(event, now)
        return []

    def _complained(self, error: Mapping[str, Any]) -> None:
        self.errors.append(str(error.get("message")))
        if error.get("event_id") == WISHES:
            self.refused = self.errors[-1]

    def _reply_event(self, event: Mapping[str, Any], now: float) -> None:
        match event.get("type"):
            case "response.created":
                self.replies.append(Reply(id=event["response"]["id"], begun_at=now))
                self.awaited_since = None
            case "response.output_audio_transcript.delta" | "response.output_text.delta":
                if (reply := self._reply(event["response_id"])) is not None:
                    reply.words += event["delta"]
            case "response.output_audio.delta":
                audio = from_pcm16(base64.b64decode(event["delta"]))
                self._sounded(event["response_id"], event["item_id"], audio, now)
            case "response.done":
                self._ended(event["response"], now)
            case _:
                pass

    def _reply(self, reply_id: str) -> Reply | None:
        return next((reply for reply in reversed(self.replies) if reply.id == reply_id), None)

    def _interrupted(self, now: float) -> list[ClientEvent]:
        cut = self.loudspeaker.flush(now)
        if cut is None:
            return []
        item_id, heard_samples = cut
        truncate: ClientEvent = {
            "type": "conversation.item.truncate",
            "item_id": item_id,
            "content_index": 0,
            "audio_end_ms": heard_samples * 1000 // CLOCK_HZ,
        }
        return [truncate]

    def _committed(self, item_id: str, now: float) -> None:
        self.awaited_since = now
        if all(turn.item_id != item_id for turn in self.heard):
            self.heard.append(Heard(item_id=item_id, start_sample=self.sent_samples))

    def _understood(self, item_id: str, words: str) -> None:
        for turn in self.heard:
            if turn.item_id == item_id:
                turn.words = words

    def _sounded(self, reply_id: str, item_id: str, audio: Audio, now: float) -> None:
        begins_at = self.loudspeaker.push(item_id, audio, now)
        reply = self._reply(reply_id)
        if reply is None:
            return
        reply.audio.append(audio)
        if item_id not in reply.items:
            reply.items.append(item_id)
        first = first_audible_sample(audio, CLOCK_HZ)
        if reply.received_at is None and first is not None:
            reply.received_at = now
            reply.heard_at = begins_at + first / CLOCK_HZ

    def _ended(self, response: Mapping[str, Any], now: float) -> None:
        reply = self._reply(response["id"])
        if reply is None:
            return
        reply.ended_at, reply.status = now, response["status"]
        details: Mapping[str, Any] = response.get("status_details") or {}
        error: Mapping[str, Any] = details.get("error") or {}
        reply.problem = str(error.get("message") or details.get("reason") or "")
