"""From a prompt to the text a local model reads: the same for every library that runs one.

A prompt whose last message is still being spoken becomes text up to the last word spoken, so what was read
while listening is a prefix of what is read when the turn is over. A prompt whose last message is the
assistant's is continued.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from antiphon.contracts import ContractBroken, Prompt
from antiphon.engines import chat_format

Render: TypeAlias = Callable[[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]], str]
"""A chat template: messages and tools in, the text up to where the answer begins out."""

_STILL_SPEAKING = "STILL-BEING-SPOKEN"


def text_of(prompt: Prompt, render: Render) -> str:
    """What a model with the chat template `render` reads.

    Raises:
        ContractBroken: there are no messages.
    """
    if not prompt.messages:
        raise ContractBroken("a prompt needs at least one message")
    messages = chat_format.messages(prompt)
    for message in messages:
        message["content"] = chat_format.harmless(message["content"])
    if prompt.open:
        # A space at the end would become part of the next word's token.
        messages[-1]["content"] = messages[-1]["content"].rstrip() + _STILL_SPEAKING
    text = render(messages, chat_format.tools(prompt) if _shows_tools(prompt) else [])
    return text.rpartition(_STILL_SPEAKING)[0] if prompt.open else text


def without_a_second_call(prompt: Prompt) -> Prompt:
    """`prompt`, but right after a tool's result the model may not call again of its own accord."""
    after_result = bool(prompt.messages) and prompt.messages[-1].role == "tool"
    if after_result and prompt.tool_choice == "auto":
        return msgspec.structs.replace(prompt, tool_choice="none")
    return prompt


def _shows_tools(prompt: Prompt) -> bool:
    """Small models talk about tools they see and may not call: they are hidden, at the price of the cache.

    After a tool's result they do not, and there the rest of the prompt stays where it was cached.
    """
    return prompt.tool_choice != "none" or prompt.messages[-1].role == "tool"
