"""The slow loop in a live conversation: it thinks when nobody speaks and mends what was missed."""

from collections.abc import Sequence
from typing import Any

from antiphon.contracts import NEVER, Cancel, Prompt
from antiphon.runtime.events import StateChanged
from antiphon.samp.fold import fold

from .shop import Shop, shop
from .virtual import in_virtual_time

MISSED = "we met this morning"


class Thinker(Shop):
    """A shop whose model is sure that callers ask when it is open."""

    def __init__(self, *answers: str, **more: Any) -> None:
        super().__init__(*answers, **more)
        self.asked: list[str] = []
        model = self.parts.language_model
        plain = model.score

        def score(
            prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
        ) -> tuple[float, ...]:
            question = prompt.messages[-1].content
            if "Answer yes or no" not in question:
                return plain(prompt, options, cache_key=cache_key, cancel=cancel)
            self.asked.append(question)
            if cancel.is_set():
                return ()
            sure = "Hello?" not in question and "they ask when it is open" in question
            return (0.0, -40.0) if sure else (0.0, 0.0)

        model.score = score


@in_virtual_time
async def test_a_turn_that_the_live_loop_did_not_understand_is_mended_afterwards() -> None:
    stage = Thinker("How many?", "We open at eight.")
    await stage.greeted()
    await stage.told(MISSED)
    await stage.is_silent(500)
    assert stage.place == ("hours", "clerk")
    moved = [event.moved for event in stage.all(StateChanged) if event.moved]
    assert [(each.by, each.to) for each in moved] == [("reflective", "hours")]
    proposals = [entry.body for entry in stage.journal if entry.kind == "state_proposed"]
    assert [(body["by"], body["turn"]) for body in proposals] == [("reflective", 2)]
    assert stage.session.playing is not None
    assert fold(shop().cast, stage.journal) == stage.session.playing.state


@in_virtual_time
async def test_what_is_sure_is_not_thought_about() -> None:
    stage = Thinker("Certainly.")
    await stage.greeted()
    await stage.told("twelve pieces please")
    await stage.is_silent(500)
    assert stage.place == ("wholesale", "owner")
    assert not any("twelve" in question for question in stage.asked)


@in_virtual_time
async def test_a_caller_who_speaks_on_is_not_moved_by_what_was_thought_of_an_older_turn() -> None:
    stage = Thinker("How many?", "Certainly.")
    await stage.greeted()
    await stage.told(MISSED)
    await stage.told("twelve pieces please")
    await stage.is_silent(500)
    moved = [event.moved for event in stage.all(StateChanged) if event.moved]
    assert len({(each.origin, each.to) for each in moved}) == len(moved)
    assert fold(shop().cast, stage.journal).place == stage.session.playing.state.place


@in_virtual_time
async def test_a_closed_conversation_thinks_no_more() -> None:
    stage = Thinker("How many?")
    await stage.greeted()
    await stage.told(MISSED)
    await stage.session.close()
    kinds = [entry.kind for entry in stage.journal]
    assert (
        "state_proposed" not in kinds[kinds.index("session_closed") :] if "session_closed" in kinds else True
    )
