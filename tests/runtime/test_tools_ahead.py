"""Lookups that run while a turn is only guessed: for its answer, for no other, and nothing that changes."""

from datetime import date
from typing import Any

from antiphon.contracts import EngineSetup
from antiphon.engines.scripted import ScriptedEmbedder
from antiphon.runtime.casting import Staged
from antiphon.runtime.events import PromptCompiled, ReplyEnded, ReplyStarted, ToolCalled
from antiphon.runtime.replaying import replay
from antiphon.runtime.toolbox import Toolbox
from antiphon.samp import Decider, read_cast
from antiphon.samp.fold import fold

from .shop import SHOP, text_of
from .stage import QUICK, Stage, no_weights
from .test_tools import Orders
from .virtual import VirtualThreads, in_virtual_time

STOCK = (
    SHOP.replace("voice: low, manner: Friendly.", "voice: low, manner: Friendly., may: [stock]").replace(
        "    checklist: [{ask: colour}]\n    ends: true",
        "    checklist: [{ask: colour}]\n    does: stock\n    ends: true",
    )
    + """\
tools:
  stock: {about: How many there are of this colour., runs: "stock:stock", needs: [colour]BRIDGE}
"""
)


class Stock(Stage):
    """A shop whose clerk looks up what there is, with a list of when that was."""

    def __init__(self, *answers: str, slow_ms: float = 0, bridge: str = "", fails: int = 0) -> None:
        text = STOCK.replace("BRIDGE", f", bridge: {bridge}" if bridge else "")
        cast = read_cast(text)
        self.looked: list[tuple[str, float]] = []
        threads = VirtualThreads()
        threads.delay_ms = slow_ms

        def stock(arguments: Any) -> str:
            self.looked.append((arguments["colour"], self.loop.time() * 1000))
            if len(self.looked) <= fails:
                raise OSError("not now")
            return f"there are 3 {arguments['colour']}"

        embedder = ScriptedEmbedder.open(EngineSetup(weights=no_weights))
        staged = Staged(
            cast,
            text,
            Decider(cast, embedder),
            lambda: date(2026, 5, 6),
            Toolbox({"stock": stock}, threads=threads),
        )
        super().__init__(QUICK, answers=answers, staged=staged)
        self.cast = cast

    async def told(self, words: str) -> ReplyEnded:
        before = len(self.all(ReplyEnded))
        await self.says(words)
        await self.is_silent_until(ReplyEnded, before + 1)
        return self.all(ReplyEnded)[before]

    async def asked_for_the_colour(self) -> None:
        await self.is_silent_until(ReplyEnded)
        await self.told("five pieces please")

    def calls(self) -> list[tuple[str, str | None]]:
        return [(each.status, each.result) for each in self.all(ToolCalled)]

    def is_as_written(self) -> bool:
        """Whether the journal alone leads to the same state, and to every prompt on the way."""
        assert self.session.playing is not None
        again = replay(self.journal)
        assert again.difference is None
        assert again.prompts
        return fold(self.cast, self.journal) == self.session.playing.state


@in_virtual_time
async def test_a_lookup_runs_while_its_turn_is_guessed_and_the_first_answer_tells_of_it() -> None:
    stage = Stock("Which colour?", *["There are three."] * 4, bridge="Let me see.")
    await stage.asked_for_the_colour()
    reply = await stage.told("red one please")
    assert text_of(reply) == "There are three."
    (looked,) = stage.looked
    begins = [at for at, e in zip(stage.times_ms, stage.events, strict=True) if isinstance(e, ToolCalled)]
    assert looked[0] == "red"
    assert looked[1] < begins[0], "it did not run ahead"
    assert "there are 3 red" in (stage.all(PromptCompiled)[-1].text or "")
    assert stage.calls() == [("running", None), ("done", "there are 3 red")]
    await stage.is_silent(3_000)
    assert len(stage.all(ReplyStarted)) == 3, "it is told again"
    assert stage.is_as_written()


@in_virtual_time
async def test_what_was_looked_up_for_words_that_went_on_is_dropped() -> None:
    stage = Stock("Which colour?", *["At nine."] * 9)
    await stage.asked_for_the_colour()
    await stage.says("red", then_silent_ms=240)
    assert [colour for colour, _ in stage.looked] == ["red"]
    await stage.told("when do you open in the morning")
    await stage.is_silent(2_000)
    assert stage.session.playing is not None
    assert stage.session.playing.state.place.scene == "hours"
    assert stage.calls() == [], "a guess is in the journal"
    assert all("3 red" not in (event.text or "") for event in stage.all(PromptCompiled))
    assert stage.is_as_written()


@in_virtual_time
async def test_a_lookup_that_still_runs_when_the_turn_is_certain_is_not_made_twice() -> None:
    stage = Stock("Which colour?", "There are three.", slow_ms=1_500, bridge="Let me see.")
    await stage.asked_for_the_colour()
    reply = await stage.told("red one please")
    assert text_of(reply) == "Let me see."
    await stage.is_silent_until(ReplyEnded, 4)
    assert text_of(stage.all(ReplyEnded)[3]) == "There are three."
    ((_, looked),) = stage.looked
    begins = [at for at, e in zip(stage.times_ms, stage.events, strict=True) if isinstance(e, ToolCalled)]
    assert looked < begins[0] + 1_500, "it did not run ahead"
    assert stage.calls() == [("running", None), ("done", "there are 3 red")]
    assert stage.is_as_written()


@in_virtual_time
async def test_a_lookup_that_failed_ahead_is_tried_again_once_its_turn_is_certain() -> None:
    stage = Stock("Which colour?", "There are three.", "There are three.", fails=1)
    await stage.asked_for_the_colour()
    await stage.told("red one please")
    await stage.is_silent(3_000)
    assert len(stage.looked) == 2
    assert stage.calls() == [("running", None), ("done", "there are 3 red")]
    assert stage.is_as_written()


@in_virtual_time
async def test_nothing_that_changes_something_runs_ahead() -> None:
    stage = Orders("-", "Which colour?", "Certainly.")
    await stage.is_silent_until(ReplyEnded)
    await stage.told("five pieces please")
    await stage.says("red one please", then_silent_ms=280)
    assert stage.made == []
    await stage.is_silent_until(ReplyEnded, 4)
    assert len(stage.made) == 1
