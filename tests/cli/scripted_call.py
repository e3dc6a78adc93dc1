"""A caller and an agent on a clock of their own: 20 ms a tick, no sockets, no waiting."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np

from antiphon.cli.exchange import Exchange
from antiphon.cli.recording import room_tone, to_pcm16
from antiphon.cli.score import Director, Line
from antiphon.contracts import CLOCK_HZ, Audio

FRAME = CLOCK_HZ // 50
Event = dict[str, Any]
Agent = Callable[[float], list[Event]]
"""Asked at every tick, told the time; answers with the events it sends then."""


def voice(seconds: float, *, quiet_s: float = 0.0) -> Audio:
    """A voice that fades neither in nor out, with some of its room behind it."""
    t = np.arange(round(seconds * CLOCK_HZ)) / CLOCK_HZ
    sound = 0.3 * np.sin(2 * np.pi * 170 * t)
    return np.concatenate([sound, np.zeros(round(quiet_s * CLOCK_HZ))]).astype(np.float32)


def answer(reply: str, audio: Audio, words: str = "Yes.") -> list[Event]:
    """All the events of an answer, its sound in one piece."""
    return [
        {"type": "response.created", "response": {"id": reply}},
        {"type": "response.output_audio_transcript.delta", "response_id": reply, "delta": words},
        sound(reply, audio),
        {"type": "response.done", "response": {"id": reply, "status": "completed"}},
    ]


def ended(reply: str, status: str, details: Event) -> Event:
    """The end of an answer that is not whole."""
    return {
        "type": "response.done",
        "response": {"id": reply, "status": status, "status_details": details},
    }


def sound(reply: str, audio: Audio) -> Event:
    """Sound of the only item of a reply."""
    data = base64.b64encode(to_pcm16(audio)).decode()
    return {
        "type": "response.output_audio.delta",
        "response_id": reply,
        "item_id": f"item_of_{reply}",
        "delta": data,
    }


class Call:
    """Runs a score against an agent and keeps what the caller would have sent back."""

    def __init__(self, *lines: Line, patience_s: float = 5.0) -> None:
        self.exchange = Exchange()
        self.director = Director(lines, self.exchange, patience_s=patience_s)
        self.owed: list[Event] = []
        self.now = 0.0
        self._words = np.zeros(0, np.float32)
        self.exchange.handle({"type": "session.created", "session": {"id": "sess_1"}}, 0.0)

    def run(self, agent: Agent, *, longest_s: float = 60.0) -> None:
        """Until the call is over."""
        while not self.director.finished:
            assert self.now < longest_s, "the call never ends"
            self.now += 0.02
            for event in agent(self.now):
                self.owed += self.exchange.handle(event, self.now)
            self.exchange.sent(self._frame(), self.now)
            line = self.director.tick(self.now)
            if line is not None:
                self._words = line.audio

    def _frame(self) -> Audio:
        frame, self._words = self._words[:FRAME], self._words[FRAME:]
        return np.concatenate([frame, room_tone(voice(0.1), FRAME - len(frame))]).astype(np.float32)
