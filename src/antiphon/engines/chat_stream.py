"""Reading a streamed chat completion: server-sent events in, pieces out."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from antiphon.contracts import EngineBroken, Finish, Piece, TextDelta, ToolCall, Usage

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

    A tool call arrives in fragments and is handed out whole, when the answer ends.
    """

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._held = b""
        self._calls: dict[int, _Call] = {}
        self._reason = ""
        self._usage = Usage()
        self._pieces = 0
        self.done = False
        """Whether the server has said that this was all."""

    def feed(self, data: bytes) -> Iterator[TextDelta]:
        """The text in `data`."""
        *lines, self._held = (self._held + data).split(b"\n")
        if len(self._held) > _LINE_BYTES_MAX:
            raise EngineBroken(self._engine, f"it sent a line of more than {_LINE_BYTES_MAX} bytes")
        for line in lines:
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
        for number in sorted(self._calls):
            call = self._calls[number]
            yield ToolCall(call.call_id or f"call_{number}", call.name, call.arguments or "{}")
        # Servers that were told to call a named tool say "stop" when they have.
        reason = "tool_calls" if self._calls and self._reason == "stop" else self._reason
        yield Finish(_FINISHES.get(reason, "stop"), self._usage)

    def _read(self, line: bytes) -> Iterator[TextDelta]:
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

    def _take(self, chunk: _Chunk) -> Iterator[TextDelta]:
        if chunk.usage is not None:
            details = chunk.usage.prompt_tokens_details
            cached = (details.cached_tokens if details else None) or 0
            self._usage = Usage(chunk.usage.prompt_tokens, cached, chunk.usage.completion_tokens)
        for choice in chunk.choices or ():
            for fragment in choice.delta.tool_calls or ():
                call = self._calls.setdefault(fragment.index, _Call())
                call.call_id = fragment.id or call.call_id
                call.name += fragment.function.name or ""
                call.arguments += fragment.function.arguments or ""
            if text := choice.delta.content:
                self._pieces += 1
                yield TextDelta(text)
            self._reason = choice.finish_reason or self._reason
