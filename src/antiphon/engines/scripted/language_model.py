"""A language model that says what stands in its script, or what it was told."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from math import log
from typing import Annotated, Any, ClassVar, Self, TypeAlias

import msgspec
from msgspec.structs import replace

from antiphon.contracts import (
    NEVER,
    Cancel,
    ContractBroken,
    EngineCard,
    EngineSetup,
    Finish,
    Piece,
    Prefilled,
    Prompt,
    Sampling,
    TextDelta,
    ToolCall,
    Usage,
    Weighed,
)
from antiphon.contracts.settings import decode
from antiphon.engines.scripted.prompts import PromptCache, example, prompt_tokens
from antiphon.engines.scripted.waiting import waited

_MENTIONED = 0.9  # of the probability goes to words of the question
_OTHERS = 10_000  # words share the rest


class ScriptedCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer that asks for a tool."""

    tool: str
    arguments: dict[str, Any] = {}


Answer: TypeAlias = str | ScriptedCall


class LanguageModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table `language_model.scripted`."""

    answers: tuple[Answer, ...] = ()
    """The first is for a prompt without assistant messages, the second for a prompt with one, and so on,
    beginning anew after the last. Empty: it answers "You said: ..." with the last message's words. A prompt
    that ends with the beginning of the scripted answer gets the rest of it."""
    scores: Mapping[str, float] = {}
    """The log-probability of an option, where the rule does not do: words of the question are likely."""
    context_tokens: Annotated[int, msgspec.Meta(ge=16)] = 4096
    first_token_ms: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """How long the first token takes, the prompt being in the cache."""
    prompt_token_ms: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """How long each token of the prompt takes that is not."""
    token_ms: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """How long each further token takes."""


class ScriptedLanguageModel:
    """A token is a word. Nothing is remembered between calls but which prompt each cache key last held."""

    card: ClassVar[EngineCard] = EngineCard(
        name="scripted",
        part="language_model",
        summary="Answers from a script, or repeats what was said; for tests and load.",
        licence="Apache-2.0",
        capabilities=frozenset({"prefill", "continue", "score", "weigh", "tools", "json_schema"}),
        concurrency=16,
    )
    settings_kind: ClassVar[type[LanguageModelSettings]] = LanguageModelSettings

    def __init__(self, settings: LanguageModelSettings) -> None:
        self._settings = settings
        self._cache = PromptCache()
        self.context_tokens = settings.context_tokens

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Read the script."""
        return cls(decode(setup.settings, LanguageModelSettings, "language_model.scripted"))

    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        """The scripted answer, a word at a time, each with the space before it."""
        tokens = self._answerable(prompt)
        read = self._cache.look(cache_key, tokens)
        self._cache.hold(cache_key, tokens)
        if sampling.weigh is not None:
            yield Weighed(self.score(sampling.weigh.prompt, sampling.weigh.options))
        usage = Usage(read.prompt_tokens, read.reused_tokens)
        answer = _answer(self._settings.answers, prompt, sampling)
        spoken: list[TextDelta | ToolCall]
        spoken = [answer] if isinstance(answer, ToolCall) else _deltas(answer)
        wait_ms = self._settings.first_token_ms + self._settings.prompt_token_ms * read.evaluated_tokens
        for count, piece in enumerate(spoken[: sampling.max_tokens]):
            if not waited(wait_ms, cancel):
                yield Finish("cancelled", replace(usage, completion_tokens=count))
                return
            yield piece
            wait_ms = self._settings.token_ms
        said = replace(usage, completion_tokens=min(len(spoken), sampling.max_tokens))
        if isinstance(answer, ToolCall):
            yield Finish("tool_calls", said)
        else:
            yield Finish("stop" if len(spoken) <= sampling.max_tokens else "length", said)

    def prefill(
        self,
        prompt: Prompt,
        *,
        cache_key: str = "",
        cancel: Cancel = NEVER,
        at_most_tokens: int | None = None,
    ) -> Prefilled:
        """Read `prompt`, open or not, as long as that takes; cancelled, nothing of it stays."""
        tokens = prompt_tokens(prompt)
        read = self._cache.look(cache_key, tokens)
        if at_most_tokens is not None:
            read = replace(read, evaluated_tokens=min(read.evaluated_tokens, at_most_tokens))
        if not waited(self._settings.prompt_token_ms * read.evaluated_tokens, cancel):
            return replace(read, evaluated_tokens=0)
        self._cache.hold(cache_key, tokens[: read.reused_tokens + read.evaluated_tokens])
        return read

    def score(
        self, prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> tuple[float, ...]:
        """As the script says; else words of the last message are likely, and all others are not.

        An open prompt is read, as long as that takes, and stays in the cache.
        """
        if not options:
            raise ContractBroken("score() needs at least one option")
        self._bounded(prompt)
        if cancel.is_set():
            return ()
        if prompt.open:
            read = self.prefill(prompt, cache_key=cache_key, cancel=cancel)
            if read.reused_tokens + read.evaluated_tokens < read.prompt_tokens:
                return ()
        question = _words(prompt.messages[-1].content)
        return tuple(self._settings.scores.get(option, _rule(option, question)) for option in options)

    def count_tokens(self, prompt: Prompt | str) -> int:
        """Words; a prompt has one more for each role and tool, and one that asks for the answer."""
        return len(prompt.split() if isinstance(prompt, str) else prompt_tokens(prompt))

    def close(self) -> None:
        """Nothing to let go of."""

    def _answerable(self, prompt: Prompt) -> list[str]:
        if prompt.open:
            raise ContractBroken("an open prompt cannot be answered; prefill it, or close it")
        return self._bounded(prompt)

    def _bounded(self, prompt: Prompt) -> list[str]:
        if not prompt.messages:
            raise ContractBroken("an empty prompt asks nothing")
        tokens = prompt_tokens(prompt)
        if len(tokens) > self.context_tokens:
            raise ContractBroken(f"the prompt has {len(tokens)} tokens and the context {self.context_tokens}")
        return tokens


def _answer(script: Sequence[Answer], prompt: Prompt, sampling: Sampling) -> str | ToolCall:
    """The answer, or the rest of one whose beginning is the prompt's last message."""
    *earlier, last = prompt.messages
    if earlier and last.role == "assistant" and not last.tool_calls:
        whole = _whole(script, replace(prompt, messages=tuple(earlier)), sampling)
        # One that is whole is followed by the next answer of the script: the agent speaks again.
        if isinstance(whole, str) and whole.startswith(last.content) and whole != last.content:
            return whole.removeprefix(last.content)
    return _whole(script, prompt, sampling)


def _whole(script: Sequence[Answer], prompt: Prompt, sampling: Sampling) -> str | ToolCall:
    answered = sum(message.role == "assistant" for message in prompt.messages)
    scripted = script[answered % len(script)] if script else None
    call = _call(scripted, prompt, f"call_{answered + 1}")
    if call is not None:
        return call
    heard = prompt.messages[-1].content
    if sampling.json_schema is not None and not script:
        return json.dumps(example(sampling.json_schema, heard))
    text = scripted if isinstance(scripted, str) else f"You said: {heard}"
    ends = [end for stop in sampling.stop if stop and (end := text.find(stop)) >= 0]
    return text[: min(ends, default=len(text))]


def _deltas(text: str) -> list[TextDelta | ToolCall]:
    return [TextDelta(token) for token in re.findall(r"\s*\S+", text)]


def _call(scripted: Answer | None, prompt: Prompt, call_id: str) -> ToolCall | None:
    if prompt.tool_choice == "none" or not prompt.tools:
        return None
    if isinstance(scripted, ScriptedCall):
        return ToolCall(call_id, scripted.tool, json.dumps(scripted.arguments))
    if prompt.tool_choice == "auto":
        return None
    named = (tool for tool in prompt.tools if prompt.tool_choice in (tool.name, "required"))
    tool = next(named, None)
    if tool is None:
        raise ContractBroken(f"tool_choice names {prompt.tool_choice!r}, which is not among the tools")
    return ToolCall(call_id, tool.name, json.dumps(example(tool.parameters, prompt.messages[-1].content)))


def _rule(option: str, question: set[str]) -> float:
    shares = (
        _MENTIONED / len(question) if word in question else (1 - _MENTIONED) / _OTHERS
        for word in _words(option)
    )
    return sum(log(share) for share in shares)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
