"""A conversation that goes on: what its journal has of it, and what of that a session needs. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from antiphon.contracts import JournalEntry, Ticks
from antiphon.runtime.cast_resuming import Late
from antiphon.runtime.conversation import Item
from antiphon.runtime.minutes import Pen

OPENED = frozenset({"session_opened", "session_resumed"})


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """What was before."""

    entries: tuple[JournalEntry, ...] = ()
    items: tuple[Item, ...] = ()
    """The record, as far as it is over."""
    sequence: int = 0
    """Of the last entry."""
    at: Ticks = 0
    """When that was."""
    turns: int = 0
    """The number of the last turn."""
    openings: int = 0
    """How often the conversation was opened before."""
    lost: dict[str, Any] | None = None
    """What is known to have been heard of an answer whose end is not written down."""
    late: Late | None = None
    """With a cast, the last turn, of which not all may be written down that follows from it."""

    def finish(self, pen: Pen) -> None:
        """Write down the end of an answer that was cut off together with the process."""
        if self.lost is not None:
            pen.note("reply_ended", {**self.lost, "status": "cancelled", "reason": "", "lost": True})


NOTHING_EARLIER = Earlier()


def earlier(entries: Sequence[JournalEntry], late: Late | None = None) -> Earlier:
    """What a session needs of the `entries` of a conversation that is to go on."""
    if not entries:
        return NOTHING_EARLIER
    turns = [int(e.body["turn"]) for e in entries if isinstance(e.body.get("turn"), int)]
    lost = _lost(entries)
    items = tuple(_items(entries))
    if lost is not None:
        items = (*items, _spoken(lost, interrupted=True))
    return Earlier(
        entries=tuple(entries),
        items=tuple({item.id: item for item in items if item.id}.values()),
        sequence=entries[-1].sequence,
        at=entries[-1].at,
        turns=max(turns, default=0),
        openings=sum(entry.kind in OPENED for entry in entries),
        lost=lost,
        late=late,
    )


def _items(entries: Sequence[JournalEntry]) -> Iterator[Item]:
    gone = {entry.body.get("id") for entry in entries if entry.kind == "item_deleted"}
    cut = {
        entry.body.get("id"): entry.body.get("text") for entry in entries if entry.kind == "item_truncated"
    }
    for entry in entries:
        item: Item | None = None
        match entry.kind:
            case "caller_turn_committed" if not entry.body.get("typed"):
                text = entry.body.get("spoken", entry.body["text"])
                item = Item(id=entry.body["item"], kind="message", spoken=True, text=text)
            case "reply_ended" if entry.body.get("item"):
                item = _spoken(entry.body, interrupted=entry.body.get("status") == "cancelled")
            case "item_created":
                body = {name: value for name, value in entry.body.items() if name != "after"}
                item = msgspec.convert(body, Item)
            case _:
                pass
        if item is not None and item.id not in gone:
            text = cut.get(item.id)
            yield item if text is None else msgspec.structs.replace(item, text=text, interrupted=True)


def _spoken(body: Any, *, interrupted: bool) -> Item:
    return Item(
        id=body.get("item") or f"item_lost_{body['turn']}",
        kind="message",
        role="assistant",
        text=body["heard"],
        spoken=True,
        interrupted=interrupted,
    )


def _lost(entries: Sequence[JournalEntry]) -> dict[str, Any] | None:
    """The last that is known of an answer that sounded when the process ended."""
    for entry in reversed(entries):
        if entry.kind == "reply_ended":
            return None
        if entry.kind == "reply_progressed":
            return dict(entry.body)
    return None
