"""Phrasing by a model: taken when it says the same, and not otherwise."""

from collections.abc import Iterator

import msgspec
import pytest

from antiphon.contracts import Piece, Prompt, TextDelta
from antiphon.evals.caller import Caller
from antiphon.evals.phrasing import keeps, phrased_by

from .talks import scenario


class Model:
    """Says one thing."""

    def __init__(self, said: str) -> None:
        self._said, self.told = said, ""

    def generate(self, prompt: Prompt, *rest: object, **more: object) -> Iterator[Piece]:
        self.told = prompt.messages[0].content
        yield TextDelta(self._said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("There will be four of us.", "Well, there will be four of us, please."),
        ("My name is Helen Brook.", "It's Helen Brook, my name is."),
        ("At half past seven.", "At half past seven, please."),
    ],
)
def test_what_says_the_same_is_kept(text: str, said: str) -> None:
    assert keeps(text, said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("There will be four of us.", "There will be five of us."),
        ("There will be four of us.", "There will be some of us."),
        ("My name is Helen Brook.", "My name is Helen."),
        ("On Friday.", "On Friday, with Mister Smith."),
        ("On Friday.", "On Friday, and I would also like to hear all about the menu."),
        ("I have a sore throat and a cough.", "Everything hurts."),
        ("On Friday.", ""),
    ],
)
def test_what_loses_or_adds_something_is_not(text: str, said: str) -> None:
    assert not keeps(text, said)


@pytest.mark.parametrize(
    ("model_says", "caller_says"),
    [("Well, four rolls, please.", "Well, four rolls, please."), ("Nine rolls!", "Four rolls, please.")],
)
def test_a_caller_speaks_in_the_models_words_only_then(model_says: str, caller_says: str) -> None:
    caller = Caller(scenario(), 1, phrased_by(Model(model_says)))
    caller.opens()
    say = caller.answers("How many would you like?")
    assert say is not None
    assert say.text == caller_says


def test_the_model_is_told_who_speaks_and_in_which_temper() -> None:
    model = Model("Four rolls!")
    hurried = msgspec.structs.replace(scenario(), temper="hurried")
    Caller(hurried, 1, phrased_by(model)).opens()
    assert "Ann, who wants rolls." in model.told
    assert "In a hurry" in model.told
