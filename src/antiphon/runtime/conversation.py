"""The record of a conversation as its client sees it: items in an order, with ids, edited by rule.

Pure. An assistant item remembers where each of its words lies in its audio, so that cutting it at a time
leaves exactly the words that were heard.
"""

from collections import deque
from typing import Literal

import msgspec

from antiphon.contracts import BadRequest, TimedWord
from antiphon.dialogue import heard_words, text_of

WORDS_KEPT = 8
"""Of so many spoken answers, the last, it is known where each word lies: of an hour it would be megabytes."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the record."""

    id: str
    kind: Literal["message", "function_call", "function_call_output"]
    role: Literal["system", "user", "assistant"] = "user"
    """Only meaningful for messages."""
    text: str = ""
    """A message's words, or a function's output."""
    spoken: bool = False
    """True when the words were audio: a caller's speech or the agent's voice."""
    settled: bool = True
    """False while a caller's speech is not yet transcribed, or a reply is still being spoken."""
    interrupted: bool = False
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    words: tuple[TimedWord, ...] = ()
    """Of an assistant's speech, positions at 24 kHz from the item's first sample."""
    audio_samples: int = 0
    """Length of that speech at 24 kHz."""


class Conversation:
    """Items in order. Every edit either succeeds whole or raises BadRequest and changes nothing."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._worded: deque[str] = deque()
        """The ids of the items whose words have their places, oldest first."""

    @property
    def items(self) -> tuple[Item, ...]:
        """All items, oldest first."""
        return tuple(self._items)

    def add(self, item: Item, *, after: str | None = None) -> str | None:
        """Insert `item` after the item `after` ("root": at the head; None: at the end).

        Returns:
            The id of the item now before it, or None at the head.

        Raises:
            BadRequest: `after` is unknown, or the id is taken.
        """
        if any(known.id == item.id for known in self._items):
            raise BadRequest(f"An item with id {item.id!r} already exists.", code="item_create_duplicate_id")
        if after is None:
            place = len(self._items)
        elif after == "root":
            place = 0
        else:
            place = self._place(after, "item_create_invalid_previous_item_id", "previous_item_id") + 1
        self._items.insert(place, item)
        return self._items[place - 1].id if place else None

    def get(self, item_id: str) -> Item:
        """The item; BadRequest when there is none."""
        return self._items[self._place(item_id, "item_retrieve_invalid_item_id", "item_id")]

    def previous(self, item_id: str) -> str | None:
        """The id of the item before it; None when it stands at the head."""
        place = self._place(item_id, "item_retrieve_invalid_item_id", "item_id")
        return self._items[place - 1].id if place else None

    def replace(self, item: Item) -> None:
        """Put a new version of an item in its place; does nothing when the client has deleted it."""
        for place, known in enumerate(self._items):
            if known.id == item.id:
                self._items[place] = item
                if item.words:
                    self._remember_words_of(item.id)

    def delete(self, item_id: str) -> None:
        """Remove it; BadRequest when there is none."""
        del self._items[self._place(item_id, "item_delete_invalid_item_id", "item_id")]

    def keep(self, most: int) -> None:
        """Let go of the oldest items where there are more than `most`; the journal has them."""
        del self._items[: max(0, len(self._items) - most)]

    def truncate(self, item_id: str, audio_end_ms: int) -> Item:
        """Keep of an assistant's speech only the words heard until `audio_end_ms`.

        Raises:
            BadRequest: no such item, not the agent's speech, or longer than the speech was.
        """
        place = self._place(item_id, "item_truncate_invalid_item_id", "item_id")
        item = self._items[place]
        if item.kind != "message" or item.role != "assistant" or not item.spoken:
            raise BadRequest(
                "Only the assistant's spoken messages can be truncated.",
                code="item_truncate_invalid_item_id",
                param="item_id",
            )
        heard_samples = audio_end_ms * 24
        # A listener cut off may have heard a little more than was reckoned: that is no mistake of its own.
        too_long = heard_samples > item.audio_samples + 24 and not item.interrupted
        if audio_end_ms < 0 or too_long:
            raise BadRequest(
                f"Audio content of {item.audio_samples // 24}ms is already shorter than {audio_end_ms}ms.",
                code="invalid_value",
                param="audio_end_ms",
            )
        words = heard_words(item.words or _evenly(item.text, item.audio_samples), heard_samples)
        cut = msgspec.structs.replace(
            item,
            text=text_of(words),
            words=words,
            audio_samples=min(item.audio_samples, heard_samples),
            interrupted=True,
        )
        self._items[place] = cut
        return cut

    def _remember_words_of(self, item_id: str) -> None:
        self._worded.append(item_id)
        if len(self._worded) <= WORDS_KEPT:
            return
        oldest = self._worded.popleft()
        for place, known in enumerate(self._items):
            if known.id == oldest:
                self._items[place] = msgspec.structs.replace(known, words=())

    def _place(self, item_id: str, code: str, param: str) -> int:
        for place, item in enumerate(self._items):
            if item.id == item_id:
                return place
        raise BadRequest(f"Item with id {item_id!r} not found.", code=code, param=param)


def _evenly(text: str, samples: int) -> tuple[TimedWord, ...]:
    """The words of a speech, each as long as the others: where they lay is no longer known."""
    words = text.split()
    return tuple(
        TimedWord(word, number * samples // len(words), (number + 1) * samples // len(words))
        for number, word in enumerate(words)
    )
