"""Language by any server that speaks OpenAI's chat completions: vLLM, SGLang, llama.cpp, Ollama, a service.

Such a server keeps its own prompt cache and offers no way to fill it ahead of time, so `prefill` does
nothing; nor does it tell the probability of an answer it did not choose, so there is no `score`.

Tokens of a text are counted by the server where it has `/tokenize` (llama.cpp and vLLM do). Otherwise they
are estimated as a third of its UTF-8 bytes, which errs on the high side, as a budget should. What a template
adds to a prompt is always an estimate: eight tokens a message.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import ceil
from typing import Annotated, Any, ClassVar, Self

import msgspec

from antiphon.contracts import (
    NEVER,
    AntiphonError,
    Cancel,
    ContractBroken,
    EngineCard,
    EngineSetup,
    Message,
    Piece,
    Prefilled,
    Prompt,
    Sampling,
)
from antiphon.contracts.settings import decode
from antiphon.engines import chat_format
from antiphon.engines.chat_stream import ChatStream
from antiphon.engines.remote import Remote, ServerSettings
from antiphon.engines.tool_text import reader

_NAME = "openai"
_COUNTS_KEPT = 4096
_BYTES_PER_TOKEN_MIN = 3
_BYTES_PER_TOKEN_MAX = 16  # no prose comes near it: a prompt above it is certainly too long
_TEMPLATE_TOKENS = 8


class RemoteLanguageModelSettings(ServerSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `language_model.openai`."""

    context_tokens: Annotated[int, msgspec.Meta(ge=256)] = 8192
    """The longest prompt plus answer the server's model takes."""
    extra: Mapping[str, Any] = {}
    """Added to every request, such as `{cache_prompt = true}`."""


class RemoteLanguageModel:
    """A language model behind an OpenAI-compatible server."""

    card: ClassVar[EngineCard] = EngineCard(
        name=_NAME,
        part="language_model",
        summary="Any OpenAI-compatible chat server: your own on a GPU, or a service.",
        licence="service",
        capabilities=frozenset({"tools", "json_schema"}),
        concurrency=8,
    )
    settings_kind: ClassVar[type[RemoteLanguageModelSettings]] = RemoteLanguageModelSettings

    def __init__(self, remote: Remote, settings: RemoteLanguageModelSettings) -> None:
        self._remote = remote
        self._settings = settings
        self._counts = True
        self._count_text = lru_cache(_COUNTS_KEPT)(self._counted)
        self.context_tokens = settings.context_tokens

    @classmethod
    def open(cls, setup: EngineSetup) -> Self:
        """Prepare the connection; the server is first spoken to when something is asked of it."""
        settings = decode(setup.settings, RemoteLanguageModelSettings, "language_model.openai")
        return cls(Remote(_NAME, settings), settings)

    def close(self) -> None:
        """Break off what is under way."""
        self._remote.close()

    def generate(
        self, prompt: Prompt, sampling: Sampling = Sampling(), *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> Iterator[Piece]:
        """Answer `prompt`. Cancelling closes the connection, which servers take as a sign to stop."""
        _check(prompt)
        if _bytes(prompt) > self.context_tokens * _BYTES_PER_TOKEN_MAX:
            raise ContractBroken(
                f"a prompt of {_bytes(prompt)} bytes cannot fit {self.context_tokens} tokens; shorten it, or"
                " raise language_model.openai.context_tokens if the server's model takes more"
            )
        return self._pieces(prompt, _request(prompt, sampling, self._settings), cancel)

    def prefill(
        self,
        prompt: Prompt,
        *,
        cache_key: str = "",
        cancel: Cancel = NEVER,
        at_most_tokens: int | None = None,
    ) -> Prefilled:
        """Nothing: the server has no way to ask for it."""
        return Prefilled(0, 0, 0)

    def score(
        self, prompt: Prompt, options: Sequence[str], *, cache_key: str = "", cancel: Cancel = NEVER
    ) -> tuple[float, ...]:
        """Always refused: the protocol does not tell what was not chosen."""
        raise ContractBroken(f"{_NAME} cannot score options: its card lacks the capability 'score'")

    def count_tokens(self, prompt: Prompt | str) -> int:
        """The server's count of a text, or an estimate that errs on the high side; see this module's text."""
        if isinstance(prompt, str):
            return self._count_text(prompt)
        tools = json.dumps(chat_format.tools(prompt)) if prompt.tools else ""
        written = [text for message in prompt.messages for text in _texts(message)]
        return sum(map(self._count_text, (*written, tools))) + _TEMPLATE_TOKENS * (1 + len(prompt.messages))

    def _pieces(self, prompt: Prompt, request: Mapping[str, Any], cancel: Cancel) -> Iterator[Piece]:
        stream = ChatStream(_NAME, reader(prompt), must_call=prompt.tool_choice not in ("auto", "none"))
        body = self._remote.stream("chat/completions", cancel, json=request)
        try:
            for data in body:
                yield from stream.feed(data)
                if stream.done:
                    break
        finally:
            body.close()
        yield from stream.finish(cancelled=cancel.is_set() and not stream.done)

    def _counted(self, text: str) -> int:
        if self._counts and text:
            try:
                return self._asked(text)
            except AntiphonError:
                self._counts = False  # it has no such thing, and would not have it next time
        return ceil(len(text.encode()) / _BYTES_PER_TOKEN_MIN)

    def _asked(self, text: str) -> int:
        """llama.cpp reads `content` and vLLM `prompt`; each ignores the other's."""
        request = {
            "content": text,
            "prompt": text,
            "model": self._settings.model,
            "add_special_tokens": False,
        }
        answer = self._remote.fetch("../tokenize", NEVER, json=request)
        try:
            return len(json.loads(answer)["tokens"])
        except (ValueError, KeyError, TypeError) as error:
            raise ContractBroken("this server's /tokenize speaks another language") from error


def _check(prompt: Prompt) -> None:
    if prompt.open:
        raise ContractBroken("an open prompt cannot be answered: its last message is not over")
    if not prompt.messages:
        raise ContractBroken("a prompt needs at least one message")


def _texts(message: Message) -> Iterator[str]:
    yield message.content
    for call in message.tool_calls:
        yield call.name
        yield call.arguments


def _bytes(prompt: Prompt) -> int:
    return sum(len(text.encode()) for message in prompt.messages for text in _texts(message))


def _request(prompt: Prompt, sampling: Sampling, settings: RemoteLanguageModelSettings) -> Mapping[str, Any]:
    request: dict[str, Any] = {
        "model": settings.model,
        "messages": chat_format.messages(prompt),
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
    }
    if sampling.seed is not None:
        request["seed"] = sampling.seed
    if sampling.stop:
        request["stop"] = list(sampling.stop)
    if sampling.json_schema is not None:
        schema = {"name": "answer", "schema": dict(sampling.json_schema), "strict": True}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    if prompt.tools:
        request |= _tools(prompt)
    return request | dict(settings.extra)


def _tools(prompt: Prompt) -> Mapping[str, Any]:
    """The tools and the choice. One that must be called goes alone: not every server takes a name."""
    tools, choice = chat_format.tools(prompt), prompt.tool_choice
    if choice in ("auto", "none", "required"):
        return {"tools": tools, "tool_choice": choice}
    named = [tool for tool in tools if tool["function"]["name"] == choice]
    if not named:
        raise ContractBroken(f"tool_choice {choice!r} names none of the prompt's tools")
    return {"tools": named, "tool_choice": "required"}
