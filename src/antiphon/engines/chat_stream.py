"""Reading a streamed chat completion: server-sent events in, pieces out."""

from collections.abc import Iterator
from secrets import token_hex
from typing import Any, Literal

import msgspec

from antiphon.contracts import EngineBroken, Finish, Piece, TextDelta, ToolCall, Usage
from antiphon.engines.tool_text import ToolText

_LINE_BYTES_MAX = 1_000_000
_FINISHES: dict[str, Literal["stop", "length", "tool_calls"]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "stop",
}


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Fragment(msgspec.Struct):
    index: int = 0
    id: str | None = None
    function: _Function = msgspec.field(default_factory=_Function)


class _Delta(msgspec.Struct):
    content: str | None = None
    tool_calls: list[_Fragment] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)
    finish_reason: str | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Chunk(msgspec.Struct):
    """What we read of one event; servers add much of their own."""

    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: Any = None


class _Call(msgspec.Struct):
    """A tool call that is still arriving."""

    call_id: str = ""
    name: str = ""
    arguments: str = ""


class ChatStream:
    """One answer. Feed it bytes as they come, cut anywhere; then `finish`.

    A tool call arrives in fragments and is handed out whole, when the answer ends; or it arrives as text,
    from servers that do not know how their model writes one, and is told from speech.
    """

    def __init__(self, engine: str, tool_text: ToolText | None = None, *, must_call: bool = False) -> None:
        """Read an answer to a prompt that `must_call` a tool, or may; `tool_text` tells calls from speech."""
        self._engine = engine
        self._tool_text = tool_text
        self._must_call = must_call
        self._held = b""
        self._calls: dict[int, _Call] = {}
        self._reason = ""
        self._usage = Usage()
        self._pieces = 0
        self.done = False
        """Whether the server has said that this was all."""

    def feed(self, data: bytes) -> Iterator[TextDelta | ToolCall]:
        """What `data` makes certain."""
        *lines, self._held = (self._held + data).split(b"\n")
        if len(self._held) > _LINE_BYTES_MAX:
            raise EngineBroken(self._engine, f"it sent a line of more than {_LINE_BYTES_MAX} bytes")
        for line in lines:
            if self.done:
                return
            yield from self._read(line.rstrip(b"\r"))

    def finish(self, *, cancelled: bool = False) -> Iterator[Piece]:
        """The tool calls and the `Finish`.

        Raises:
            EngineBroken: the server stopped in the middle.
        """
        if cancelled:
            yield Finish("cancelled", msgspec.structs.replace(self._usage, completion_tokens=self._pieces))
            return
        if not self._reason:
            raise EngineBroken(self._engine, "its answer broke off without an end")
        if self._tool_text:
            yield from self._tool_text.finish()
        for number in sorted(self._calls):
            call = self._calls[number]
            yield ToolCall(call.call_id or f"call_{token_hex(8)}", call.name, call.arguments or "{}")
        if self._must_call and not self._has_called and self._reason != "length":
            raise EngineBroken(self._engine, "it was to call a tool and did not; can the server force it?")
        # Servers that were told to call a tool say "stop" when they have.
        reason = "tool_calls" if self._has_called and self._reason == "stop" else self._reason
        yield Finish(_FINISHES.get(reason, "stop"), self._usage)

    @property
    def _has_called(self) -> bool:
        return bool(self._calls) or (self._tool_text is not None and self._tool_text.called)

    def _read(self, line: bytes) -> Iterator[TextDelta | ToolCall]:
        if not line.startswith(b"data:"):
            self._check_framing(line)
            return
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            self.done = True
            return
        try:
            chunk = msgspec.json.decode(data, type=_Chunk)
        except msgspec.MsgspecError as error:
            raise self._nonsense(data) from error
        if chunk.error is not None:
            raise EngineBroken(self._engine, f"it failed on the way: {str(chunk.error)[:300]}")
        if chunk.choices is None and chunk.usage is None:
            raise self._nonsense(data)
        yield from self._take(chunk)

    def _nonsense(self, data: bytes) -> EngineBroken:
        return EngineBroken(self._engine, f"it sent what is no chat completion: {data[:80]!r}")

    def _check_framing(self, line: bytes) -> None:
        if line and not line.startswith((b":", b"event:", b"id:", b"retry:")):
            raise EngineBroken(self._engine, f"it sent what is no event stream: {line[:80]!r}")

    def _take(self, chunk: _Chunk) -> Iterator[TextDelta | ToolCall]:
        if chunk.usage is not None:
            details = chunk.usage.prompt_tokens_details
            cached = (details.cached_tokens if details else None) or 0
            self._usage = Usage(chunk.usage.prompt_tokens, cached, chunk.usage.completion_tokens)
        for choice in chunk.choices or ():
            for fragment in choice.delta.tool_calls or ():
                self._take_fragment(fragment)
            if text := choice.delta.content:
                yield from self._take_text(text)
            self._reason = choice.finish_reason or self._reason

    def _take_fragment(self, fragment: _Fragment) -> None:
        call = self._calls.setdefault(fragment.index, _Call())
        call.call_id = fragment.id or call.call_id
        call.name += fragment.function.name or ""
        call.arguments += fragment.function.arguments or ""

    def _take_text(self, text: str) -> Iterator[TextDelta | ToolCall]:
        self._pieces += 1
        if self._tool_text is None:
            yield TextDelta(text)
            return
        yield from self._tool_text.feed(text)
        if self._must_call and self._tool_text.called:
            self.done, self._reason = True, "tool_calls"  # nothing the model adds is wanted
