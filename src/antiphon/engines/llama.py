"""Language by llama.cpp: any GGUF model, in this process, one prompt cache per conversation.

One rendering serves everything: the model's own chat template makes text of a prompt, the model's own
tokenizer makes tokens of it, and prefill, generation, scoring and counting all use those tokens. A prompt
whose last message is still being spoken is rendered up to the last word spoken, so what was read while
listening is a prefix of what is read when the turn is over. A prompt whose last message is the assistant's is
continued.

A long prompt is read in pieces of `batch_tokens`, each a request of its own. Between two pieces other
conversations get their turn and a cancelled one ends; that is why a prefill in the background delays a
live answer by one piece and not by a whole prompt.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import msgspec

from antiphon.contracts import (
    NEVER,
    Cancel,
    ContractBroken,
    EngineCard,
    EngineSetup,
    Piece,
    Prefilled,
    Prompt,
    Sampling,
)
from antiphon.engines import chat_format
from antiphon.engines.llama_answer import Answer, forced_call
from antiphon.engines.llama_score import Tokens, branches, total
from antiphon.engines.llama_server import LlamaServer
from antiphon.engines.llama_slots import Slot, Slots
from antiphon.engines.settings import decode

_NAME = "llama"
_DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"
_STILL_SPEAKING = "STILL-BEING-SPOKEN"
_SPELLINGS_KEPT = 4096
_TOP = 256  # how many of the likeliest tokens one scoring step asks for
_MAY_LOSE_TOKENS = 16  # what scoring may cost a conversation's cache
_Count = Annotated[int, msgspec.Meta(ge=1)]


class LlamaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be chosen about it."""

    model: str = _DEFAULT_MODEL
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


