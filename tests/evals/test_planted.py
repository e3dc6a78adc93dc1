"""Planted regressions: each does what it says, and nothing else."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from antiphon.contracts import (
    EngineBroken,
    EngineSetup,
    Finish,
    Message,
    Piece,
    Prompt,
    Sampling,
    TextDelta,
)
from antiphon.engines.scripted.language_model import LanguageModelSettings, ScriptedLanguageModel
from antiphon.evals.planted import ANSWER_WORDS, IGNORED, SLIPPED, WORDIER, Plant, Planted, forgetful, planted
from antiphon.runtime import Config

ANSWER = "Four rolls it is."
FORGET = Prompt(
    (
        Message("system", "You sell bread."),
        Message("user", "Four rolls."),
        Message("assistant", "Gladly."),
        Message("system", "Answer as Ann.\nAgreed so far: rolls: 4.\nYour aim: to sell."),
        Message("user", "How many?"),
    )
)


def no_weights(name: str) -> Path:
    raise EngineBroken("scripted", f"it asked for {name}")


def model(*plants: Plant) -> Planted:
    settings = {"use": "scripted", "settings": {"answers": [ANSWER]}, "plant": list(plants)}
    return Planted.open(EngineSetup(settings=settings, weights=no_weights))


def answered(agent: Planted, said: str = "Four rolls.") -> str:
    pieces = list(agent.generate(Prompt((Message("user", said),))))
    assert isinstance(pieces[-1], Finish)
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta))


def share(agent: Planted, hit: Callable[[str], bool]) -> float:
    return sum(hit(answered(agent, f"Turn {n}.")) for n in range(300)) / 300


def test_nothing_planted_is_the_other_model() -> None:
    assert answered(model()) == ANSWER


@pytest.mark.paced
def test_slow_is_slower_by_what_it_says() -> None:
    began = monotonic()
    assert answered(model("slow")) == ANSWER
    assert 1.5 <= monotonic() - began < 2.5


def test_some_turns_are_ignored_and_always_the_same() -> None:
    agent = model("ignores")
    assert abs(share(agent, lambda text: not text) - IGNORED) < 0.08
    assert [answered(agent, f"Turn {n}.") for n in range(20)] == [
        answered(agent, f"Turn {n}.") for n in range(20)
    ]


def test_wordy_is_three_times_as_long() -> None:
    text = answered(model("wordy"))
    assert text.startswith(f"{ANSWER.removesuffix('.')}, and let me add")
    assert text.endswith(".")
    assert text.count(".") == 1, "a sentence that is left out pads nothing"
    assert len(text.split()) == len(ANSWER.split()) + (WORDIER - 1) * ANSWER_WORDS


def test_other_turns_are_hit_in_another_conversation() -> None:
    agent, said = model("ignores"), [Prompt((Message("user", f"Turn {n}."),)) for n in range(40)]
    hit = [
        [len(list(agent.generate(prompt, Sampling(seed=seed)))) == 1 for prompt in said] for seed in (1, 1, 2)
    ]
    assert hit[0] == hit[1] != hit[2]


def test_the_persona_slips_in_some_turns() -> None:
    agent = model("slips")
    assert abs(share(agent, lambda text: text != ANSWER) - SLIPPED) < 0.08
    assert len({answered(agent, f"Turn {n}.") for n in range(300)}) == 5, "no slip, or one of four"


def test_a_forgetful_model_reads_no_past() -> None:
    assert forgetful(FORGET).messages == (
        Message("system", "You sell bread."),
        Message("system", "Answer as Ann.\nYour aim: to sell."),
        Message("user", "How many?"),
    )
    short = Prompt((Message("system", "You sell bread."), Message("user", "Hello.")))
    assert forgetful(short) == short


def test_notes_of_earlier_talks_are_forgotten_too() -> None:
    notes = Message("system", "From earlier talks and documents:\n- four rolls")
    assert notes not in forgetful(Prompt((*FORGET.messages[:-1], notes, FORGET.messages[-1]))).messages


def test_another_seed_gives_the_model_other_dice() -> None:
    seen: list[int | None] = []

    class Model(ScriptedLanguageModel):
        def generate(self, prompt: Prompt, sampling: Sampling = Sampling(), **more: Any) -> Iterator[Piece]:
            seen.append(sampling.seed)
            return super().generate(prompt, sampling, **more)

    inner = Model(LanguageModelSettings())
    for agent in (Planted(inner, (), 0), Planted(inner, (), 5)):
        list(agent.generate(Prompt((Message("user", "Hello."),)), Sampling(seed=7)))
    assert seen == [7, 12]


def test_it_is_planted_into_a_configuration_of_any_model() -> None:
    config = planted(Config(), ["wordy"])
    choice = config.engines["language_model"]
    assert choice.use == "antiphon.evals.planted:Planted"
    assert choice.settings["use"] == Config().engines["language_model"].use


def test_without_memory_the_cast_tells_nothing_back_either() -> None:
    assert planted(Config(), ["slow"]).exact_recall
    assert not planted(Config(), ["memory_off", "slow"]).exact_recall


def test_an_unknown_plant_is_told() -> None:
    with pytest.raises(Exception, match="Invalid enum value 'weeds'"):
        model("weeds")
