"""One answer on its way from the thread that decodes it to the thread that reads it."""

import json
import queue
from collections.abc import Callable, Iterator, Mapping
from threading import Event
from typing import Any, Literal

import msgspec

from antiphon.contracts import (
    Cancel,
    ContractBroken,
    EngineBroken,
    Finish,
    Piece,
    Prompt,
    Sampling,
    TextDelta,
    Tool,
    Usage,
    Weighed,
)
from antiphon.engines.tool_text import ToolText, reader

_POLL_SECONDS = 0.02  # how late a cancel may be noticed


class ForcedCall(msgspec.Struct, frozen=True):
    """A call the model must make: how its answer is begun for it, and what may follow."""

    opening: str
    schema: Mapping[str, Any]


def forced_call(prompt: Prompt) -> ForcedCall | None:
    """What `prompt.tool_choice` forces, or None where the model is free."""
    if prompt.tool_choice in ("auto", "none"):
        return None
    allowed = [t for t in prompt.tools if prompt.tool_choice in ("required", t.name)]
    if not allowed:
        raise ContractBroken(f"tool_choice {prompt.tool_choice!r} names none of the prompt's tools")
    schemas = [_call_schema(tool) for tool in allowed]
    return ForcedCall("<tool_call>\n", schemas[0] if len(schemas) == 1 else {"anyOf": schemas})


class Answer:
    """A bounded stream with one writer and one reader, either of whom may end it.

    It is also the `Cancel` of its own work: raised by the caller's flag or by a reader who walks away.
    """

    def __init__(
        self,
        engine: str,
        prompt: Prompt,
        sampling: Sampling,
        call: ForcedCall | None,
        *,
        prompt_tokens: int,
        cancel: Cancel,
    ) -> None:
        self._engine = engine
        self._sampling = sampling
        self._call = call
        self._tool_text = reader(prompt)
        self._may_call = bool(prompt.tools) and prompt.tool_choice != "none"
        self._cancel = cancel
        self._left = Event()
        # Unbounded by type, bounded by what goes in: at most `max_tokens` pieces and one end.
        self._queue: queue.SimpleQueue[Weighed | TextDelta | Finish | BaseException] = queue.SimpleQueue()
        self._said: list[str] = []
        self._prompt_tokens = prompt_tokens
        self._tokens = 0
        self.cached_tokens = 0
        """Of the prompt, there before any of this answer; an engine that knows it beforehand says so."""

    def is_set(self) -> bool:
        """True once nobody wants the rest."""
        return self._left.is_set() or self._cancel.is_set()

    @property
    def sampling(self) -> Sampling:
        """How it is drawn."""
        return self._sampling

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """The JSON Schema that its text must conform to, if any."""
        return self._call.schema if self._call else self._sampling.json_schema

    @property
    def may_not_call(self) -> bool:
        """Whether it could hold a call, for the calls it sees in its past, and must not."""
        return self.schema is None and self._tool_text is not None and not self._may_call

    def say(self, text: str, *, tokens: int = 1) -> None:
        """Take what `tokens` more made certain, maybe nothing. It does next to nothing itself."""
        self._tokens += tokens
        if text:
            self._said.append(text)
            self._queue.put(TextDelta(text))

    def weigh(self, scores: tuple[float, ...]) -> None:
        """Tell what was weighed on the way to the first token."""
        self._queue.put(Weighed(scores))

    def end(self, reason: Literal["stop", "length"], usage: Usage) -> None:
        """All is said. The usage's cached tokens are those that were there before any of this answer."""
        self._queue.put(Finish(reason, usage))

    def fail(self, error: BaseException) -> None:
        """End with an error, which the reader will meet."""
        self._queue.put(error)

    def text(self) -> str:
        """Everything said so far."""
        return "".join(self._said)

    def pieces(self, start: Callable[[], object]) -> Iterator[Piece]:
        """The answer, for its one reader, who makes it `start`. Closing it early cancels."""
        tool_text = self._tool_text
        try:
            start()
            if self._call and tool_text:
                yield from tool_text.feed(self._call.opening)
            while True:
                item = self._next()
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, Finish):
                    yield from self._ending(item, tool_text)
                    return
                if isinstance(item, TextDelta) and tool_text:
                    yield from tool_text.feed(item.text)
                else:
                    yield item
        finally:
            self._left.set()

    def _next(self) -> Weighed | TextDelta | Finish | BaseException:
        while not self.is_set():
            try:
                return self._queue.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
        return Finish("cancelled", Usage(self._prompt_tokens, self.cached_tokens, self._tokens))

    def _ending(self, finish: Finish, tool_text: ToolText | None) -> Iterator[Piece]:
        reason = finish.reason
        if tool_text and reason != "cancelled":
            yield from tool_text.finish()
            if tool_text.called and reason == "stop":
                reason = "tool_calls"
        if reason == "stop":
            self._check_form()
        yield Finish(reason, finish.usage)

    def _check_form(self) -> None:
        """llama.cpp answers freely, without a word, where it does not understand a schema."""
        if self._call:
            raise EngineBroken(self._engine, f"it was to call a tool and said {self.text()[:80]!r}")
        if self._sampling.json_schema is not None:
            try:
                json.loads(self.text())
            except json.JSONDecodeError as error:
                raise EngineBroken(
                    self._engine, "it does not understand the JSON schema it was given"
                ) from error


def _call_schema(tool: Tool) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": {
            "name": {"const": tool.name},
            "arguments": dict(tool.parameters) or {"type": "object"},
        },
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }
