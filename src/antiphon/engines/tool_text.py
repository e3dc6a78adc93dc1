"""Telling a language model's speech from its tool calls while both arrive as one stream of text.

Models are taught to wrap a call in `<tool_call>` and `</tool_call>`; small ones forget. What they write
instead is a fenced block, or the bare JSON object, now and then with its outer braces doubled. All of these
count. Text that may yet turn out to begin a call is held back, so that half a call is never spoken.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from antiphon.contracts import TextDelta, Tool, ToolCall

_OPENINGS = ("<tool_call>", "```", "{")
_WRAPPING = re.compile(r"\s*(?:<tool_call>|```[a-z]*\s)?\s*")
_UNWRAPPING = re.compile(r"[\s}]*(?:</tool_call>|```)?\s*")
_DECODER = json.JSONDecoder()


class ToolText:
    """Reads one answer. Feed it as it comes, then `finish`."""

    def __init__(self, tools: tuple[Tool, ...], first_id: int = 0) -> None:
        self._names = {tool.name for tool in tools}
        self._held = ""
        self._next_id = first_id
        self.called = False
        """Whether any call has been made."""

    def feed(self, text: str) -> Iterator[TextDelta | ToolCall]:
        """What is now certain."""
        self._held += text
        while self._held:
            at = _opening(self._held)
            if at > 0:
                speech, self._held = self._held[:at], self._held[at:]
                yield from self._spoken(speech)
            elif (found := self._call_at_start()) is not None:
                call, self._held = found
                yield call
            else:
                return

    def finish(self) -> Iterator[TextDelta | ToolCall]:
        """What the end of the answer makes certain. A call that never became whole is dropped."""
        held, self._held = self._held, ""
        if not self._looks_like_a_call(held):
            yield from self._spoken(held)

    def _spoken(self, text: str) -> Iterator[TextDelta]:
        if self.called:  # what closes a call is no speech
            text = _UNWRAPPING.sub("", text, count=1)
        if text:
            yield TextDelta(text)

    def _call_at_start(self) -> tuple[ToolCall, str] | None:
        """The call that the held text begins with, and the text after it; None while it is not whole."""
        wrapping = _WRAPPING.match(self._held)
        start = wrapping.end() if wrapping else 0
        for brace in (start, start + 1):
            if self._held[brace : brace + 1] != "{":
                continue
            try:
                value, end = _DECODER.raw_decode(self._held, brace)
            except json.JSONDecodeError:
                continue
            if call := self._call(value):
                return call, _UNWRAPPING.sub("", self._held[end:], count=1)
        return None

    def _call(self, value: Any) -> ToolCall | None:
        fields = cast(dict[str, Any], value) if isinstance(value, dict) else {}
        arguments = fields.get("arguments", fields.get("parameters", {}))
        if isinstance(arguments, str):
            arguments = _parsed(arguments)
        if fields.get("name") not in self._names or not isinstance(arguments, dict):
            return None
        self.called = True
        self._next_id += 1
        return ToolCall(f"call_{self._next_id}", fields["name"], json.dumps(arguments, ensure_ascii=False))

    def _looks_like_a_call(self, text: str) -> bool:
        if "<tool_call>" in text:
            return True
        return text.lstrip().startswith(_OPENINGS) and any(f'"{name}"' in text for name in self._names)


def _opening(text: str) -> int:
    """Where a call may begin in `text`, or its length when nowhere."""
    at = min((i for opening in _OPENINGS if (i := text.find(opening)) >= 0), default=len(text))
    # The end of the text may be the first half of an opening.
    for opening in _OPENINGS:
        for length in range(min(len(opening) - 1, len(text)), 0, -1):
            if text.endswith(opening[:length]):
                at = min(at, len(text) - length)
    return at


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None
