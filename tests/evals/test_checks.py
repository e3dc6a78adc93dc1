"""What came of a conversation: slots, scenes, tools and words."""

from datetime import date

import msgspec
import pytest

from antiphon.evals.checks import TOOLS_OFFERED, outcome, resolved, same
from antiphon.evals.records import Event, Line
from antiphon.evals.scenario import Expect, Point

from .talks import agent, caller, scenario

TODAY = date(2026, 5, 6)  # a Wednesday


def held(
    *lines: Line, events: tuple[Event, ...] = (), expect: Expect, wanted: object = None
) -> dict[str, bool]:
    found = outcome(
        msgspec.structs.replace(scenario(), expect=expect),
        wanted={"rolls": 4, "day": "friday"} if wanted is None else {},
        lines=lines,
        events=events,
        today=TODAY,
        ended="agent",
    )
    assert found.success is (all(check.held for check in found.checks) if found.checks else None)
    return {check.name: check.held for check in found.checks}


def state(scene: str, **slots: object) -> Event:
    known = [{"name": name, "value": value} for name, value in slots.items()]
    return Event(at_ms=0, name="state", data={"scene": scene, "slots": known})


def test_the_last_state_counts() -> None:
    events = (state("shop", rolls=None, day=None), state("bye", rolls=4.0, day="2026-05-08"))
    assert held(events=events, expect=Expect(scene="bye")) == {
        "slot rolls": True,
        "slot day": True,
        "scene bye": True,
    }
    assert not any(held(events=events[:1], expect=Expect(scene="bye")).values())


def test_without_states_nothing_is_held_against_an_agent() -> None:
    assert held(expect=Expect(scene="bye")) == {}


def test_tools_are_asked_for_only_where_there_are_any() -> None:
    expect = Expect(tools=("sell",))
    done = Event(at_ms=1, name="tool", data={"name": "sell", "status": "done"})
    failed = Event(at_ms=1, name="tool", data={"name": "sell", "status": "failed"})
    offered = Event(at_ms=0, name=TOOLS_OFFERED)
    assert held(expect=expect) == {}
    assert held(events=(offered,), expect=expect) == {"tool sell": False}
    assert held(events=(done,), expect=expect) == {"tool sell": True}
    assert held(events=(failed,), expect=expect) == {"tool sell": False}


def test_words_count_only_when_they_were_heard() -> None:
    expect = Expect(says=("rye|barley",), never=("language model",))
    cut = agent("We have rye. As a language model, I", 0, 1, heard="We have rye.")
    assert held(cut, expect=expect) == {"said rye|barley": True, "never said language model": True}
    unheard = agent("We have rye. As a language model, I", 0, 1, heard="")
    assert held(unheard, expect=expect) == {"said rye|barley": False, "never said language model": True}
    assert held(agent("As a Language Model!", 0, 1), expect=expect) == {
        "said rye|barley": False,
        "never said language model": False,
    }


def test_an_answer_must_hold_what_was_told_before() -> None:
    point = Point(says=("How many was that?",), answered=("four",))
    asking = msgspec.structs.replace(scenario(), points=(point,))

    def answered(*lines: Line) -> dict[str, bool]:
        found = outcome(asking, wanted={}, lines=lines, events=(), today=TODAY, ended="caller")
        return {check.name: check.held for check in found.checks}

    told = (agent("You said 4 rolls.", 1, 2), caller("How many was that?", 3, 4, intent="brings_up"))
    bye = caller("Bye.", 9, 10, intent="leaves")
    name = "answered How many was that?"
    assert answered(*told, agent("Four.", 5, 6), bye) == {name: True}
    assert answered(*told, agent("I forgot.", 5, 6), bye, agent("Four!", 11, 12)) == {name: False}
    wonders = caller("Hello? How many was that?", 6, 7, intent="wonders")
    assert answered(*told, wonders, agent("4.", 8, 9), bye) == {name: True}
    assert answered(told[0], bye) == {}, "it was not asked"


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("today", "2026-05-06"),
        ("tomorrow", "2026-05-07"),
        ("wednesday", "2026-05-13"),
        ("sunday", "2026-05-10"),
        ("05-08", "2026-05-08"),
        ("03-01", "2027-03-01"),
        ("red", "red"),
        (4, 4),
    ],
)
def test_days_are_the_next_ones(value: str | int, day: str | int) -> None:
    assert resolved(value, TODAY) == day


def test_values_are_the_same_as_they_are_heard() -> None:
    assert same(4.0, 4)
    assert same("4", 4)
    assert same("helen brook", "Helen Brook")
    assert not same(None, 4)
    assert not same("Helen", "Helen Brook")
    assert not same("Carl Berg", "Karl Berg")
    assert same("Carl Berg", "Karl Berg", by_ear=True)
    assert not same("Paul Weber", "Karl Berg", by_ear=True)
