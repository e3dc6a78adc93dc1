"""What came of a conversation, by facts that need no judge: slots, scene, tools, words said or never said."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from antiphon.evals.asking import ALIKE, likeness, within
from antiphon.evals.records import Check, ConversationOutcome, Ending, Event, Line
from antiphon.evals.scenario import Scenario
from antiphon.evals.turns import caller_turns, words_heard
from antiphon.evals.wording import normalize

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

TOOLS_OFFERED = "tools_offered"
"""The event of a conversation in which tools could have been run, whether any was or not."""

Value = str | int | float


def outcome(
    scenario: Scenario,
    *,
    wanted: Mapping[str, Value],
    lines: Sequence[Line],
    events: Sequence[Event],
    today: date,
    ended: Ending,
    problem: str = "",
    by_ear: bool = False,
) -> ConversationOutcome:
    """Compare what should be with what is.

    Args:
        scenario: who called.
        wanted: slots and what they should hold by what the caller has said.
        lines: what was said.
        events: what the agent's side told; its last "state" is where the conversation stands.
        today: what the days among the values count from.
        ended: who ended it.
        problem: why it failed, if it did.
        by_ear: the agent heard the caller, and may spell a name as it likes.
    """
    found = (
        *_slots({**wanted, **scenario.expect.slots}, events, today, by_ear),
        *_scene(scenario, events),
        *_tools(scenario, events),
        *_words(scenario, lines),
        *_answered(scenario, lines),
    )
    ok = ended in ("agent", "caller")
    success = (ok and all(check.held for check in found)) if found or not ok else None
    return ConversationOutcome(success=success, checks=found, ended=ended, problem=problem)


def resolved(value: Value, today: date) -> Value:
    """A day written as a word, as ISO 8601; every other value as it is."""
    if not isinstance(value, str):
        return value
    if value in ("today", "tomorrow"):
        return (today + timedelta(days=value == "tomorrow")).isoformat()
    if value in _WEEKDAYS:
        ahead = (_WEEKDAYS.index(value) - today.weekday()) % 7
        return (today + timedelta(days=ahead or 7)).isoformat()
    if re.fullmatch(r"\d\d-\d\d", value):
        for year in (today.year, today.year + 1):
            if f"{year}-{value}" >= today.isoformat():
                return f"{year}-{value}"
    return value


def same(found: Any, expected: Value, *, by_ear: bool = False) -> bool:
    """Whether a slot holds what it should: numbers by value, words without their spelling.

    By ear nobody can tell Karl Berg from Carl Berg: four letters in five are enough.
    """
    if found is None:
        return False
    try:
        return float(found) == float(expected)
    except (TypeError, ValueError):
        one, other = (" ".join(normalize(str(each))) for each in (found, expected))
        return one == other or (by_ear and likeness(one, other) >= ALIKE)


def _is_day(value: Value) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\d:-]+", value) is not None


def last_state(events: Sequence[Event]) -> Mapping[str, Any] | None:
    """The newest state the agent's side told; None when it tells none."""
    return next((event.data for event in reversed(events) if event.name == "state"), None)


def _slots(
    wanted: Mapping[str, Value], events: Sequence[Event], today: date, by_ear: bool
) -> Iterator[Check]:
    state = last_state(events)
    if state is None:
        return
    held = {slot["name"]: slot.get("value") for slot in state.get("slots", ())}
    for name, value in wanted.items():
        expected = resolved(value, today)
        yield Check(
            name=f"slot {name}",
            held=same(held.get(name), expected, by_ear=by_ear and not _is_day(expected)),
            expected=expected,
            found=held.get(name),
        )


def _scene(scenario: Scenario, events: Sequence[Event]) -> Iterator[Check]:
    state, scene = last_state(events), scenario.expect.scene
    if scene and state is not None:
        is_at = state.get("scene")
        yield Check(name=f"scene {scene}", held=is_at == scene, expected=scene, found=is_at)


def _tools(scenario: Scenario, events: Sequence[Event]) -> Iterator[Check]:
    """Only where tools are run at all: an agent in writing may have none."""
    calls = [event.data for event in events if event.name == "tool"]
    if not any(event.name in ("tool", TOOLS_OFFERED) for event in events):
        return
    for name in scenario.expect.tools:
        done = [call for call in calls if call.get("name") == name and call.get("status") == "done"]
        yield Check(name=f"tool {name}", held=bool(done), expected="done", found=len(done))


def _words(scenario: Scenario, lines: Sequence[Line]) -> Iterator[Check]:
    said = [normalize(words_heard(line)) for line in lines if line.who == "agent"]
    for phrases in scenario.expect.says:
        held = any(within(normalize(one), words) for one in phrases.split("|") for words in said)
        yield Check(name=f"said {phrases}", held=held, expected=True, found=held)
    for phrases in scenario.expect.never:
        slips = sum(any(within(normalize(one), words) for one in phrases.split("|")) for words in said)
        yield Check(name=f"never said {phrases}", held=not slips, expected=0, found=slips)


def _answered(scenario: Scenario, lines: Sequence[Line]) -> Iterator[Check]:
    """What the answers to points should hold; of a point that was not brought up nothing is asked."""
    turns = [line for line in caller_turns(lines) if line.intent.split(":")[0] not in ("repeats", "wonders")]
    brought = [line for line in turns if line.intent.startswith("brings_up")]
    for point, line in zip(scenario.points, brought, strict=False):
        until = next((turn.start_ms for turn in turns if turn.start_ms > line.start_ms), float("inf"))
        said = [
            normalize(words_heard(each))
            for each in lines
            if each.who == "agent" and line.start_ms < each.start_ms < until
        ]
        for phrases in point.answered:
            held = any(within(normalize(one), words) for one in phrases.split("|") for words in said)
            yield Check(name=f"answered {line.text}", held=held, expected=phrases, found=held)
