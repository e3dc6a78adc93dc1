"""An agent without a model that gets on with a caller: it asks for what it does not know."""

import random

from antiphon.evals.dice import dice
from antiphon.evals.scenario import Scenario
from antiphon.evals.text_call import Answer

_FILLERS = ("Very well.", "Certainly, that can be arranged.", "I have noted that down for you.")
_YES = "I repeat all that, so that nothing is lost on the way. Is that right?"


class AskingAgent:
    """Asks by the scenario's own cues, in an order of its own, and now and then for nothing."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._dice: random.Random = dice(0)
        self._left: list[str] = []

    def begin(self, seed: int) -> Answer | None:
        """A new conversation."""
        self._dice = dice(seed, "asking agent")
        self._left = [cue for fact in self._scenario.facts.values() for cue in fact.asked[:1]]
        self._dice.shuffle(self._left)
        return Answer(text="Good morning, what can I do for you?", first_ms=0.0)

    def answer(self, said: str) -> Answer:
        """The next question."""
        filler = self._dice.choice(_FILLERS)
        if self._dice.random() < 0.2:
            text = f"{filler} {_YES}"
        elif self._left and self._dice.random() < 0.8:
            text = f"{filler} And, please, {self._left.pop()}?"
        else:
            text = f"{filler} There is a great deal that one could say about that, and I gladly do."
        return Answer(text=text, first_ms=200 + 800 * self._dice.random())

    def heard(self, text: str) -> None:
        """It does not matter to it."""
