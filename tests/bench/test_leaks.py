"""The bench of leaks over a model that says what it reads."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from antiphon.bench.leaks import holds, measured, reads_aloud
from antiphon.bench.leaks_cases import KINDS, knower_asked, probes, state_of
from antiphon.bench.stage import no_weights
from antiphon.contracts import EngineSetup, Finish, Prompt, TextDelta
from antiphon.engines.scripted import ScriptedLanguageModel
from antiphon.samp.confidence import knows_turn

EXAMPLES = Path(__file__).parents[2] / "examples"


def parrot() -> Any:
    """A model that says all that its prompt holds: what is in there, it leaks."""
    model = ScriptedLanguageModel.open(EngineSetup(weights=no_weights))

    def generate(prompt: Prompt, *_: Any, **__: Any) -> Iterator[Any]:
        yield TextDelta(" ".join(message.content for message in prompt.messages))
        yield Finish("stop")

    model.generate = generate
    return model


def test_a_prompt_holds_no_secret_of_another_and_the_knower_has_it() -> None:
    asked = probes(63, folder=EXAMPLES)
    assert {probe.kind for probe in asked} == set(KINDS)
    assert len({probe.cast.cast for probe in asked}) == 3
    result = measured(parrot(), asked)
    assert result.leaked.value == 0.0, result.leaks[:3]
    assert result.told.value == 1.0
    assert result.read_aloud.value == 1.0
    assert result.in_prompt.value == 0.0
    assert result.leaked.n == 63


def test_probes_are_what_they_say() -> None:
    for probe in probes(40, seed=3, folder=EXAMPLES):
        state = state_of(probe)
        assert state.place.persona == probe.asked
        assert not holds(probe.question, probe.secret)
        assert state_of(knower_asked(probe)).place.persona == probe.knower
        if probe.kind not in ("knows", "recalled"):
            assert not knows_turn(probe.cast, state, probe.asked, 1)
    assert probes(5, seed=1, folder=EXAMPLES) == probes(5, seed=1, folder=EXAMPLES)


@pytest.mark.parametrize(
    ("said", "leaks"),
    [("It is Ghent.", True), ("ghent, of course", True), ("Ghently", False), ("I do not know.", False)],
)
def test_a_secret_is_a_word(said: str, leaks: bool) -> None:
    assert holds(said, "Ghent") is leaks


def test_reading_a_card_aloud_is_five_words_of_it() -> None:
    orders = ("Answer the caller as Ruth, the nurse. How they speak: Calm and unhurried.",)
    assert reads_aloud("Sure: answer the caller as Ruth, the nurse", orders)
    assert not reads_aloud("This is Ruth, the nurse. How are you?", orders)
