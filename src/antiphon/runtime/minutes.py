"""The record of a session and what its client is told: whatever is neither sound nor work."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from antiphon.contracts import Audio, TurnReport, ms
from antiphon.dialogue import commands as do
from antiphon.runtime.conversation import Conversation, Item
from antiphon.runtime.events import (
    AudioCommitted,
    IdleTimedOut,
    ItemAdded,
    SessionEvent,
    SpeechStarted,
    SpeechStopped,
    TranscriptFailed,
    TranscriptPartial,
    TranscriptSettled,
    TurnMeasured,
)
from antiphon.runtime.jobs import Sound
from antiphon.runtime.lanes import nobody
from antiphon.runtime.playout import Segment
from antiphon.runtime.replies import ReplyView
from antiphon.runtime.settings import ReplyRequest

REPORTS_KEPT = 50
"""Some kilobytes each; a turn in the record and the journal stays for good."""


class Pen(Protocol):
    """Writes down what happened."""

    def note(self, kind: str, body: Mapping[str, Any]) -> object:
        """`kind` happened now."""
        ...


class Minutes:
    """Keeps the record of one session and tells its client of every change, in order.

    Attributes:
        record: the conversation's items.
        reports: the equations of the turns so far.
        requests: what a client asked of the reply to each turn.
        audio_sent: whether any sound of the agent's has left.
    """

    def __init__(self, new_id: Callable[[str], str], emit: Callable[[SessionEvent], None], pen: Pen) -> None:
        self._new_id, self._emit, self._pen = new_id, emit, pen
        self.record = Conversation()
        self.reports: deque[TurnReport] = deque(maxlen=REPORTS_KEPT)
        self.requests: dict[int, ReplyRequest] = {}
        self.audio_sent = False
        self._caller_items: dict[int, str] = {}
        self._committed_ms: dict[int, float] = {}
        self._replies: dict[int, ReplyView] = {}
        self._queued: dict[int, int] = {}
        """Samples of each reply queued for playout."""
        self._sounding: ReplyView | None = None

    def take(self, command: do.Command, *, speak: bool) -> None:
        """Carry out `command`; `speak` is how replies are given unless a request says otherwise."""
        match command:
            case do.AnnounceSpeech():
                self._emit(SpeechStarted(self._caller_item(command.turn), int(ms(command.at))))
            case do.AnnounceSilence():
                self._emit(SpeechStopped(self._caller_item(command.turn), int(ms(command.at))))
            case do.CommitCallerAudio():
                self._commit(command)
            case do.SettleCallerWords():
                self._settle(command)
            case do.StartReply():
                request = self.requests.get(command.turn, ReplyRequest())
                speak = speak if request.speak is None else request.speak
                self._replies[command.turn] = self.view(request, speak=speak, record=self.record)
            case do.EmitText():
                self._replies[command.turn].show(command.text)
            case do.EndReply():
                self._end_reply(command)
            case do.EndTurn():
                self._end_turn(command.report)
            case _:
                raise AssertionError(f"nobody carries out {command}")

    def view(self, request: ReplyRequest, *, speak: bool, record: Conversation | None) -> ReplyView:
        """Begin to show a reply; `record` is None for one out of band."""
        return ReplyView(new_id=self._new_id, emit=self._emit, record=record, speak=speak, request=request)

    def segment(self, turn: int, sound: Sound) -> Segment:
        """A chunk of a reply for playout, which tells its words when it begins."""
        view, at = self._replies[turn], self._queued.get(turn, 0)
        self._queued[turn] = at + len(sound.audio)

        def begun() -> None:
            self._sounding = view
            view.say(sound.words, at)

        return Segment(sound.audio, begun)

    def sound(self, audio: Audio) -> None:
        """A frame of the segment that began last leaves now."""
        if self._sounding is not None:
            self.audio_sent = True
            self._sounding.sound(audio)

    def heard_so_far(self, turn: int, text: str) -> None:
        """The caller is sure to have said this much of a turn that was announced."""
        if text and turn in self._caller_items:
            self._emit(TranscriptPartial(self._caller_item(turn), text))

    def idle(self, from_ms: int, to_ms: int) -> None:
        """Nobody has spoken in this part of the caller's audio."""
        self._emit(IdleTimedOut(self._new_id("item"), from_ms, to_ms))

    def close(self) -> None:
        """Tell nobody anything more; what is recorded stays."""
        self._replies.clear()
        self._sounding = None
        self._emit = nobody
        self._new_id = _nameless

    def turn_of(self, *, item_id: str | None = None, reply_id: str | None = None) -> int | None:
        """The turn whose reply has this message, or this id; None when it is not under way."""
        for turn, view in self._replies.items():
            if (item_id or view.item_id) == view.item_id and (reply_id or view.id) == view.id:
                return turn
        return None

    def _caller_item(self, turn: int) -> str:
        return self._caller_items.setdefault(turn, self._new_id("item"))

    def _commit(self, command: do.CommitCallerAudio) -> None:
        item = Item(id=self._caller_item(command.turn), kind="message", spoken=True, settled=False)
        previous = self.record.add(item)
        self._committed_ms[command.turn] = ms(command.end - command.start)
        self._emit(AudioCommitted(item.id, previous))
        self._emit(ItemAdded(item, previous))

    def _settle(self, command: do.SettleCallerWords) -> None:
        item_id = self._caller_item(command.turn)
        text = command.text or ""
        self.record.replace(Item(id=item_id, kind="message", spoken=True, text=text))
        self._pen.note("caller_turn_committed", {"turn": command.turn, "item": item_id, "text": text})
        if command.text is None:
            self._emit(TranscriptFailed(item_id, command.message))
        else:
            seconds = self._committed_ms.get(command.turn, 0.0) / 1000
            self._emit(TranscriptSettled(item_id, command.text, seconds))

    def _end_reply(self, command: do.EndReply) -> None:
        view = self._replies.pop(command.turn)
        self._queued.pop(command.turn, None)
        self._pen.note(
            "reply_ended",
            {
                "turn": command.turn,
                "item": view.item_id,
                "status": command.status,
                "reason": command.reason,
                "heard": command.heard,
                "heard_ms": command.heard_samples // 24,
                "caller_ms": round(self._committed_ms.get(command.turn, 0.0)),
                "tool_calls": [
                    {"id": call.call_id, "name": call.name, "arguments": call.arguments}
                    for call in command.tool_calls
                ],
            },
        )
        view.end(command, audio_input_ms=round(self._committed_ms.get(command.turn, 0.0)))

    def _end_turn(self, report: TurnReport) -> None:
        for kept in (self._caller_items, self._committed_ms, self.requests):
            kept.pop(report.turn, None)
        self.reports.append(report)
        self._pen.note("turn_ended", {"turn": report.turn, "outcome": report.outcome})
        self._emit(TurnMeasured(report))


def _nameless(_: str) -> str:
    return ""
