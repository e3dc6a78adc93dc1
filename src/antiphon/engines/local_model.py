"""What every language model in this process does alike, whichever library runs it.

One rendering serves everything: the model's own chat template makes text of a prompt, the model's own
tokenizer makes tokens of it, and prefill, generation, scoring and counting all use those tokens.

A long prompt is read in pieces of `batch_tokens`. Between two pieces other conversations get their turn and a
cancelled one ends; that is why a prefill in the background delays a live answer by one piece and not by a
whole prompt.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from antiphon.contracts import (
    NEVER,
    Cancel,
    ContractBroken,
    EngineBroken,
    EngineSetup,
    Piece,
    Prefilled,
    PrerequisiteMissing,
    Prompt,
    Sampling,
)
from antiphon.engines.local_answer import Answer, forced_call
from antiphon.engines.local_prompt import text_of, without_a_second_call
from antiphon.engines.local_score import Tokens
from antiphon.engines.local_slots import Slot, Slots

Native = TypeVar("Native")

DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"
LANGUAGES = ("en", "zh", "fr", "es", "pt", "de", "it", "ru", "ja", "ko", "vi", "th", "ar")
CAPABILITIES = frozenset({"prefill", "continue", "score", "tools", "json_schema"})

_MAGIC = b"GGUF"
_SPELLINGS_KEPT = 4096
_MAY_LOSE_TOKENS = 16  # what scoring may cost a conversation's cache
_Count = Annotated[int, msgspec.Meta(ge=1)]


class LocalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be chosen about it."""

    model: str = DEFAULT_MODEL
    """A name in the weights manifest."""
    path: str | None = None
    """A GGUF file of your own, instead of `model`."""
    context_tokens: Annotated[int, msgspec.Meta(ge=256)] = 4096
    """For each conversation: its longest prompt plus answer."""
    slots: _Count = 4
    """How many conversations keep their prompt cache; each costs memory for `context_tokens`."""
    batch_tokens: Annotated[int, msgspec.Meta(ge=8)] = 32
    """How much of a prompt is read at a time. More pays on machines with many cores or a GPU."""
    calls_in_a_row: bool = False
    """Whether it may call a tool right after one answered. The default models repeat their call for ever."""


def loaded(
    library: Callable[..., Native], engine: str, settings: LocalSettings, setup: EngineSetup
) -> Native:
    """The model of `settings` in a library, which all take the same bounds.

    Raises:
        PrerequisiteMissing: the file or the library is absent.
        EngineBroken: it is no GGUF file, or the library cannot load it.
    """
    return library(
        engine,
        _model_file(engine, settings, setup),
        slots=settings.slots,
        context_tokens=settings.context_tokens,
        batch_tokens=settings.batch_tokens,
        threads=setup.threads,
    )


def _model_file(engine: str, settings: LocalSettings, setup: EngineSetup) -> Path:
    path = Path(settings.path).expanduser() if settings.path else setup.weights(settings.model) / "model.gguf"
    if not path.is_file():
        raise PrerequisiteMissing(
            f"{engine} needs the model file {path}", remedy=f"antiphon models pull {path.parent.name}"
        )
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise EngineBroken(engine, f"{path} is not a GGUF model")
    return path


