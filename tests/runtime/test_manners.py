"""A live conversation listens to its own answers, and renews the card of who begins to sound like another."""

from collections.abc import Sequence
from typing import Any

from antiphon.contracts import NEVER, Cancel, Prompt
from antiphon.runtime.replaying import replay

from .shop import Shop
from .virtual import in_virtual_time


class Listener(Shop):
    """A shop whose model hears the owner in every answer that says "wherefore"."""

    def __init__(self, *answers: str, **more: Any) -> None:
        super().__init__(*answers, **more)
        model = self.parts.language_model
        plain = model.score

        def score(
            prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
        ) -> tuple[float, ...]:
            question = prompt.messages[-1].content
            if "Who speaks like that" not in question:
                return plain(prompt, options, cache_key=cache_key, cancel=cancel)
            return (
                () if cancel.is_set() else (0.0, 5.0 * ("wherefore" in question), *[0.0] * (len(options) - 2))
            )

        model.score = score


async def talked(*answers: str) -> tuple[Listener, list[str]]:
    """Three turns; the answers take turns."""
    stage = Listener(*answers)
    await stage.greeted()
    for words in ("I look for something nice", "what do you have there", "and what do you like yourself"):
        await stage.told(words)
        await stage.is_silent(1_500)
    proposed = [entry.body["command"] for entry in stage.journal if entry.kind == "state_proposed"]
    return stage, [each["persona"] for each in proposed if each["type"] == "Renew"]


@in_virtual_time
async def test_who_sounds_like_another_twice_is_told_their_manner_once_more() -> None:
    stage, renewed = await talked("And wherefore do you ask?")
    assert renewed == ["clerk"]
    again = "Be Ann from the first word on: Friendly."
    assert again in stage.prompts()[-1]
    assert again not in stage.prompts()[0]
    assert replay(stage.journal).difference is None


@in_virtual_time
async def test_who_sounds_like_themselves_is_left_alone() -> None:
    _, renewed = await talked("This one is our best.", "We have a few of these.", "I like the small ones.")
    assert renewed == []
