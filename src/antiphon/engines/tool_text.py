"""Telling a language model's speech from its tool calls while both arrive as one stream of text.

Models are taught to wrap a call in `<tool_call>` and `</tool_call>`; small ones forget. What they write
instead is a fenced block, or the bare JSON object, now and then with its outer braces doubled. All of these
count. Text that may yet turn out to begin a call is held back, so that half a call is never spoken.
"""

import json
import re
from collections.abc import Iterable, Iterator
from secrets import token_hex
from typing import Any, cast

from antiphon.contracts import Prompt, TextDelta, ToolCall

_OPENINGS = ("<tool_call>", "```", "{")
_WRAPPING = re.compile(r"\s*(?:<tool_call>|```[a-z]*\s)?\s*")
_CLOSINGS = ("</tool_call>", "```")
_DECODER = json.JSONDecoder()


def reader(prompt: Prompt) -> "ToolText | None":
    """What reads an answer to `prompt`; None where no call can occur in it.

    A model that sees calls in its past makes more of them, whether it has tools or not.
    """
    names = {tool.name for tool in prompt.tools}
    names |= {call.name for message in prompt.messages for call in message.tool_calls}
    may_call = bool(prompt.tools) and prompt.tool_choice != "none"
    return ToolText(names, may_call=may_call) if names else None


class ToolText:
    """Reads one answer. Feed it as it comes, then `finish`."""

    def __init__(self, names: Iterable[str], *, may_call: bool = True) -> None:
        """Read calls of the tools called `names`; what calls anything else is speech.

        Where no tool `may_call`, calls are still no speech: they are dropped.
        """
        self._names = set(names)
        self._may_call = may_call
        self._held = ""
        self._closing = False
        self._calls = 0

    @property
    def called(self) -> bool:
        """Whether any call has been made."""
        return self._calls > 0 and self._may_call

    def feed(self, text: str) -> Iterator[TextDelta | ToolCall]:
        """What is now certain."""
        self._held += text
        while self._held and not self._still_closing():
            at = _opening(self._held)
            if at > 0:
                speech, self._held = self._held[:at], self._held[at:]
                yield TextDelta(speech)
            elif (call := self._call_at_start()) is not None:
                if self._may_call:
                    yield call
            else:
                return

    def finish(self) -> Iterator[TextDelta | ToolCall]:
        """What the end of the answer makes certain. A call that never became whole is dropped."""
        held, self._held = self._held, ""
        if held and not self._closing and not self._looks_like_a_call(held):
            yield TextDelta(held)

    def _still_closing(self) -> bool:
        """Drop what closes the last call; True while more of that may come."""
        if not self._closing:
            return False
        self._held = self._held.lstrip("} \n")
        for closing in _CLOSINGS:
            if closing.startswith(self._held):
                return True
            self._held = self._held.removeprefix(closing)
        self._held = self._held.lstrip()
        self._closing = False
        return False

    def _call_at_start(self) -> ToolCall | None:
        """Take the call that the held text begins with; None while it is not whole."""
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
                self._held, self._closing = self._held[end:], True
                return call
        return None

    def _call(self, value: Any) -> ToolCall | None:
        fields = cast(dict[str, Any], value) if isinstance(value, dict) else {}
        arguments = fields.get("arguments", fields.get("parameters", {}))
        if isinstance(arguments, str):
            arguments = _parsed(arguments)
        if fields.get("name") not in self._names or not isinstance(arguments, dict):
            return None
        self._calls += 1
        return ToolCall(f"call_{token_hex(8)}", fields["name"], json.dumps(arguments, ensure_ascii=False))

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
