"""What the caller of a cast wrote instead of speaking, until a turn takes it.

It is a turn of its own when an answer is asked for. A caller who speaks before that goes on with what they
wrote: both are one turn, as one user's message in a prompt, and neither is answered without the other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from antiphon.contracts import JournalEntry
from antiphon.dialogue import commands as do
from antiphon.runtime.conversation import Item
from antiphon.samp.fold import CALLER_TURN_COMMITTED

_ENDS = (".", "!", "?", "…", ",", ";", ":")


class Typed:
    """The items that no turn has taken, oldest first."""

    def __init__(self, entries: Sequence[JournalEntry] = ()) -> None:
        """`entries`: what the journal has of a conversation that goes on."""
        self._items = dict(uncommitted(entries))

    def __bool__(self) -> bool:
        return bool(self._items)

    def add(self, item: Item) -> bool:
        """The client made an item; returns whether that changes what the caller wants.

        An answer among them is one to all before: a conversation that was held elsewhere.
        """
        before = dict(self._items)
        _take(self._items, item.id, item.kind, item.role, item.text)
        return self._items != before

    def remove(self, item_id: str) -> bool:
        """The item was deleted; returns whether it was still to be answered, which it no longer is."""
        return self._items.pop(item_id, None) is not None

    def before(self, spoken: str) -> str:
        """What the caller has said when they have `spoken` this as well: what was written is a sentence."""
        *first, last = [text for text in (*self._items.values(), spoken) if text] or [""]
        return " ".join([*(text if text.endswith(_ENDS) else f"{text}." for text in first), last])

    def in_front(self, command: do.Generate) -> do.Generate:
        """`command` for all that the caller has said, if it is about words that they speak."""
        if not self or command.text is None:
            return command
        weigh = command.weigh and self.before(command.weigh)
        return replace(command, text=self.before(command.text), weigh=weigh)

    def alone(self, turn: int) -> dict[str, Any]:
        """What the journal holds of a turn that was written only; it takes the items."""
        body = {"turn": turn, "item": list(self._items)[-1], "text": self.before(""), "typed": True}
        self._items.clear()
        return body

    def with_spoken(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the journal holds of a spoken turn, of which `body` tells; it takes the items.

        A turn that was written takes none, nor does one in which nothing was made out.
        """
        if not self or body.get("typed") or not body["text"].strip():
            return body
        whole = {**body, "text": self.before(body["text"]), "spoken": body["text"]}
        self._items.clear()
        return whole


def uncommitted(entries: Sequence[JournalEntry]) -> list[tuple[str, str]]:
    """What the caller wrote and nobody was asked to answer: ids of items, and their texts."""
    items: dict[str, str] = {}
    for entry in entries:
        body = entry.body
        if entry.kind == "item_created":
            _take(items, body["id"], body.get("kind"), body.get("role", "user"), body.get("text", ""))
        elif entry.kind == "item_deleted":
            items.pop(body["id"], None)
        elif entry.kind == CALLER_TURN_COMMITTED and (body.get("typed") or "spoken" in body):
            items.clear()
    return list(items.items())


def _take(items: dict[str, str], item_id: str, kind: str | None, role: str | None, text: str) -> None:
    if kind == "message" and role == "assistant":
        items.clear()
    elif kind == "message" and role == "user" and text.strip():
        items[item_id] = text
