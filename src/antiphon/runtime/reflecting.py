"""Thinking about a turn that was committed: on the language model's lane, when nobody wants anything else.

The questions and what follows from their answers are `samp.reflecting`'s; here they are asked. The work is
reflective: it breaks off within a token when somebody speaks and goes on afterwards. Only the newest turn is
thought about, because proposals for an older one would find that the conversation has gone on.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from threading import Event as Flag

from antiphon.contracts import LanguageModel
from antiphon.runtime import reflective
from antiphon.runtime.afterthought import think
from antiphon.runtime.casting import Staged
from antiphon.runtime.lanes import nobody, post
from antiphon.runtime.parts import Parts
from antiphon.runtime.scheduler import Demand
from antiphon.samp.commands import Proposal
from antiphon.samp.margins import YES_NO
from antiphon.samp.reflecting import Question, proposals, questions
from antiphon.samp.state import State

_PRIORS_KEPT = 512


class Reflecting:
    """Thinks about one conversation's turns. Methods run on the event loop's thread.

    `propose` is called there with what came of it; `failed` with a sentence when nothing could.
    """

    def __init__(
        self,
        staged: Staged,
        parts: Parts,
        *,
        propose: Callable[[Proposal], object],
        failed: Callable[[str], None],
    ) -> None:
        self._staged, self._parts = staged, parts
        self._propose: Callable[[Proposal], object] = propose
        self._failed: Callable[[str], None] = failed
        self._loop = asyncio.get_running_loop()
        self._cancel = Flag()
        self._priors: dict[str, float] = {}
        """What the model says of each meaning when nothing was said. Touched on the lane only."""

    def turn_settled(self, state: State) -> None:
        """The live loop has dealt with the last turn; `state` is what came of it."""
        model = self._parts.language_model
        if "score" not in model.card.capabilities:
            return
        self._cancel.set()
        cancel = self._cancel = Flag()
        think(self._parts, self._think(model, state, cancel), cancel, self._failed)

    def close(self) -> None:
        """Think no more, and tell nobody."""
        self._cancel.set()
        self._propose = self._failed = nobody

    def _think(self, model: LanguageModel, state: State, cancel: Flag) -> reflective.Pauses:
        staged, today = self._staged, self._staged.today()
        asked = questions(staged.cast, staged.decider, state, today=today)
        margins: dict[str, float] = {}
        for question in asked:
            if cancel.is_set():
                return
            yield from ask(model, question, self._priors, margins, demand=self._parts.demand, cancel=cancel)
        while len(self._priors) > _PRIORS_KEPT:
            del self._priors[next(iter(self._priors))]
        found = proposals(staged.cast, staged.decider, state, margins, today=today)

        def tell() -> None:
            if not cancel.is_set():
                for proposal in found:
                    self._propose(proposal)

        if found:
            post(self._loop, tell)


def ask(
    model: LanguageModel,
    question: Question,
    priors: dict[str, float],
    margins: dict[str, float],
    *,
    demand: Demand,
    cancel: Flag,
) -> reflective.Pauses:
    """Put the margin of `question` into `margins`, asking for its prior where that is not known."""

    def choose(keep: Callable[[float], None], prior: bool) -> reflective.Pauses:
        yield from reflective.choose(
            model,
            question.prior if prior else question.prompt,
            YES_NO,
            demand=demand,
            cancel=cancel,
            tell=lambda scores: keep(scores[0] - scores[1]),
        )

    if question.meant not in priors:
        yield from choose(partial(priors.__setitem__, question.meant), True)
    yield from choose(
        lambda margin: margins.__setitem__(question.key, margin - priors[question.meant]), False
    )
