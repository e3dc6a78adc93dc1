"""The agents that a simulated caller can write to: a cast, or a plain model, played in this process."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import date
from time import perf_counter
from typing import Any, cast

from antiphon.contracts import (
    Embedder,
    LanguageModel,
    Message,
    Piece,
    Prompt,
    Sampling,
    TextDelta,
)
from antiphon.evals.scenario import Suite
from antiphon.evals.text_call import Answer, TextAgent, Told
from antiphon.evals.voice import open_engine
from antiphon.runtime import Config
from antiphon.runtime.cast_asking import answered
from antiphon.samp import Cast, CastSession, Decider
from antiphon.samp.prompt import Budget, Compiled, compile_prompt
from antiphon.samp.state import checklist_done, is_done, owed_opening, values
from antiphon.samp.verbatim import verbatim
from antiphon.store import Store

_CACHE_KEY = "evaluation"


@contextmanager
def text_agent(suite: Suite, found: Cast | None, config: Config) -> Generator[TextAgent]:
    """Open whoever answers the suite's callers; the models are let go of at the end.

    Raises:
        AntiphonError: as opening the engines does.
    """
    model = cast(LanguageModel, open_engine("language_model", config, Store().folder))
    try:
        if found is None:
            yield PlainAgent(model, config, suite.instructions)
            return
        embedder = cast(Embedder, open_engine("embedder", config, Store().folder))
        try:
            yield CastAgent(model, embedder, config, found, date.fromisoformat(suite.today))
        finally:
            embedder.close()
    finally:
        model.close()


class PlainAgent:
    """A model that was told what it is."""

    def __init__(self, model: LanguageModel, config: Config, instructions: str) -> None:
        self._model, self._config, self._instructions = model, config, instructions
        self._messages: list[Message] = []
        self._seed = 0

    def begin(self, seed: int) -> Answer | None:
        """A new conversation; it waits to be spoken to."""
        self._messages, self._seed = [Message("system", self._instructions)], seed

    def answer(self, said: str) -> Answer:
        """Answer a turn."""
        self._messages.append(Message("user", said))
        prompt = Prompt(tuple(self._messages))
        text, first_ms = _generated(
            self._config,
            self._seed,
            lambda sampling: self._model.generate(prompt, sampling, cache_key=_CACHE_KEY),
        )
        return Answer(text=text, first_ms=first_ms)

    def heard(self, text: str) -> None:
        """So much of it was heard, and is all it remembers of it."""
        if text:
            self._messages.append(Message("assistant", text))


class CastAgent:
    """A cast: scenes and facts by rule, words by the model."""

    def __init__(
        self, model: LanguageModel, embedder: Embedder, config: Config, found: Cast, today: date
    ) -> None:
        self._model, self._config, self._cast, self._today = model, config, found, today
        self._decider = Decider(found, embedder)
        self._session = CastSession(found, self._decider)
        self._before: Compiled | None = None
        self._seed = 0

    def begin(self, seed: int) -> Answer | None:
        """A new conversation; what the first scene opens with."""
        self._session, self._before, self._seed = CastSession(self._cast, self._decider), None, seed
        opening = owed_opening(self._cast, self._session.state)
        return None if opening is None else self._answer(opening, 0.0)

    def answer(self, said: str) -> Answer:
        """Answer a turn, in the scene that it leads to."""
        began, before = perf_counter(), self._session.state
        self._session.caller_said(said, today=self._today)
        exact = verbatim(
            self._cast, before, self._session.state, said, today=self._today, recall=self._config.exact_recall
        )
        exact_ms = (perf_counter() - began) * 1000
        if exact.whole:
            return self._answer(exact.text, exact_ms)
        limit = min(self._config.prompt_tokens, self._model.context_tokens - self._config.answer_tokens)
        self._before = compile_prompt(
            self._cast,
            self._session.state,
            count=self._model.count_tokens,
            budget=Budget(tokens=limit),
            before=self._before,
        )
        deciding_ms = (perf_counter() - began) * 1000
        state, prompt = self._session.state, self._before.prompt
        text, first_ms = _generated(
            self._config,
            self._seed,
            lambda sampling: answered(
                self._model, prompt, sampling, self._cast, state, cache_key=_CACHE_KEY, before=exact.text
            ),
        )
        first_ms = exact_ms if exact.text else deciding_ms + first_ms
        return self._answer(f"{exact.text} {text}".strip(), first_ms)

    def heard(self, text: str) -> None:
        """So much of it was heard."""
        self._session.agent_heard(text)

    def _answer(self, text: str, first_ms: float) -> Answer:
        state = self._session.state
        scene = self._cast.scenes[state.place.scene]
        known = values(state)
        done = checklist_done(self._cast, state.place.scene, known, state.ticked)
        return Answer(
            text=text,
            first_ms=first_ms,
            persona=state.place.persona,
            scene=state.place.scene,
            told=(Told(name="state", data=self._state()),),
            over=state.ended or (scene.ends and not state.question and done),
        )

    def _state(self) -> dict[str, Any]:
        """As the server shows it."""
        state = self._session.state
        scene = self._cast.scenes[state.place.scene]
        known = values(state)
        return {
            "turn": state.turn,
            "version": state.version,
            "scene": state.place.scene,
            "persona": state.place.persona,
            "voice": self._cast.personas[state.place.persona].voice,
            "checklist": [
                {
                    "id": task.ask or task.do,
                    "label": task.ask or task.do,
                    "done": is_done(task, state.place.scene, known, state.ticked),
                }
                for task in scene.checklist
            ],
            "slots": [{"name": name, "value": known.get(name)} for name in self._cast.slots],
            "moved": None,
        }


def _generated(config: Config, seed: int, answer: Callable[[Sampling], Iterator[Piece]]) -> tuple[str, float]:
    """The answer's words as they are to be said, and milliseconds to the first of them."""
    began, first_ms, text = perf_counter(), 0.0, ""
    sampling = Sampling(
        max_tokens=config.answer_tokens, temperature=config.session.temperature, seed=seed % 2**31
    )
    for piece in answer(sampling):
        if isinstance(piece, TextDelta):
            first_ms = first_ms or (perf_counter() - began) * 1000
            text += piece.text
    return text.strip(), first_ms or (perf_counter() - began) * 1000
