"""With the real encoder: what was meant is found, whatever words it was said in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.memory.remembering import ids, look, turn

from antiphon.contracts import ConfigInvalid, EngineSetup
from antiphon.contracts.conformance import run
from antiphon.memory import GraphMemory

TALK = (
    "Mira: My physician told me to cut down on salt.",
    "Otto: The train was packed again this morning.",
    "Mira: We adopted a puppy from the shelter.",
    "Otto: I finally fixed the leaking tap.",
    "Mira: The exhibition opens at noon.",
)


@pytest.fixture(scope="module")
def memory(weights: Callable[[str], Path]) -> Iterator[GraphMemory]:
    opened = GraphMemory.open(EngineSetup(weights=weights, threads=1))
    yield opened
    opened.close()


@pytest.mark.real
def test_it_keeps_its_contract(memory: GraphMemory, weights: Callable[[str], Path]) -> None:
    report = run("memory", GraphMemory.open(EngineSetup(weights=weights, threads=1)))
    assert report.ok, report


@pytest.mark.real
def test_other_words_for_the_same_thing(memory: GraphMemory) -> None:
    memory.learn([turn(line, place) for place, line in enumerate(TALK)])
    assert ids(look(memory, "What did the doctor say about food?", 18)) == ["t0"]
    assert ids(look(memory, "Who has a new dog?", 18)) == ["t2"]


def test_a_setting_it_does_not_know_is_named() -> None:
    with pytest.raises(ConfigInvalid, match=r"memory\.graph has no setting 'budget'"):
        GraphMemory.open(EngineSetup(settings={"budget": 3}, weights=Path))
