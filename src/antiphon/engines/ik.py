"""Language by ik_llama.cpp: GGUF models on x86-64 CPUs, quicker than llama.cpp at a few tokens at a time."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

from antiphon.contracts import Cancel, EngineBroken, EngineCard, EngineSetup, Prefilled, Usage, Weigh
from antiphon.engines.chat_template import compiled
from antiphon.engines.drawing import Drawer, log_total
from antiphon.engines.ik_constraint import Constraint, Constraints
from antiphon.engines.ik_model import IkModel, Step
from antiphon.engines.ik_score import Place, score
from antiphon.engines.local_answer import Answer
from antiphon.engines.local_model import (
    CAPABILITIES,
    DEFAULT_MODEL,
    LANGUAGES,
    LocalModel,
    LocalSettings,
    model_file,
)
from antiphon.engines.local_score import Tokens
from antiphon.engines.local_slots import Slot
from antiphon.engines.settings import decode
from antiphon.engines.token_text import TokenText


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

    def __init__(self, model: IkModel, settings: LocalSettings) -> None:
        super().__init__(settings)
        self._model = model
        self._constraints = Constraints(self._name, model)
        first, last = model.first_and_last()
        self._template = compiled(self._name, model.template, first=first, last=last)

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load the model and rearrange it for this CPU."""
        settings = decode(setup.settings, LocalSettings, "language_model.ik")
        model = IkModel(
            cls._name,
            model_file(cls._name, settings, setup),
            slots=settings.slots,
            context_tokens=settings.context_tokens,
            batch_tokens=settings.batch_tokens,
            threads=setup.threads,
        )
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
        cached = min(slot.shared(tokens), len(tokens) - 1)
        # The last piece is evaluated with its last token, whose logits are wanted.
        self._read(slot, tokens[: -self._batch], answer)
        weighed = self._weighed(tokens, answer.sampling.weigh)
        at = min(slot.shared(tokens), len(tokens) - 1, *(weighed[:1]))
        self._cut(slot, tokens, at)
        steps = [Step(token, n, wanted=n in weighed[:1]) for n, token in enumerate(tokens)][at:]
        held, text, drawer = list(tokens), TokenText(answer.sampling.stop), Drawer(answer.sampling)
        for count in range(1, answer.sampling.max_tokens + 1):
            if answer.is_set():
                return
            *before, logits = self._model.evaluate(
                slot.number, [*steps[:-1], steps[-1]._replace(wanted=True)]
            )
            slot.holds(held)
            if before:
                whole = log_total(before[0])
                answer.weigh(tuple(float(before[0][token]) - whole for token in weighed[1:]))
            token = drawer.draw(constraint.allowed(logits) if constraint else logits)
            ended = token in self._model.ends
            answer.say("" if ended else text.feed(self._model.token_bytes(token)))
            if constraint:
                constraint.take(token)
            if ended or text.stopped or (constraint and constraint.complete):
                return _end(answer, text, "stop", Usage(len(tokens), cached, count))
            if len(held) == self.context_tokens:
                return _end(answer, text, "length", Usage(len(tokens), cached, count))
            steps = [Step(token, len(held))]
            held = [*held, token]
        _end(answer, text, "length", Usage(len(tokens), cached, answer.sampling.max_tokens))

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