class Llama:
    """A local language model. Calls that share a `cache_key` wait for each other; others run side by side."""

    card: ClassVar[EngineCard] = EngineCard(
        name=_NAME,
        part="language_model",
        summary="llama.cpp in this process: any GGUF model, offline, reading along while the caller speaks.",
        licence="MIT AND Apache-2.0",
        languages=("en", "zh", "fr", "es", "pt", "de", "it", "ru", "ja", "ko", "vi", "th", "ar"),
        capabilities=frozenset({"prefill", "continue", "score", "tools", "json_schema"}),
        weights=(_DEFAULT_MODEL,),
        concurrency=4,
    )

    def __init__(self, server: LlamaServer, settings: LlamaSettings) -> None:
        self._server = server
        self._slots = Slots(settings.slots)
        self._batch = settings.batch_tokens
        self._calls_in_a_row = settings.calls_in_a_row
        self._workers = ThreadPoolExecutor(2 * settings.slots, thread_name_prefix="llama")
        self._spelled = lru_cache(_SPELLINGS_KEPT)(self._spell)
        self.context_tokens = settings.context_tokens

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load the model: about 2 s for the default one, 1.6 GB with four slots."""
        settings = decode(setup.settings, LlamaSettings, "language_model.llama")
        path = (
            Path(settings.path).expanduser()
            if settings.path
            else setup.weights(settings.model) / "model.gguf"
        )
        server = LlamaServer(
            _NAME,
            path,
            slots=settings.slots,
            context_tokens=settings.context_tokens,
            batch_tokens=settings.batch_tokens,
            threads=setup.threads,
        )
        return cls(server, settings)

    @property
    def listens_on(self) -> Path:
        """The Unix socket llama.cpp serves its tokenizer on, in a folder that only this user may enter."""
        return self._server.socket

    def close(self) -> None:
        """Wait for what is running to end, then unload."""
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._server.close()

    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        """Answer `prompt`; the model decodes on a thread of its own, so a slow reader does not slow it."""
        if prompt.open:
            raise ContractBroken(
                "an open prompt may be prefilled, not answered: its last message is not over"
            )
        after_result = bool(prompt.messages) and prompt.messages[-1].role == "tool"
        if after_result and prompt.tool_choice == "auto" and not self._calls_in_a_row:
            prompt = msgspec.structs.replace(prompt, tool_choice="none")
        call = forced_call(prompt)
        tokens = self._tokens(prompt, call.opening if call else "")
        answer = Answer(prompt, sampling, call, prompt_tokens=len(tokens), cancel=cancel)
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
        """The exact log-probability of each option as the answer's beginning.

        It costs what of `prompt` is not cached yet, and one decoding step (25 to 40 ms with the default model
        on two cores) for each distinct beginning of the options, in tokens: two options of one token each
        cost one step, "look for" and "look up" two. It runs in the conversation's own slot when that
        costs the conversation no more than a few tokens, otherwise in a free one.
        """
        if not options or not all(options):
            raise ContractBroken("score needs at least one option, and none of them empty")
        if prompt.open:
            raise ContractBroken("an open prompt cannot be scored: its last message is not over")
        tokens = self._tokens(prompt)
        spelled = [self._spelled(option) for option in options]
        self._bound(len(tokens) + max(map(len, spelled)))
        slot = self._slots.take_beside(cache_key, tokens, _MAY_LOSE_TOKENS)
        try:
            self._read(slot, tokens[:-1], cancel)
            known: dict[Tokens, float] = {}
            for path, wanted in branches(spelled):
                if cancel.is_set():
                    return ()
                logprobs = self._next_logprobs(slot, [*tokens, *path], wanted)
                known |= {(*path, token): logprob for token, logprob in logprobs.items()}
        finally:
            self._slots.give_back(slot)
        return tuple(total(option, known) for option in spelled)

    def count_tokens(self, prompt: Prompt | str) -> int:
        """By the model's own tokenizer and template, about 0.3 ms for a sentence."""
        if isinstance(prompt, str):
            return len(self._spelled(prompt))
        return len(self._server.tokenize(self._render(prompt), markup=True))

    def _spell(self, text: str) -> tuple[int, ...]:
        return tuple(self._server.tokenize(text, markup=False))

    def _render(self, prompt: Prompt) -> str:
        if not prompt.messages:
            raise ContractBroken("a prompt needs at least one message")
        messages = chat_format.messages(prompt)
        for message in messages:
            message["content"] = chat_format.harmless(message["content"])
        if prompt.open:
            # A space at the end would become part of the next word's token.
            messages[-1]["content"] = messages[-1]["content"].rstrip() + _STILL_SPEAKING
        text = self._server.render(messages, chat_format.tools(prompt) if _shows_tools(prompt) else [])
        return text.rpartition(_STILL_SPEAKING)[0] if prompt.open else text

    def _tokens(self, prompt: Prompt, opening: str = "") -> list[int]:
        tokens = self._server.tokenize(self._render(prompt) + opening, markup=True)
        self._bound(len(tokens) + 1)
        return tokens

    def _bound(self, tokens: int) -> None:
        if tokens > self.context_tokens:
            raise ContractBroken(
                f"{tokens} tokens, with room for one of the answer, are more than the {self.context_tokens}"
                " of the context; shorten the prompt or raise language_model.llama.context_tokens"
            )

    def _read(
        self, slot: Slot, tokens: list[int], cancel: Cancel, at_most_tokens: int | None = None
    ) -> Prefilled:
        """Evaluate `tokens` into `slot`, as far as they are not there yet, and as far as allowed."""
        reused = at = slot.shared(tokens)
        end = len(tokens) if at_most_tokens is None else min(len(tokens), at + at_most_tokens)
        evaluated = 0
        while at < end and not cancel.is_set():
            at = min(at + self._batch, end)
            timings = self._server.complete(_request(slot, tokens[:at], n_predict=0))["timings"]
            if not evaluated:
                reused = timings["cache_n"]
            evaluated += timings["prompt_n"]
            slot.holds(tokens[:at])
        return Prefilled(len(tokens), reused, evaluated)

    def _answer(self, tokens: list[int], answer: Answer, cache_key: str) -> None:
        """On a worker's thread: read, then decode into `answer`."""
        slot = self._slots.take(cache_key, tokens, answer)
        if slot is None:
            return
        try:
            # The last piece belongs to the answer's own request, which evaluates its last token anyway.
            answer.evaluated = self._read(slot, tokens[: -self._batch], answer).evaluated_tokens
            if not answer.is_set():
                self._server.stream(_request(slot, tokens, **answer.request()), answer.receive)
            if said := answer.text():
                slot.holds(tokens, then=self._spell(said))
        except BaseException as error:
            answer.fail(error)
        finally:
            self._slots.give_back(slot)

    def _next_logprobs(self, slot: Slot, tokens: list[int], wanted: Sequence[int]) -> dict[int, float]:
        """The log-probability of each of `wanted` right after `tokens`."""
        slot.holds(tokens)
        found: dict[int, float] = {}
        for token in wanted:
            if token in found:
                continue
            # The bias forces the choice; what is reported is the model's own distribution before it.
            request = _request(
                slot, tokens, n_predict=1, temperature=0.0, logit_bias=[[token, 1000.0]], logprobs=_TOP
            )
            step = self._server.complete(request)["choices"][0]["logprobs"]["content"][0]
            found |= {
                top["id"]: top["logprob"] for top in (*step["top_logprobs"], step) if top["id"] in wanted
            }
        return found


def _shows_tools(prompt: Prompt) -> bool:
    """Small models talk about tools they see and may not call: they are hidden, at the price of the cache.

    After a tool's result they do not, and there the rest of the prompt stays where it was cached.
    """
    return prompt.tool_choice != "none" or prompt.messages[-1].role == "tool"


def _request(slot: Slot, tokens: Sequence[int], **more: Any) -> Mapping[str, Any]:
    return {"prompt": list(tokens), "id_slot": slot.number, "cache_prompt": True, **more}
