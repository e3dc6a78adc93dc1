"""Conversations nobody wrote, spoken to a cast through the whole runtime: callers who cut in at any word.

What is asked of them stands in `antiphon.bench.interrupted`; the thousand of the documentation are by
`antiphon bench interruptions`.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.bench import interruptions
from antiphon.bench.interrupted import SAYS, Interrupted, Line, judged, talk
from antiphon.contracts import JournalEntry
from antiphon.runtime.events import ReplyEnded, StateChanged
from antiphon.runtime.replaying import replay

from .shop import text_of
from .virtual import in_virtual_time

TALKS = 12
"""How many conversations."""

lines = st.builds(
    Line, st.sampled_from(SAYS), st.none() | st.integers(0, 2_500), st.sampled_from([0, 0, 120, 240])
)


@settings(max_examples=TALKS, database=None)
@given(said=st.lists(lines, min_size=2, max_size=6), tool_ms=st.sampled_from([0.0, 400.0, 1500.0]))
def test_however_callers_cut_in_no_move_and_no_opening_is_wrong_lost_or_made_twice(
    said: list[Line], tool_ms: float
) -> None:
    made = judged(in_virtual_time(talk)(said, tool_ms=tool_ms))
    assert made.wrong == ()
    assert made.states >= 1 + made.turns


def test_the_bench_goes_on_where_it_was(tmp_path: Path) -> None:
    keep = tmp_path / "talks.jsonl"
    first = interruptions.measured(1, 7, keep=keep)
    both = interruptions.measured(2, 7, keep=keep)
    assert (first.talks, both.talks) == (1, 2)
    assert both == interruptions.measured(2, 7, keep=keep)
    assert both.problems == ()
    assert both.turns > first.turns


ORDER = [Line("five pieces please", None), Line("red one please", 300), Line("well let me see", None)]


def spoiled(stage: Interrupted, change: Callable[[JournalEntry], JournalEntry | None]) -> Interrupted:
    journal = [made for entry in stage.journal if (made := change(entry)) is not None]
    stage.shelf[stage.session.id] = journal
    return stage


def lost_order(entry: JournalEntry) -> JournalEntry | None:
    return None if entry.kind == "tool_called" else entry


def wrong_scene(entry: JournalEntry) -> JournalEntry:
    if entry.kind != "state_settled" or entry.body["turn"] != 3:
        return entry
    return msgspec.structs.replace(entry, body={**entry.body, "scene": "hello"})


def said_again(entry: JournalEntry) -> JournalEntry:
    if entry.kind != "reply_ended" or entry.body["turn"] == 1:
        return entry
    opening = "Good day, what can I do for you?"
    return msgspec.structs.replace(
        entry, body={**entry.body, "said": opening, "heard": opening, "scene": "hello"}
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lost_order, "were asked for"),
        (wrong_scene, "should have led to"),
        (said_again, "was begun"),
        (lost_order, "the entry's number"),
    ],
)
def test_what_is_wrong_is_seen(change: Callable[[JournalEntry], JournalEntry | None], told: str) -> None:
    stage = in_virtual_time(talk)(ORDER)
    assert judged(stage).wrong == ()
    assert any(told in each for each in judged(spoiled(stage, change)).wrong)


def test_an_order_that_is_placed_twice_is_seen() -> None:
    stage = in_virtual_time(talk)(ORDER)
    assert len(stage.made) == 1
    stage.made.append(stage.made[0])
    assert any("2 were placed" in each for each in judged(stage).wrong)


@in_virtual_time
async def test_the_conversations_are_worth_their_name() -> None:
    """They do move, are cut in upon, and have prompts to compare."""
    stage = await talk(
        [
            Line("twelve pieces please", 400, 240),
            Line("fine let us do that", None),
            Line("red one please", 900, 120),
        ]
    )
    statuses = Counter(event.status for event in stage.all(ReplyEnded))
    assert statuses["cancelled"] >= 1
    assert sum(event.moved is not None for event in stage.all(StateChanged)) == 3
    again = replay(stage.journal)
    assert again.prompts
    assert again.verdicts["applied"] >= 3
    assert any(text_of(event).startswith("So many") for event in stage.all(ReplyEnded))


@in_virtual_time
async def test_a_journal_that_was_tampered_with_is_not_the_same() -> None:
    stage = await talk([Line("twelve pieces please", None), Line("fine let us do that", None)])
    journal = stage.journal
    for place, entry in enumerate(journal):
        spoiled = list(journal)
        body: dict[str, Any] = dict(entry.body)
        match entry.kind:
            case "caller_turn_committed":
                body["text"] += " indeed"
            case "state_proposed":
                body["base"] = 0
                body["turn"] = 99
            case "reply_ended":
                body["heard"] += " and more"
            case "prompt_compiled":
                body["verbatim"] += "!"
            case _:
                continue
        spoiled[place] = JournalEntry(
            session=entry.session, sequence=entry.sequence, at=entry.at, kind=entry.kind, body=body
        )
        assert replay(spoiled).difference is not None, entry
    assert replay(journal[:5] + journal[6:]).difference is not None
