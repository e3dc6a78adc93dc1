"""What is read of a prompt while the caller still speaks."""

from datetime import date
from pathlib import Path

from antiphon.contracts import EngineSetup
from antiphon.engines.scripted import ScriptedEmbedder, ScriptedLanguageModel
from antiphon.runtime.cast_planning import Planner
from antiphon.runtime.casting import Staged
from antiphon.runtime.config import Config
from antiphon.samp import Decider, read_cast
from antiphon.samp.ahead import heard_whole
from antiphon.samp.state import initial

from .stage import no_weights

TOWN = Path(__file__).parents[2] / "examples" / "town.yaml"


def test_where_the_presumed_answer_needs_no_model_the_prompt_is_for_who_says_something_else() -> None:
    setup = EngineSetup(weights=no_weights)
    town = read_cast(TOWN.read_text(encoding="utf-8"))
    decider = Decider(town, ScriptedEmbedder.open(setup))
    staged = Staged(town, "", decider, lambda: date(2026, 5, 6))
    planner = Planner(staged, ScriptedLanguageModel.open(setup), Config())
    opening = town.scenes["breakfast"].opening
    greeted = {"turn": 0, "heard": opening, "scene": "breakfast", "persona": "tutor"}
    state = heard_whole(town, decider, initial(town), greeted)
    # Who tells their name goes to the bakery, whose opening is said word for word.
    now = planner.expected(state, "", 1).messages[-2].content
    assert "Answer the caller as Claire" in now
    assert "Do now: ask: What is your name?" in now
