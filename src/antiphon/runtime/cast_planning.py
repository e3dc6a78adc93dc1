"""What a cast will answer: from a state and the caller's words, who speaks, what is said first, which prompt.

All of it is done on the language model's lane, just before the model is asked; nothing here waits.
"""

from collections.abc import Callable

from antiphon.contracts import LanguageModel, Prompt
from antiphon.dialogue import commands as do
from antiphon.runtime.cast_answer import Plan, still_open
from antiphon.runtime.casting import Staged
from antiphon.runtime.config import Config
from antiphon.samp import Cast
from antiphon.samp.ahead import Imagined, imagined, presumed, taken_for, unmoved
from antiphon.samp.prompt import Draft, Fact, draft_prompt
from antiphon.samp.state import State
from antiphon.samp.tools import bridge, due
from antiphon.samp.verbatim import Verbatim, verbatim

Recall = Callable[[State, str], tuple[Fact, ...]]
"""What is worth knowing for an answer to these words; called on the model's lane, so it must not wait."""


WORDS_TELL = 4
"""From so many words on, who has not gone back from a topic by them is taken to stay with it."""

Foresee = Callable[[Cast, State, Imagined], Imagined]
"""What a guessed turn would come to with what is known ahead of it; called on the model's lane."""


def recall_nothing(state: State, words: str) -> tuple[Fact, ...]:
    """Of a conversation that remembers no more than itself."""
    del state, words
    return ()


def foresee_nothing(cast: Cast, state: State, future: Imagined) -> Imagined:
    """Of a conversation that looks nothing up ahead."""
    del cast, state
    return future


class Planner:
    """Makes one conversation's plans and prompts. Touched on the language model's lane only.

    Attributes:
        recall: whoever remembers more than the conversation replaces it, before the first plan.
        foresee: whoever looks things up for a turn that is only guessed, as well.
    """

    def __init__(self, staged: Staged, model: LanguageModel, config: Config) -> None:
        self._staged, self._model, self._config = staged, model, config
        self._first_turn = 0
        """The oldest turn that is in the prompt."""
        self._read: Draft | None = None
        """What was last read ahead."""
        self.recall: Recall = recall_nothing
        self.foresee: Foresee = foresee_nothing

    def close(self) -> None:
        """Let go of whoever replaced them: they hold the conversation, which holds this."""
        self.recall, self.foresee = recall_nothing, foresee_nothing

    def plan(self, command: do.Generate, state: State, owed: tuple[int, str] | None) -> Plan:
        """What answers `command` in this state; `owed`: a committed turn that nothing was decided of yet."""
        staged, turn = self._staged, command.turn
        future: Imagined | None = None
        words = command.text
        if words is not None:
            future = imagined(staged.cast, staged.decider, state, turn, words, today=staged.today())
            future = self.foresee(staged.cast, state, future)
        elif owed is not None:
            future = taken_for(staged.cast, staged.decider, state, *owed, today=staged.today())
            words = owed[1]
        after = state if future is None else future.state
        exact = self._exact(state, after, words or "")
        between = _between(staged.cast, state, future)
        draft: Draft | None = None
        facts: tuple[Fact, ...] = ()
        if not between and not exact.whole:
            facts = self.recall(after, words or "")
            draft = self._draft(after, facts)
        return Plan(
            turn=turn,
            revision=command.revision,
            words=command.text,
            base=state,
            state=after,
            decision=None if future is None else future.decision,
            verbatim=between or exact.text,
            draft=draft,
            facts=facts,
        )

    def expected(self, state: State, saying: str, turn: int) -> Prompt:
        """What can be known of the prompt for `turn` while the caller is `saying` something."""
        staged, today = self._staged, self._staged.today()
        after: State | None = None
        goes_back = True
        if saying.strip():
            future = imagined(staged.cast, staged.decider, state, turn, saying, today=today)
            after = future.state if future.decision.commands else None
            goes_back = len(saying.split()) < WORDS_TELL
        if after is None:
            after = presumed(staged.cast, staged.decider, state, turn, today=today, goes_back=goes_back)
            if self._exact(state, after, saying).whole:
                # What is said word for word needs no prompt: one is read for whoever says something else.
                after = unmoved(staged.cast, state, turn)
        self._read = self._draft(after, self.recall(after, saying))
        return still_open(self._read.prompt(), saying)

    def last_read(self) -> Prompt | None:
        """The prompt that `expected` made last, which lies in the model's cache."""
        return self._read.prompt() if self._read is not None else None

    def _exact(self, before: State, after: State, words: str) -> Verbatim:
        recall, today = self._config.exact_recall, self._staged.today()
        return verbatim(self._staged.cast, before, after, words, today=today, recall=recall)

    def _draft(self, state: State, facts: tuple[Fact, ...]) -> Draft:
        model, config = self._model, self._config
        draft, _ = draft_prompt(
            self._staged.cast,
            state,
            count=model.count_tokens,
            tokens_max=min(config.prompt_tokens, model.context_tokens - config.answer_tokens),
            facts=facts,
            first_turn=self._first_turn,
        )
        self._first_turn = draft.first_turn
        return draft


def _between(cast: Cast, state: State, future: Imagined | None) -> str:
    """What is said while a tool runs that these words make run, or have made run."""
    running = tuple(each for each in state.called if each.status == "running" and each.turn == state.turn)
    if running:
        return next((line for each in running if (line := cast.tools[each.tool].bridge)), "")
    if future is None:
        return ""
    return bridge(cast, due(cast, state, future.state, future.decision.commands))
