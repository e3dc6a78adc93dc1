"""Language by ik_llama.cpp: GGUF models on x86-64 CPUs, quicker than llama.cpp at a few tokens at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

from antiphon.contracts import Cancel, EngineBroken, EngineCard, EngineSetup, Prefilled, Usage, Weigh
from antiphon.contracts.settings import decode
from antiphon.engines.chat_template import compiled
from antiphon.engines.drawing import Drawer, log_total
from antiphon.engines.ik_constraint import Constraint, Constraints
from antiphon.engines.ik_habits import Habits
from antiphon.engines.ik_model import IkModel, Step
from antiphon.engines.ik_score import Place, score
from antiphon.engines.local_answer import Answer
from antiphon.engines.local_model import (
    CAPABILITIES,
    DEFAULT_MODEL,
    LANGUAGES,
    LocalModel,
    LocalSettings,
    loaded,
)
from antiphon.engines.local_score import Tokens
from antiphon.engines.local_slots import Slot
from antiphon.engines.token_text import TokenText

_WORTH_COPYING_TOKENS = 16


class Ik(LocalModel):
    """A local language model. Calls that share a `cache_key` wait for each other; others take turns, token by
    token or piece by piece.

    Scores are exact. They cost what of the prompt is not cached yet, and the tokens of all options but their
    last ones, in one evaluation if they are few: options of one token each cost nothing more than the prompt.
    """

    _name = "ik"
    card: ClassVar[EngineCard] = EngineCard(
        name=_name,
        part="language_model",
        summary="ik_llama.cpp in this process: GGUF models, offline, made for x86-64 with AVX2.",
        licence="MIT AND Apache-2.0",
        languages=LANGUAGES,
        capabilities=CAPABILITIES | {"weigh"},
        weights=(DEFAULT_MODEL,),
        concurrency=4,
    )
    settings_kind: ClassVar[type[LocalSettings]] = LocalSettings

    def __init__(self, model: IkModel, settings: LocalSettings) -> None:
        super().__init__(settings)
        self._model = model
        self._constraints = Constraints(self._name, model)
        self._habits = Habits()
        first, last = model.first_and_last()
        self._template = compiled(self._name, model.template, first=first, last=last)

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load the model and rearrange it for this CPU."""
        settings = decode(setup.settings, LocalSettings, "language_model.ik")
        model = loaded(IkModel, cls._name, settings, setup)
        try:
            return cls(model, settings)
        except EngineBroken:
            model.close()
            raise

    def _tokenize(self, text: str, *, markup: bool) -> list[int]:
        return self._model.tokenize(text, markup=markup)

    def _render(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> str:
        return self._template(messages, tools)

    def _unload(self) -> None:
        self._model.close()

    def _read(
        self, slot: Slot, tokens: list[int], cancel: Cancel, at_most_tokens: int | None = None
    ) -> Prefilled:
        self._inherit(slot, tokens)
        reused = at = slot.shared(tokens)
        end = len(tokens) if at_most_tokens is None else min(len(tokens), at + at_most_tokens)
        if at < end:
            self._cut(slot, tokens, at)
        while at < end and not cancel.is_set():
            piece = tokens[at : min(at + self._batch, end)]
            self._model.evaluate(slot.number, [Step(token, at + n) for n, token in enumerate(piece)])
            at += len(piece)
            slot.holds(tokens[:at])
        return Prefilled(len(tokens), reused, at - reused)

    def _decode(self, slot: Slot, tokens: list[int], answer: Answer) -> None:
        constraint = self._constraint(answer)
        self._inherit(slot, tokens)
        cached = answer.cached_tokens = min(slot.shared(tokens), len(tokens) - 1)
        # The last piece is evaluated with its last token, whose logits are wanted.
        self._read(slot, tokens[: -self._batch], answer)
        weighed = self._weighed(tokens, answer.sampling.weigh)
        at = min(slot.shared(tokens), len(tokens) - 1, *(weighed[:1]))
        self._cut(slot, tokens, at)
        steps = [Step(token, n, wanted=n in weighed[:1]) for n, token in enumerate(tokens)][at:]
        steps[-1] = steps[-1]._replace(wanted=True)
        text, said = TokenText(answer.sampling.stop), list[int]()
        for token in self._drawn(slot, tokens, steps, answer, weighed=weighed[1:], constraint=constraint):
            said.append(token)
            ended, usage = token in self._model.ends, Usage(len(tokens), cached, len(said))
            answer.say("" if ended else text.feed(self._model.token_bytes(token)))
            if ended or text.stopped or (constraint and constraint.complete):
                _end(answer, text, "stop", usage)
                break
            if len(said) == answer.sampling.max_tokens or len(tokens) + len(said) > self.context_tokens:
                _end(answer, text, "length", usage)
                break
        self._habits.learn(said)

    def _drawn(
        self,
        slot: Slot,
        tokens: list[int],
        steps: list[Step],
        answer: Answer,
        *,
        weighed: Tokens,
        constraint: Constraint | None,
    ) -> Iterator[int]:
        """What follows `tokens`, of which `steps` are left to evaluate, token by token while it is wanted."""
        held, guesses, drawer = list(tokens), tuple[int, ...](), Drawer(answer.sampling)
        while not answer.is_set():
            rows = self._model.evaluate(slot.number, steps)
            if len(rows) > 1 + len(guesses):
                whole = log_total(rows[0])
                answer.weigh(tuple(float(rows[0][token]) - whole for token in weighed))
            for row, guess in zip(rows[-1 - len(guesses) :], (*guesses, None), strict=True):
                slot.holds(held)
                token = drawer.draw(constraint.allowed(row) if constraint else row)
                if constraint:
                    constraint.take(token)
                yield token
                held = [*held, token]
                if token != guess:
                    break
            if guesses:
                self._model.cut(slot.number, len(held) - 1)
            room = self.context_tokens - len(held)
            guesses = () if constraint else self._habits.next(held[len(tokens) :])[:room]
            run = (held[-1], *guesses)
            steps = [Step(token, at, wanted=True) for at, token in enumerate(run, len(held) - 1)]

    def _weighed(self, tokens: list[int], weigh: Weigh | None) -> tuple[int, ...]:
        """Behind which of `tokens` options are to be weighed, and their tokens; nothing where that costs
        more than reading the last piece."""
        if weigh is None:
            return ()
        opened = self._tokens(weigh.prompt)
        options = [self._spelled(option) for option in weigh.options]
        begins = tokens[: len(opened)] == opened and len(tokens) - len(opened) < self._batch
        if not begins or any(len(option) != 1 for option in options):
            return ()
        return len(opened) - 1, *(option[0] for option in options)

    def _score(
        self, slot: Slot, tokens: list[int], options: Sequence[Tokens], cancel: Cancel, *, exact: bool
    ) -> tuple[float, ...]:
        # What fits beside the options is evaluated with them.
        self._read(slot, tokens[: -self._batch], cancel)
        at = min(slot.shared(tokens), len(tokens) - 1)
        if cancel.is_set():
            return ()
        self._cut(slot, tokens, at)
        scores = score(self._model, Place(slot.number, tokens, at), options, cancel)
        if scores:
            slot.holds(tokens)
        return scores

    def _inherit(self, slot: Slot, tokens: list[int]) -> None:
        """What another slot holds of the beginning is copied, if that is worth it."""
        with self._slots.lender(slot, tokens, _WORTH_COPYING_TOKENS) as other:
            if other is None:
                return
            shared = other.shared(tokens)
            slot.holds([])
            if self._model.copy(other.number, slot.number, shared):
                slot.holds(tokens[:shared])

    def _cut(self, slot: Slot, tokens: list[int], length: int) -> None:
        """Bring `slot` back to the first `length` of `tokens`."""
        slot.holds(tokens[:length])
        self._model.cut(slot.number, length)

    def _constraint(self, answer: Answer) -> Constraint | None:
        if answer.schema is not None:
            return self._constraints.schema(answer.schema)
        return self._constraints.no_call() if answer.may_not_call else None


def _end(answer: Answer, text: TokenText, reason: Literal["stop", "length"], usage: Usage) -> None:
    answer.say(text.finish(), tokens=0)
    answer.end(reason, usage)
