"""The bench of manners over a listener who knows one word of each persona."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from antiphon.bench.cast import Conversation, Heard, Result
from antiphon.bench.cast_call import SpokenTurn
from antiphon.bench.figures import machine
from antiphon.bench.manner import measured
from antiphon.contracts import Prompt
from antiphon.samp import read_cast

EXAMPLE = Path(__file__).parents[2] / "examples" / "restaurant.yaml"
RESTAURANT = read_cast(EXAMPLE.read_text(encoding="utf-8"))
TELLS = {"warmly": "Warm, quick", "briefly": "Few words", "playfully": "Playful"}


class Listener:
    """Chooses the manner that a word gives away; without one, the first letter."""

    def score(self, prompt: Prompt, options: Sequence[str], **_: Any) -> tuple[float, ...]:
        *cards, said = prompt.messages[-1].content.split("\n\n")
        manner = next((manner for word, manner in TELLS.items() if word in said), None)
        lines = cards[0].splitlines()
        first = (1.0, *[0.0] * (len(options) - 1))
        if manner is None:
            return first
        return tuple(bias + 4.0 * (manner in line) for bias, line in zip(first, lines, strict=True))


def turn(persona: str, answer: str, scene: str = "booking") -> Heard:
    spoken = SpokenTurn(
        says="", understood="", cut_in=False, answer=answer, heard=answer, scene=scene, persona=persona,
        voice="", slots={}, checklist={}, moved="", mouth_to_ear_ms=None, prompt_tokens=None,
        evaluated_tokens=None, wrong=(), sound=(0, 0),
    )  # fmt: skip
    return Heard(turn=spoken, wanted_voice="", sounds_like="", pitch_hz=0.0)


def calls(turns: Sequence[Heard], plain: Sequence[str]) -> Result:
    one = Conversation(
        cast="restaurant", session="", greeting="", turns=tuple(turns), as_expected=0, right_voice=0,
        moves=0, replayed="", plain_answers=tuple(plain),
    )  # fmt: skip
    return Result(machine=machine(), conversations=(one,), mouth_to_ear_ms={})


def test_who_is_heard_is_counted_beside_what_has_no_persona_and_openings() -> None:
    turns = [
        turn("host", "I say it warmly."),
        turn("cook", "Bruno again. I say it briefly."),
        turn("sommelier", "I say it warmly too."),
        turn("cook", RESTAURANT.scenes["allergies"].opening or "", "allergies"),
    ]
    model: Any = Listener()
    result = measured(model, {"restaurant": RESTAURANT}, [calls(turns, ["warmly", "warmly", "hm", "x"])])
    assert result.right["model"].value == pytest.approx(2 / 3)
    assert result.right["plain"].value == pytest.approx(1 / 3)
    assert result.right["opening"].n == 1
    assert result.chance == pytest.approx(1 / 3)
    assert result.beyond_plain is not None
    assert result.beyond_plain.value == pytest.approx(1 / 3)
    assert [each.words for each in result.heard if each.kind == "model"][1] == "I say it briefly."
