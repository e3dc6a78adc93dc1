"""Who gets which slot: no model needed."""

from threading import Event, Thread

from antiphon.contracts import NEVER
from antiphon.engines.local_slots import Slots

RAISED = Event()
RAISED.set()


def visit(slots: Slots, key: str, tokens: list[int]) -> int:
    """Take a slot, read `tokens` there, give it back; its number."""
    slot = slots.take(key, tokens, NEVER)
    assert slot is not None
    slot.holds(tokens)
    slots.give_back(slot)
    return slot.number


def test_a_conversation_keeps_its_slot() -> None:
    slots = Slots(3)
    first = visit(slots, "a", [1, 2])
    assert visit(slots, "b", [1, 2]) != first
    assert visit(slots, "", [1, 2, 3]) != first
    assert visit(slots, "a", [9]) == first


def test_the_conversation_unheard_for_longest_loses_its_slot() -> None:
    slots = Slots(2)
    a, b = visit(slots, "a", [1]), visit(slots, "b", [2])
    visit(slots, "a", [1])
    assert visit(slots, "c", [3]) == b
    assert visit(slots, "a", [1]) == a


def test_a_new_conversation_begins_where_most_of_its_prompt_is() -> None:
    slots = Slots(3)
    held = slots.take("", [7, 7], NEVER)
    assert held is not None
    other = visit(slots, "", [1, 2, 3])
    slots.give_back(held)
    assert visit(slots, "new", [1, 2, 4]) == other


def test_two_calls_of_one_conversation_never_overlap() -> None:
    slots = Slots(2)
    held = slots.take("a", [], NEVER)
    assert held is not None
    got: list[int] = []
    waiting = Thread(target=lambda: got.append(visit(slots, "a", [])))
    waiting.start()
    assert not got
    slots.give_back(held)
    waiting.join()
    assert got == [held.number]


def test_a_cancelled_call_stops_waiting() -> None:
    slots = Slots(1)
    assert slots.take("a", [], NEVER) is not None
    assert slots.take("a", [], RAISED) is None
    assert slots.take("b", [], RAISED) is None


def test_scoring_stays_out_of_a_cache_it_would_spoil() -> None:
    slots = Slots(2)
    mine = visit(slots, "a", list(range(100)))
    beside = slots.take_beside("a", [1, 2, 3], may_lose=16)
    assert beside.number != mine
    slots.give_back(beside)
    within = slots.take_beside("a", [*range(90), 5, 5], may_lose=16)
    assert within.number == mine


def test_who_holds_more_of_a_beginning_lends_it_and_nobody_who_is_busy() -> None:
    slots = Slots(3)
    visit(slots, "a", [1, 2, 3, 4])
    visit(slots, "b", [1, 2])
    new = slots.take("c", [1, 2, 3, 9], NEVER)
    assert new is not None
    with slots.lender(new, [1, 2, 3, 9], at_least=3) as lender:
        assert lender is not None
        assert lender.key == "a"
        assert slots.take("a", [], RAISED) is None
        with slots.lender(new, [1, 2, 3, 9], at_least=3) as another:
            assert another is None
    assert slots.take("a", [], NEVER) is lender
    with slots.lender(new, [1, 2, 3, 9], at_least=2) as lender:
        assert lender is not None
        assert lender.key == "b"


def test_only_what_was_read_counts_as_read() -> None:
    slots = Slots(1)
    slot = slots.take("a", [], NEVER)
    assert slot is not None
    slot.holds([1, 2], then=[3, 4])
    slot.doubt([1, 2])
    assert slot.shared([1, 2]) == 2
    slot.doubt([1, 2, 3, 4])
    assert slot.shared([1, 2, 3, 4]) == 3
