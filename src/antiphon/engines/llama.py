"""Language by llama.cpp: any GGUF model, on any machine, in this process."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from antiphon.contracts import Cancel, EngineCard, EngineSetup, Prefilled, Usage
from antiphon.contracts.settings import decode
from antiphon.engines.llama_server import Chunk, LlamaServer
from antiphon.engines.local_answer import Answer
from antiphon.engines.local_model import (
    CAPABILITIES,
    DEFAULT_MODEL,
    LANGUAGES,
    LocalModel,
    LocalSettings,
    loaded,
)
from antiphon.engines.local_score import Tokens, branches, total
from antiphon.engines.local_slots import Slot

_TOP = 256  # how many of the likeliest tokens one scoring step asks for
_NO_CALL = r"root ::= [^{}<>`\[ \n] [^{}<>`\[]*"


class Llama(LocalModel):
    """A local language model. Calls that share a `cache_key` wait for each other; others run side by side.

    Scores cost what of the prompt is not cached yet, and one decoding step for each distinct beginning of the
    options, in tokens: two options of one token each cost one step, "look for" and "look up" two. In an open
    prompt only the 256 likeliest continuations are told: a token that is not among them counts as likely as
    the last of those, which is more than it is.
    """

    _name = "llama"
    card: ClassVar[EngineCard] = EngineCard(
        name=_name,
        part="language_model",
        summary="llama.cpp in this process: any GGUF model, offline, reading along while the caller speaks.",
        licence="MIT AND Apache-2.0",
        languages=LANGUAGES,
        capabilities=CAPABILITIES,
        weights=(DEFAULT_MODEL,),
        concurrency=4,
    )
    settings_kind: ClassVar[type[LocalSettings]] = LocalSettings

    def __init__(self, server: LlamaServer, settings: LocalSettings) -> None:
        super().__init__(settings)
        self._server = server

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Load the model: about 2 s for the default one, 1.6 GB with four slots."""
        settings = decode(setup.settings, LocalSettings, "language_model.llama")
        server = loaded(LlamaServer, cls._name, settings, setup)
        return cls(server, settings)

    @property
    def listens_on(self) -> Path:
        """The Unix socket llama.cpp serves its tokenizer on, in a folder that only this user may enter."""
        return self._server.socket

    def _tokenize(self, text: str, *, markup: bool) -> list[int]:
        return self._server.tokenize(text, markup=markup)

    def _render(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> str:
        return self._server.render(messages, tools)

    def _unload(self) -> None:
        self._server.close()

    def _read(
        self, slot: Slot, tokens: list[int], cancel: Cancel, at_most_tokens: int | None = None
    ) -> Prefilled:
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

    def _decode(self, slot: Slot, tokens: list[int], answer: Answer) -> None:
        # The last piece belongs to the answer's own request, which evaluates its last token anyway.
        evaluated = self._read(slot, tokens[: -self._batch], answer).evaluated_tokens
        if not answer.is_set():
            self._server.stream(
                _request(slot, tokens, **_drawn(answer)), lambda chunk: _receive(chunk, answer, evaluated)
            )
        if said := answer.text():
            slot.holds(tokens, then=self._spell(said))

    def _score(
        self, slot: Slot, tokens: list[int], options: Sequence[Tokens], cancel: Cancel, *, exact: bool
    ) -> tuple[float, ...]:
        self._read(slot, tokens[:-1], cancel)
        known: dict[Tokens, float] = {}
        for path, wanted in branches(options):
            if cancel.is_set():
                return ()
            told = self._forced_logprobs if exact else self._listed_logprobs
            logprobs = told(slot, [*tokens, *path], wanted)
            known |= {(*path, token): logprob for token, logprob in logprobs.items()}
        return tuple(total(option, known) for option in options)

    def _forced_logprobs(self, slot: Slot, tokens: list[int], wanted: Sequence[int]) -> dict[int, float]:
        """The log-probability of each of `wanted` right after `tokens`."""
        found: dict[int, float] = {}
        for token in wanted:
            if token not in found:
                # The bias forces the choice; what is reported is the model's own distribution before it.
                told = self._next_logprobs(slot, tokens, logit_bias=[[token, 1000.0]])
                found |= {each: told[each] for each in wanted if each in told}
        return found

    def _listed_logprobs(self, slot: Slot, tokens: list[int], wanted: Sequence[int]) -> dict[int, float]:
        """The same in one step; what is not among the likeliest counts as the least likely of them."""
        told = self._next_logprobs(slot, tokens)
        return {token: told.get(token, min(told.values())) for token in wanted}

    def _next_logprobs(self, slot: Slot, tokens: list[int], **more: Any) -> dict[int, float]:
        slot.holds(tokens)
        request = _request(slot, tokens, n_predict=1, temperature=0.0, logprobs=_TOP, **more)
        step = self._server.complete(request)["choices"][0]["logprobs"]["content"][0]
        return {top["id"]: top["logprob"] for top in (*step["top_logprobs"], step)}


def _drawn(answer: Answer) -> Mapping[str, Any]:
    """The sampling part of the request that makes `answer`."""
    sampling = answer.sampling
    request: dict[str, Any] = {
        "n_predict": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "min_p": 0.0,
        "seed": -1 if sampling.seed is None else sampling.seed,
        "stop": list(sampling.stop),
    }
    if answer.schema is not None:
        request["json_schema"] = dict(answer.schema)
    elif answer.may_not_call:
        request["grammar"] = _NO_CALL
    return request


def _receive(chunk: Chunk, answer: Answer, evaluated: int) -> bool:
    """Take what the model said next; True stops it. Runs once per token, so it does next to nothing."""
    choice = chunk["choices"][0]
    if text := choice["text"]:
        answer.say(text)
    if reason := choice["finish_reason"]:
        usage = chunk["usage"]
        cached = usage["prompt_tokens_details"]["cached_tokens"] - evaluated
        answer.end(
            "length" if reason == "length" else "stop",
            Usage(usage["prompt_tokens"], cached, usage["completion_tokens"]),
        )
    return answer.is_set()


def _request(slot: Slot, tokens: Sequence[int], **more: Any) -> Mapping[str, Any]:
    return {"prompt": list(tokens), "id_slot": slot.number, "cache_prompt": True, **more}
