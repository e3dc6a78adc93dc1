"""Memory with a cast: a persona recalls what it may know, and what is confided stays where it was told."""

from pathlib import Path
from typing import Any

import msgspec

from antiphon.contracts import Recalled
from antiphon.memory import GraphMemory, Turn
from antiphon.runtime.cast_notes import CastNotes
from antiphon.runtime.config import MemoryConfig
from antiphon.runtime.events import MemoryRecalled, TranscriptSettled, TurnMeasured
from antiphon.runtime.memories import file_of
from antiphon.samp.state import initial

from .shop import Shop, shop
from .stage import QUICK
from .virtual import in_virtual_time, passes

HOURS = "We open at nine in the morning, and at ten on Sundays."


def config(folder: Path, **changes: Any) -> MemoryConfig:
    return MemoryConfig(folder=str(folder), settings={"embedder": ""}, answerable=0.0, **changes)


def learned(path: Path, *turns: Turn) -> None:
    memory = GraphMemory(path)
    memory.learn(turns)
    memory.close()


class Visit(Shop):
    """A shop that remembers."""

    def __init__(self, memory: MemoryConfig, *, user: str = "") -> None:
        settings = msgspec.structs.replace(QUICK, user=user)
        super().__init__("Very well.", "Oh yes.", "I see.", settings=settings, memory=memory)

    async def ends(self) -> None:
        await self.session.close()
        await passes(0.1)
        assert self.parts.memories is not None
        self.parts.memories.close()


@in_virtual_time
async def test_a_document_is_known_to_the_cast_whoever_calls(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    learned(path, Turn(id="d1", speaker="hours.md", text=HOURS, conversation="hours.md"))
    visit = Visit(config(tmp_path, documents=str(path)))
    await visit.greeted()
    await visit.told("i would like to know at what time you open your shop on sundays please and thank you")
    await visit.told("i see well then let me think about that for a while")
    await visit.ends()
    assert any(HOURS in prompt for prompt in visit.prompts())
    assert any(HOURS in fact.text for event in visit.all(MemoryRecalled) for fact in event.facts)
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".sqlite"] == ["shop.sqlite"]  # noqa: ASYNC240 - nobody waits


@in_virtual_time
async def test_what_is_confided_is_learned_for_that_persona_alone(tmp_path: Path) -> None:
    visit = Visit(config(tmp_path), user="mira")
    await visit.greeted()
    await visit.told("between you and me my kite is crimson")
    await visit.told("it is a fine day today")
    await visit.is_silent_until(TurnMeasured, 3)
    await visit.ends()
    memory = GraphMemory(file_of(str(tmp_path), "mira"))
    told = {turn.text: (turn.speaker, turn.persona) for turn in memory.turns()}
    memory.close()
    assert told["between you and me my kite is crimson"] == ("mira", "clerk")
    assert told["it is a fine day today"] == ("mira", "")
    assert ("Ann", "clerk") in told.values()


@in_virtual_time
async def test_a_confidence_is_kept_by_who_hangs_up_on_the_answer_to_it(tmp_path: Path) -> None:
    visit = Visit(config(tmp_path), user="mira")
    await visit.greeted()
    await visit.says("between you and me my kite is crimson")
    await visit.is_silent_until(TranscriptSettled)
    await visit.ends()
    memory = GraphMemory(file_of(str(tmp_path), "mira"))
    told = {turn.text: turn.persona for turn in memory.turns()}
    memory.close()
    assert told["between you and me my kite is crimson"] == "clerk"


def line(number: int, tokens: int, persona: str = "") -> Recalled:
    return Recalled(id=f"l{number}", text=f"mira: line {number}", tokens=tokens, persona=persona)


def test_an_answer_quotes_what_was_read_and_a_reading_what_is_newest() -> None:
    answered: list[int] = []
    notes = CastNotes(30, answered.append)
    state = initial(shop().cast)
    notes.add([line(1, 10)])
    assert notes.unread
    assert notes.facts(state, "") == ()
    reading = notes.reading()
    build = notes.expecting(lambda: notes.facts(state, ""))
    assert [fact.text for fact in build()] == ["mira: line 1"]
    notes.was_read(reading)
    assert not notes.unread
    assert [fact.text for fact in notes.facts(state, "")] == ["mira: line 1"]
    assert answered == [state.turn] * 2


def test_newer_lines_come_first_and_older_ones_give_way() -> None:
    notes = CastNotes(30, lambda turn: None)
    notes.add([line(1, 20)])
    notes.add([line(2, 10)])
    assert notes.known == {"l1", "l2"}
    notes.add([line(3, 15)])
    assert notes.known == {"l3", "l2"}


def test_a_confidence_names_who_was_told() -> None:
    notes = CastNotes(30, lambda turn: None)
    notes.add([line(1, 10, persona="owner"), line(2, 10)])
    notes.was_read(notes.reading())
    told = [fact.told_to for fact in notes.facts(initial(shop().cast), "")]
    assert told == [("owner",), ()]
