"""The caller's words are weighed on the way to the answer, by whatever the engine can do."""

from collections.abc import Iterator
from math import exp, log
from threading import Event as Flag
from typing import Any, ClassVar

import msgspec
import pytest

from antiphon.contracts import EngineCard, EngineSetup, Message, Prompt, Sampling, Weighed
from antiphon.dialogue.events import Event, TextGenerated, WordsWeighed
from antiphon.engines.scripted import ScriptedLanguageModel
from antiphon.runtime import working
from antiphon.runtime.clock import Clock

from .stage import no_weights

SETUP = EngineSetup(
    weights=no_weights, settings={"answers": ["Yes."], "scores": {".": -1.5, "?": -2.5, "!": -4.0}}
)
ASKED = Prompt((Message("user", "Is it open."),))
STILL = Prompt((Message("user", "Is it open"),), open=True)


class ByItself(ScriptedLanguageModel):
    """Weighs by a call of its own."""

    card: ClassVar[EngineCard] = msgspec.structs.replace(
        ScriptedLanguageModel.card, capabilities=ScriptedLanguageModel.card.capabilities - {"weigh"}
    )

    def generate(self, prompt: Prompt, sampling: Sampling = Sampling(), **rest: Any) -> Iterator[Any]:
        assert sampling.weigh is None
        return super().generate(prompt, sampling, **rest)


class NotAtAll(ByItself):
    """Cannot score."""

    card: ClassVar[EngineCard] = msgspec.structs.replace(
        ScriptedLanguageModel.card, capabilities=frozenset({"prefill"})
    )


def told(engine: type[ScriptedLanguageModel], *, weigh: bool = True) -> list[Event]:
    events: list[Event] = []
    job = working.Job(1, 1, clock=Clock(lambda: 0.0), tell=events.append, cancel=Flag())
    still = (lambda: STILL) if weigh else None
    working.generate(job, engine.open(SETUP), lambda: ASKED, Sampling(), cache_key="", weigh=still)
    return [event for event in events if isinstance(event, WordsWeighed | TextGenerated)]


@pytest.mark.parametrize("engine", [ScriptedLanguageModel, ByItself])
def test_the_marks_are_weighed_before_the_first_words(engine: type[ScriptedLanguageModel]) -> None:
    weighed, *words = told(engine)
    assert isinstance(weighed, WordsWeighed)
    assert weighed.may_end == pytest.approx(log(exp(-1.5) + exp(-2.5) + exp(-4.0)))
    assert [word.text for word in words if isinstance(word, TextGenerated)] == ["Yes."]


def test_without_being_asked_or_able_nothing_is_weighed() -> None:
    assert [type(event) for event in told(ScriptedLanguageModel, weigh=False)] == [TextGenerated]
    assert [type(event) for event in told(NotAtAll)] == [TextGenerated]


def test_what_an_engine_could_not_weigh_is_not_told() -> None:
    class Empty(ScriptedLanguageModel):
        def generate(self, *args: Any, **rest: Any) -> Iterator[Any]:
            for piece in super().generate(*args, **rest):
                yield Weighed(()) if isinstance(piece, Weighed) else piece

    assert [type(event) for event in told(Empty)] == [TextGenerated]
