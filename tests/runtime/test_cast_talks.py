"""Conversations nobody wrote, spoken to a cast through the whole runtime: callers who cut in at any word.

What the runtime makes of them is compared with the same words typed into the cast one after the other: then
no move was wrong, lost or made twice. The journal of each is made again and must be the same, bit for bit.
"""

import os
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antiphon.contracts import JournalEntry
from antiphon.runtime.events import ReplyAudio, ReplyEnded, StateChanged
from antiphon.runtime.replaying import replay
from antiphon.samp import CastSession
from antiphon.samp.ahead import proposal_id

from .test_cast import Shop, shop, text_of
from .virtual import in_virtual_time, passes

TALKS = int(os.environ.get("ANTIPHON_TALKS", "12"))
"""How many conversations; the thousand of the documentation are made by hand."""

SAYS = (
    "twelve pieces please",
    "five pieces please",
    "no I mean six pieces",
    "red one please",
    "when do you open in the morning",
    "thank you very much",
    "fine let us do that",
    "can I speak to your boss",
    "well let me see",
    "yes",
)


@st.composite
def scripts(draw: st.DrawFn) -> list[tuple[str, int | None, int]]:
    """Lines, with the milliseconds of the answer after which the next one cuts in, and a pause within."""
    count = draw(st.integers(2, 6))
    cut = st.none() | st.integers(0, 2_500)
    return [
        (draw(st.sampled_from(SAYS)), draw(cut), draw(st.sampled_from([0, 0, 120, 240])))
        for _ in range(count)
    ]


async def talk(lines: list[tuple[str, int | None, int]]) -> Shop:
    """Have the conversation, whose caller does not wait for the end of every answer."""
    stage = Shop()
    await stage.is_silent_until(ReplyAudio)
    await stage.is_silent(lines[0][1] if lines[0][1] is not None else 3_000)
    for words, cut_ms, pause_ms in lines:
        before = len(stage.all(ReplyAudio))
        half = len(words.split()) // 2
        if pause_ms and half:
            await stage.says(" ".join(words.split()[:half]), then_silent_ms=pause_ms)
            await stage.says(" ".join(words.split()[half:]))
        else:
            await stage.says(words)
        if cut_ms is None:
            await stage.is_silent(4_500)
        else:
            for _ in range(100):
                if len(stage.all(ReplyAudio)) > before:
                    break
                await stage.is_silent(20)
            await stage.is_silent(cut_ms)
    await stage.is_silent(5_000)
    await stage.session.close()
    await passes(0.2)
    return stage


def typed(journal: list[JournalEntry]) -> list[tuple[int, str, str]]:
    """Where the same words lead when they are typed: turn, scene, persona."""
    session = CastSession(shop().cast, shop().decider)
    places: list[tuple[int, str, str]] = []
    for entry in journal:
        body: Any = entry.body
        if entry.kind == "caller_turn_committed" and body["text"].strip():
            session.take(entry)
            turn = body["turn"]
            decision = shop().decider.decide(session.state, body["text"], today=shop().today())
            for number, command in enumerate(decision.commands):
                session.propose(command, name=proposal_id(turn, number), by="live", turn=turn)
            places.append((turn, session.state.place.scene, session.state.place.persona))
        elif entry.kind == "reply_ended":
            session.take(entry)
    return places


@settings(max_examples=TALKS, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(lines=scripts())
def test_however_callers_cut_in_no_move_and_no_opening_is_wrong_lost_or_made_twice(
    lines: list[tuple[str, int | None, int]],
) -> None:
    stage = in_virtual_time(talk)(lines)
    journal = stage.journal
    moved = [
        (entry.body["turn"], entry.body["scene"], entry.body["persona"])
        for entry in journal
        if entry.kind == "state_settled"
    ]
    for turn, scene, persona in typed(journal):
        assert (turn, scene, persona) in moved, f"turn {turn} should have led to {scene}"
    assert {place[0] for place in moved} - {0} <= {turn for turn, _, _ in typed(journal)}
    assert len({place for place in moved if place[0]}) == len({place[0] for place in moved if place[0]})

    begun: Counter[str] = Counter()
    personas = shop().cast.personas
    for entry in journal:
        if entry.kind == "reply_ended" and entry.body["heard"]:
            body: Any = entry.body
            opening = shop().cast.scenes[body["scene"]].opening or "-"
            begun[opening] += body["said"].startswith(opening)
            said = {voice for voice, clause in stage.spoken if clause in body["said"]}
            assert personas[body["persona"]].voice in said
    assert all(times <= 1 for times in begun.values()), begun

    again = replay(journal)
    assert again.difference is None
    playing = stage.session.playing
    assert playing is not None
    assert again.state == playing.state
    assert again.states >= 1 + len({turn for turn, _, _ in typed(journal)})


@in_virtual_time
async def test_the_conversations_are_worth_their_name() -> None:
    """They do move, are cut in upon, and have prompts to compare."""
    stage = await talk(
        [("twelve pieces please", 400, 240), ("fine let us do that", None, 0), ("red one please", 900, 120)]
    )
    statuses = Counter(event.status for event in stage.all(ReplyEnded))
    assert statuses["cancelled"] >= 1
    assert sum(event.moved is not None for event in stage.all(StateChanged)) == 2
    again = replay(stage.journal)
    assert again.prompts
    assert again.verdicts["applied"] >= 3
    assert any(text_of(event).startswith("So many") for event in stage.all(ReplyEnded))


@in_virtual_time
async def test_a_journal_that_was_tampered_with_is_not_the_same() -> None:
    stage = await talk([("twelve pieces please", None, 0), ("fine let us do that", None, 0)])
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
