"""A reply as its client sees it: items that begin, grow and end, and the events that say so."""

from collections.abc import Callable

from antiphon.contracts import Audio, TimedWord, ToolCall
from antiphon.dialogue.commands import EndReply
from antiphon.runtime.conversation import Conversation, Item
from antiphon.runtime.events import (
    ReplyAudio,
    ReplyEnded,
    ReplyItemEnded,
    ReplyItemStarted,
    ReplyStarted,
    ReplyText,
    SessionEvent,
)
from antiphon.runtime.settings import ReplyRequest


class ReplyView:
    """One reply on its way to the client. `record` is None for a reply out of band."""

    def __init__(
        self,
        *,
        new_id: Callable[[str], str],
        emit: Callable[[SessionEvent], None],
        record: Conversation | None,
        speak: bool,
        request: ReplyRequest,
    ) -> None:
        self.id = new_id("resp")
        self.item_id = ""
        """Of the message, once it has begun."""
        self._new_id, self._emit, self._record = new_id, emit, record
        self._speak, self._request = speak, request
        self._items: list[Item] = []
        self._words: list[TimedWord] = []
        self._sent_samples = 0
        self._emit(
            ReplyStarted(
                reply_id=self.id,
                in_conversation=record is not None,
                speak=speak,
                metadata=request.metadata,
                max_output_tokens=request.max_output_tokens,
            )
        )

    def say(self, words: tuple[TimedWord, ...], at: int) -> None:
        """The transcript of a chunk of sound that begins `at` samples into the message."""
        self._begin_message()
        for word in words:
            placed = TimedWord(word.text, at + word.start_sample, at + word.end_sample)
            self._text(placed)
            self._words.append(placed)

    def show(self, text: str) -> None:
        """More of a message that is text only."""
        self._begin_message()
        self._emit(
            ReplyText(reply_id=self.id, item_id=self.item_id, output_index=0, text=text, start_ms=None)
        )

    def sound(self, audio: Audio) -> None:
        """A frame of the message's sound."""
        self._sent_samples += len(audio)
        self._emit(ReplyAudio(reply_id=self.id, item_id=self.item_id, output_index=0, audio=audio))

    def end(self, end: EndReply, *, audio_input_ms: int = 0) -> None:
        """The reply is over.

        Its message says what was heard, and remembers all that was sent: a listener that knows better than
        our reckoning may still truncate it to a little more.
        """
        if self.item_id:
            message = Item(
                id=self.item_id,
                kind="message",
                role="assistant",
                text=end.heard,
                spoken=self._speak,
                interrupted=end.status == "cancelled",
                words=tuple(word for word in self._words if word.start_sample < self._sent_samples),
                audio_samples=self._sent_samples,
            )
            self._end_item(message)
        for call in end.tool_calls:
            self._call(call)
        self._emit(
            ReplyEnded(
                reply_id=self.id,
                status=end.status,
                reason=end.reason,
                message=end.message,
                items=tuple(self._items),
                usage=end.usage,
                audio_input_ms=audio_input_ms,
                audio_output_ms=end.heard_samples // 24,
                in_conversation=self._record is not None,
                speak=self._speak,
                metadata=self._request.metadata,
            )
        )

    def _begin_message(self) -> None:
        if not self.item_id:
            self.item_id = self._new_id("item")
            self._begin_item(
                Item(id=self.item_id, kind="message", role="assistant", spoken=self._speak, settled=False)
            )

    def _text(self, word: TimedWord) -> None:
        self._emit(
            ReplyText(
                reply_id=self.id,
                item_id=self.item_id,
                output_index=0,
                text=f" {word.text}" if self._words else word.text,
                start_ms=word.start_sample // 24,
                end_ms=word.end_sample // 24,
            )
        )

    def _call(self, call: ToolCall) -> None:
        item = Item(
            id=self._new_id("item"),
            kind="function_call",
            role="assistant",
            call_id=call.call_id,
            name=call.name,
        )
        self._begin_item(item)
        self._end_item(
            Item(
                id=item.id,
                kind="function_call",
                role="assistant",
                call_id=call.call_id,
                name=call.name,
                arguments=call.arguments,
            )
        )

    def _begin_item(self, item: Item) -> None:
        previous = self._record.add(item) if self._record is not None else None
        self._emit(
            ReplyItemStarted(
                reply_id=self.id,
                output_index=len(self._items),
                item=item,
                previous_item_id=previous,
                in_conversation=self._record is not None,
            )
        )

    def _end_item(self, item: Item) -> None:
        if self._record is not None:
            self._record.replace(item)
        self._emit(ReplyItemEnded(reply_id=self.id, output_index=len(self._items), item=item))
        self._items.append(item)