class LocalModel(ABC):
    """A language model in this process. Calls that share a `cache_key` wait for each other."""

    _name: str
    """The engine's name, for its errors."""

    def __init__(self, settings: LocalSettings) -> None:
        self._slots = Slots(settings.slots)
        self._batch = settings.batch_tokens
        self._calls_in_a_row = settings.calls_in_a_row
        self._workers = ThreadPoolExecutor(2 * settings.slots, thread_name_prefix=self._name)
        self._spelled = lru_cache(_SPELLINGS_KEPT)(self._spell)
        self.context_tokens = settings.context_tokens

    @abstractmethod
    def _tokenize(self, text: str, *, markup: bool) -> list[int]:
        """The tokens of `text`; with `markup`, the template's control sequences become single tokens."""

    @abstractmethod
    def _render(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> str:
        """The text the model's own chat template makes of them, ready for the answer to follow."""

    @abstractmethod
    def _read(
        self, slot: Slot, tokens: list[int], cancel: Cancel, at_most_tokens: int | None = None
    ) -> Prefilled:
        """Evaluate `tokens` into `slot`, as far as they are not there yet, and as far as allowed."""

    @abstractmethod
    def _decode(self, slot: Slot, tokens: list[int], answer: Answer) -> None:
        """Read `tokens` in `slot`, then decode into `answer` until it ends or nobody wants the rest."""

    @abstractmethod
    def _score(
        self, slot: Slot, tokens: list[int], options: Sequence[Tokens], cancel: Cancel, *, exact: bool
    ) -> tuple[float, ...]:
        """Read `tokens` in `slot`, then the log-probability of each option there; none once cancelled."""

    @abstractmethod
    def _unload(self) -> None:
        """Let go of the model."""

    def close(self) -> None:
        """Wait for what is running to end, then unload."""
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._unload()

    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        """Answer `prompt`; the model decodes on a thread of its own, so a slow reader does not slow it."""
        if prompt.open:
            raise ContractBroken(
                "an open prompt may be prefilled or scored, not answered: its last message is not over"
            )
        if not self._calls_in_a_row:
            prompt = without_a_second_call(prompt)
        call = forced_call(prompt)
        tokens = self._tokens(prompt, call.opening if call else "")
        answer = Answer(self._name, prompt, sampling, call, prompt_tokens=len(tokens), cancel=cancel)
        return answer.pieces(lambda: self._workers.submit(self._answer, tokens, answer, cache_key))

    def prefill(
        self,
        prompt: Prompt,
        *,
        cache_key: str = "",
        cancel: Cancel = NEVER,
        at_most_tokens: int | None = None,
    ) -> Prefilled:
        """Read `prompt` into the conversation's slot, piece by piece; nothing is computed twice."""
        tokens = self._tokens(prompt)
        slot = self._slots.take(cache_key, tokens, cancel)
        if slot is None:
            return Prefilled(len(tokens), 0, 0)
        try:
            slot.doubt(tokens)
            return self._read(slot, tokens, cancel, at_most_tokens)
        finally:
            self._slots.give_back(slot)

    def score(
        self, prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> tuple[float, ...]:
        """The log-probability of each option as the answer's beginning, or as what goes on in an open prompt.

        An open prompt is read in the conversation's own slot, where it stays. A whole one is when that costs
        the conversation no more than a few tokens, otherwise it is read in a free one.
        """
        if not options or not all(options):
            raise ContractBroken("score needs at least one option, and none of them empty")
        tokens = self._tokens(prompt)
        spelled = [self._spelled(option) for option in options]
        self._bound(len(tokens) + max(map(len, spelled)))
        if prompt.open:
            slot = self._slots.take(cache_key, tokens, cancel)
        else:
            slot = self._slots.take_beside(cache_key, tokens, _MAY_LOSE_TOKENS)
        if slot is None:
            return ()
        try:
            return self._score(slot, tokens, spelled, cancel, exact=not prompt.open)
        finally:
            self._slots.give_back(slot)

    def count_tokens(self, prompt: Prompt | str) -> int:
        """By the model's own tokenizer and template."""
        if isinstance(prompt, str):
            return len(self._spelled(prompt))
        return len(self._tokenize(text_of(prompt, self._render), markup=True))

    def _spell(self, text: str) -> Tokens:
        return tuple(self._tokenize(text, markup=False))

    def _tokens(self, prompt: Prompt, opening: str = "") -> list[int]:
        tokens = self._tokenize(text_of(prompt, self._render) + opening, markup=True)
        self._bound(len(tokens) + 1)
        return tokens

    def _bound(self, tokens: int) -> None:
        if tokens > self.context_tokens:
            raise ContractBroken(
                f"{tokens} tokens, with room for one of the answer, are more than the {self.context_tokens}"
                " of the context; shorten the prompt or raise"
                f" language_model.{self._name}.context_tokens"
            )

    def _answer(self, tokens: list[int], answer: Answer, cache_key: str) -> None:
        """On a worker's thread."""
        slot = self._slots.take(cache_key, tokens, answer)
        if slot is None:
            return
        try:
            self._decode(slot, tokens, answer)
        except BaseException as error:
            answer.fail(error)
        finally:
            self._slots.give_back(slot)
