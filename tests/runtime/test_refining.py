"""A memory's doubts are put to the language model when nobody wants anything, so many and no more."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from antiphon.contracts import Message, Prompt
from antiphon.memory import GraphMemory
from antiphon.memory.refining import Weighing
from antiphon.runtime.events import SessionFailed, TurnMeasured
from antiphon.runtime.refining import Refining

from .stage import Stage
from .test_remembering import Watched, config
from .virtual import in_virtual_time, passes


class Doubting:
    """Has so many doubts, and notes what it is told of them."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.told: list[tuple[float, ...]] = []

    def refine(self, at_most: int) -> Generator[Weighing, tuple[float, ...], int]:
        for _ in range(min(at_most, self.left)):
            scores = yield Weighing(Prompt((Message("user", "Is it so? yes"),)))
            self.told.append(scores)
            self.left -= 1
        return 0


@in_virtual_time
async def test_so_many_questions_and_no_more() -> None:
    stage, memory = Stage(), Doubting(5)
    refining = Refining(stage.parts, 2, failed=pytest.fail)
    refining.learned(memory)
    refining.learned(memory)  # the first two are still being asked
    await passes(1)
    assert len(memory.told) == 2
    assert memory.told[0][0] > memory.told[0][1]
    refining.learned(memory)
    await passes(1)
    assert memory.left == 1
    refining.close()
    refining.learned(memory)
    await passes(1)
    assert memory.left == 1
    await stage.session.close()


@in_virtual_time
async def test_nothing_is_asked_while_somebody_wants_the_model() -> None:
    stage, memory = Stage(), Doubting(2)
    refining = Refining(stage.parts, 2, failed=pytest.fail)
    stage.parts.demand.rise()
    refining.learned(memory)
    await passes(1)
    assert memory.told == []
    stage.parts.demand.fall()
    await passes(1)
    assert len(memory.told) == 2
    await stage.session.close()


@in_virtual_time
async def test_somebody_speaks_between_two_questions() -> None:
    stage, memory = Stage(), Doubting(2)
    model: Any = stage.parts.language_model
    whole, asked = model.score, 0

    def score(prompt: Prompt, options: tuple[str, ...], *, cancel: Any, **named: Any) -> tuple[float, ...]:
        nonlocal asked
        asked += 1
        if asked == 2:
            stage.parts.demand.rise()  # in the middle of it
        return () if cancel.is_set() else whole(prompt, options, cancel=cancel, **named)

    model.score = score
    Refining(stage.parts, 2, failed=pytest.fail).learned(memory)
    await passes(1)
    assert (asked, len(memory.told)) == (2, 1)
    stage.parts.demand.fall()
    await passes(1)
    assert (asked, len(memory.told)) == (3, 2)
    await stage.session.close()


@in_virtual_time
async def test_a_conversation_asks_once_it_has_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubting = Doubting(9)

    def refine(_: GraphMemory, at_most: int) -> Generator[Weighing, tuple[float, ...], int]:
        return doubting.refine(at_most)

    monkeypatch.setattr(GraphMemory, "refine", refine)
    stage = Watched(tmp_path, memory=config(tmp_path, refine_calls=3), answers=("Oh.",))
    await stage.ready()
    await stage.says("my violin lies in the green cupboard now", then_silent_ms=400)
    await stage.is_silent_until(TurnMeasured)
    await passes(1)
    assert len(doubting.told) == 3
    await stage.ends()
    assert not stage.all(SessionFailed)


@in_virtual_time
async def test_a_model_that_breaks_is_told_and_the_conversation_goes_on() -> None:
    stage, told = Stage(), list[str]()
    model: Any = stage.parts.language_model

    def score(*_: Any, **__: Any) -> tuple[float, ...]:
        raise RuntimeError("no more weights")

    model.score = score
    Refining(stage.parts, 2, failed=told.append).learned(Doubting(2))
    await passes(1)
    assert told == ["RuntimeError: no more weights"]
    await stage.session.close()
