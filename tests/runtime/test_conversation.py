"""The record against a model of it: a plain list that is edited by the same moves."""

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from antiphon.contracts import BadRequest, TimedWord
from antiphon.runtime.conversation import WORDS_KEPT, Conversation, Item

NAMES = st.sampled_from([f"item_{number}" for number in range(8)])
WORDS = tuple(TimedWord(f"w{number}", number * 2_400, number * 2_400 + 1_800) for number in range(5))


def spoken(item_id: str) -> Item:
    """Five words of the agent's, a tenth of a second each."""
    return Item(
        id=item_id,
        kind="message",
        role="assistant",
        text="w0 w1 w2 w3 w4",
        spoken=True,
        words=WORDS,
        audio_samples=12_000,
    )


class Edits(RuleBasedStateMachine):
    """Every move either does the same to both, or fails and changes neither."""

    def __init__(self) -> None:
        super().__init__()
        self.record = Conversation()
        self.model: list[Item] = []

    def ids(self) -> list[str]:
        return [item.id for item in self.model]

    def refused(self, move: Callable[[], object]) -> None:
        before = self.record.items
        with pytest.raises(BadRequest):
            move()
        assert self.record.items == before

    @rule(name=NAMES, after=st.none() | st.just("root") | NAMES, speech=st.booleans())
    def add(self, name: str, after: str | None, speech: bool) -> None:
        item = spoken(name) if speech else Item(id=name, kind="message", text="typed")
        if name in self.ids() or after not in (None, "root", *self.ids()):
            self.refused(lambda: self.record.add(item, after=after))
            return
        place = {None: len(self.model), "root": 0}.get(after)
        if place is None:
            place = self.ids().index(after or "") + 1
        self.model.insert(place, item)
        assert self.record.add(item, after=after) == (self.ids()[place - 1] if place else None)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        if name not in self.ids():
            self.refused(lambda: self.record.delete(name))
            return
        del self.model[self.ids().index(name)]
        self.record.delete(name)

    @rule(name=NAMES)
    def replace(self, name: str) -> None:
        settled = Item(id=name, kind="message", text="settled")
        self.model = [settled if item.id == name else item for item in self.model]
        self.record.replace(settled)

    @rule(name=NAMES, end_ms=st.integers(-10, 600))
    def truncate(self, name: str, end_ms: int) -> None:
        found = next((item for item in self.model if item.id == name), None)
        if found is None or not found.spoken or end_ms < 0:
            self.refused(lambda: self.record.truncate(name, end_ms))
            return
        if end_ms > found.audio_samples // 24 + 1 and not found.interrupted:
            self.refused(lambda: self.record.truncate(name, end_ms))
            return
        cut = self.record.truncate(name, end_ms)
        assert cut.interrupted
        assert len(cut.words) <= len(found.words)
        assert cut.text == " ".join(word.text for word in cut.words)
        assert all(word.start_sample < end_ms * 24 for word in cut.words)
        assert cut.audio_samples == min(found.audio_samples, end_ms * 24)
        self.model[self.ids().index(name)] = cut

    @invariant()
    def they_agree(self) -> None:
        assert list(self.record.items) == self.model
        for place, item in enumerate(self.model):
            assert self.record.get(item.id) == item
            assert self.record.previous(item.id) == (self.model[place - 1].id if place else None)


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=40, stateful_step_count=25)


@pytest.mark.parametrize(
    ("end_ms", "text"), [(0, ""), (37, ""), (38, "w0"), (300, "w0 w1 w2"), (500, "w0 w1 w2 w3 w4")]
)
def test_a_word_half_heard_is_kept(end_ms: int, text: str) -> None:
    record = Conversation()
    record.add(spoken("a"))
    assert record.truncate("a", end_ms).text == text


def test_errors_name_what_is_at_fault() -> None:
    record = Conversation()
    record.add(Item(id="a", kind="message", text="typed"))
    for move, code, param in (
        (lambda: record.get("b"), "item_retrieve_invalid_item_id", "item_id"),
        (lambda: record.delete("b"), "item_delete_invalid_item_id", "item_id"),
        (lambda: record.truncate("a", 5), "item_truncate_invalid_item_id", "item_id"),
        (
            lambda: record.add(Item(id="c", kind="message"), after="b"),
            "item_create_invalid_previous_item_id",
            "previous_item_id",
        ),
    ):
        with pytest.raises(BadRequest) as refused:
            move()
        assert (refused.value.code, refused.value.param) == (code, param)


def test_where_words_lay_long_ago_is_estimated() -> None:
    record = Conversation()
    for number in range(WORDS_KEPT + 1):
        name = f"item_{number}"
        record.add(spoken(name))
        record.replace(spoken(name))
    assert record.get("item_0").words == ()
    assert record.get("item_0").text == spoken("item_0").text
    assert all(record.get(f"item_{number}").words for number in range(1, WORDS_KEPT + 1))
    assert record.truncate("item_0", 300).text == "w0 w1 w2"


def test_the_oldest_items_make_room() -> None:
    conversation = Conversation()
    for number in range(5):
        conversation.add(Item(id=str(number), kind="message", text="x"))
    conversation.keep(5)
    assert len(conversation.items) == 5
    conversation.keep(2)
    assert [item.id for item in conversation.items] == ["3", "4"]
