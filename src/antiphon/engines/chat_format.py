"""A prompt in the shape that chat templates and OpenAI-compatible servers both read."""

from typing import Any

from antiphon.contracts import Message, Prompt, Tool

_MARKERS = ("<|", "</s>", "<start_of_turn>", "<end_of_turn>")


def messages(prompt: Prompt) -> list[dict[str, Any]]:
    """Every message of `prompt`, as JSON-compatible values, in order."""
    return [_message(message) for message in prompt.messages]


def tools(prompt: Prompt) -> list[dict[str, Any]]:
    """Every tool of `prompt`, in order, whether or not one may be called."""
    return [_tool(tool) for tool in prompt.tools]


def harmless(text: str) -> str:
    """`text` with no sequence left that a tokenizer would take for the end of a turn.

    What callers say and what tools return is data. Left as it is, `<|im_end|>` in it would close its own
    message and let it go on as somebody else.
    """
    for marker in _MARKERS:
        if marker in text:
            text = text.replace(marker, f"{marker[0]} {marker[1:]}")
    return text


def _message(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        plain["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.call_id is not None:
        plain["tool_call_id"] = message.call_id
    return plain


def _tool(tool: Tool) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters) or {"type": "object", "properties": {}},
    }
    return {"type": "function", "function": function}
