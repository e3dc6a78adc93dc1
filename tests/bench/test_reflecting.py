"""The bench of the slow loop, over a model that always knows what was meant, or always errs."""

from collections.abc import Sequence
from typing import Any

from tests.samp.casts import example

from antiphon.bench.reflecting import row_of, summed
from antiphon.bench.said import Saying
from antiphon.contracts import EngineSetup, Prompt
from antiphon.engines.scripted import ScriptedEmbedder, ScriptedLanguageModel
from antiphon.samp import Decider, read_cast
from antiphon.samp.margins import meaning
from antiphon.samp.moves import options
from antiphon.samp.state import initial


def no_weights(name: str) -> Any:
    raise AssertionError(name)


CAST = read_cast(example("restaurant"))
DECIDER = Decider(CAST, ScriptedEmbedder.open(EngineSetup(weights=no_weights)))
WINE = Saying(scene="welcome", says="well what about it all", to="cellar")


def sure_of(key: str) -> Any:
    """A model that says yes to one option, and no to all others."""
    model = ScriptedLanguageModel.open(EngineSetup(weights=no_weights))
    meant = next(meaning(each) for each in options(CAST, initial(CAST)) if each.key == key)

    def score(prompt: Prompt, among: Sequence[str], **_: Any) -> tuple[float, ...]:
        question = prompt.messages[-1].content
        yes = meant in question and WINE.says in question
        return (40.0, 0.0) if yes else (0.0, 0.0)

    model.score = score
    return model


def test_what_was_missed_is_mended_and_what_the_model_gets_wrong_is_counted() -> None:
    rows = [
        row_of(sure_of(key), CAST, DECIDER, saying, {}, name="m")
        for key, saying in (
            ("jump:wine", WINE),
            ("jump:occasion", WINE),
            ("jump:occasion", Saying(scene="welcome", says=WINE.says, to="welcome")),
        )
    ]
    assert [(row.live, row.after) for row in rows] == [(False, True), (False, False), (True, False)]
    result = summed(rows, "m")
    assert result.mended == (1, 2)
    assert result.spoiled == (1, 1)
    assert result.gained.value == 0.0
    assert result.questions >= 3
    assert result.changed == (f"mended: {WINE.says}", f"spoiled: {WINE.says}")


def test_what_is_sure_costs_no_question() -> None:
    sure = Saying(scene="welcome", says="what wine do you recommend", to="cellar")
    row = row_of(sure_of("jump:wine"), CAST, DECIDER, sure, {}, name="m")
    assert (row.questions, row.live, row.after) == (0, True, True)
    assert summed([row], "m").question_ms is None
