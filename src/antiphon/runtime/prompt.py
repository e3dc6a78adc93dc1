"""From the record to a prompt that fits its budget. Pure, given a counter of tokens.

The order keeps the model's cache warm: instructions first, then the items, oldest first, so that one turn's
prompt begins with all of the last one's. When it grows too long a whole stretch of old items is dropped at
once rather than one at each turn, because dropping changes the prefix and costs the cache.
"""

from collections.abc import Callable, Sequence

from antiphon.contracts import ContractBroken, Message, Prompt, Tool, ToolCall
from antiphon.runtime.conversation import Item

KEEP_SHARE = 0.7
"""How much of the budget the prompt fills after old items were dropped."""


def build_prompt(
    instructions: str,
    items: Sequence[Item],
    *,
    saying: str | None = None,
    open_ended: bool = False,
    tools: tuple[Tool, ...] = (),
    tool_choice: str = "auto",
) -> Prompt:
    """The prompt for an answer to `items`, followed by what the caller is `saying` beyond them."""
    messages = [Message("system", instructions)] if instructions else []
    for item in items:
        message = _message(item)
        if message is not None:
            _append(messages, message)
    if saying is not None:
        _append(messages, Message("user", saying))
    return Prompt(tuple(messages), tools, tool_choice, open=open_ended)


def fit(
    build: Callable[[Sequence[Item]], Prompt],
    items: Sequence[Item],
    *,
    budget_tokens: int,
    count: Callable[[Prompt], int],
    may_drop: bool = True,
) -> tuple[Prompt, int]:
    """The prompt over as many of the newest items as the budget allows.

    Returns:
        The prompt, and how many of the oldest items it leaves out.

    Raises:
        ContractBroken: it does not fit even alone, or nothing may be dropped.
    """
    prompt = build(items)
    if count(prompt) <= budget_tokens:
        return prompt, 0
    dropped = 0
    while may_drop and dropped < len(items) - 1:
        dropped += max(1, (len(items) - dropped) // 4)
        while dropped < len(items) - 1 and items[dropped].kind == "function_call_output":
            dropped += 1
        prompt = build(items[dropped:])
        if count(prompt) <= budget_tokens * KEEP_SHARE:
            return prompt, dropped
    if count(prompt) <= budget_tokens:
        return prompt, dropped
    raise ContractBroken(f"the prompt has {count(prompt)} tokens and its budget is {budget_tokens}")


def _message(item: Item) -> Message | None:
    match item.kind:
        case "function_call":
            return Message("assistant", "", (ToolCall(item.call_id, item.name, item.arguments),))
        case "function_call_output":
            return Message("tool", item.text, call_id=item.call_id)
        case "message":
            return Message(item.role, item.text) if item.text.strip() else None


def _append(messages: list[Message], message: Message) -> None:
    """Add a message; one that goes on in the same role joins the one before it."""
    last = messages[-1] if messages else None
    if last is not None and last.role == message.role == "user":
        messages[-1] = Message("user", f"{last.content} {message.content}")
    elif last is not None and last.role == message.role == "assistant" and message.tool_calls:
        messages[-1] = Message("assistant", last.content, last.tool_calls + message.tool_calls)
    else:
        messages.append(message)
