"""From the record to a prompt that fits its budget. Pure, given a counter of tokens.

The order keeps the model's cache warm: instructions first, then the items, oldest first, so that one turn's
prompt begins with all of the last one's. When it grows too long a whole stretch of old items is dropped at
once rather than one at each turn, and stays dropped, because dropping changes the prefix and costs the cache.
"""

from collections.abc import Callable, Sequence

from antiphon.contracts import ContractBroken, LanguageModel, Message, Prompt, Tool, ToolCall
from antiphon.runtime.config import Config
from antiphon.runtime.conversation import Item
from antiphon.runtime.settings import ReplyRequest, SessionSettings
from antiphon.samp.prompt import as_heard

KEEP_SHARE = 0.7
"""How much of the budget the prompt fills after old items were dropped."""


class Prompts:
    """Builds the prompts of one conversation, each beginning like the one before as far as the budget allows.

    What it returns is called on the language model's lane, because counting tokens takes time.
    """

    def __init__(self, model: LanguageModel, config: Config) -> None:
        self._model, self._config = model, config
        self._oldest = ""
        """The id of the oldest item that is not dropped; empty while none is."""

    def answer(
        self, settings: SessionSettings, request: ReplyRequest, items: Sequence[Item], saying: str | None
    ) -> Callable[[], Prompt]:
        """For a reply to `items`, or to the request's own, and to what the caller is `saying` beyond them."""
        asked = items if request.input is None else request.input
        instructions = settings.instructions if request.instructions is None else request.instructions
        tools = settings.tools if request.tools is None else request.tools
        tool_choice = request.tool_choice or settings.tool_choice

        def build(kept: Sequence[Item]) -> Prompt:
            return build_prompt(instructions, kept, saying=saying, tools=tools, tool_choice=tool_choice)

        return lambda: self._fit(build, asked, settings, saying, remember=request.input is None)

    def certain(self, settings: SessionSettings, items: Sequence[Item], saying: str) -> Callable[[], Prompt]:
        """What is certain of the next prompt while the caller is `saying` something, which may go on."""

        def build(kept: Sequence[Item]) -> Prompt:
            return build_prompt(
                settings.instructions, kept, saying=saying, open_ended=True, tools=settings.tools
            )

        return lambda: self._fit(build, items, settings, saying, remember=True)

    def _fit(
        self,
        build: Callable[[Sequence[Item]], Prompt],
        items: Sequence[Item],
        settings: SessionSettings,
        saying: str | None,
        *,
        remember: bool,
    ) -> Prompt:
        ids = [item.id for item in items]
        dropped = ids.index(self._oldest) if remember and self._oldest in ids else 0
        prompt, dropped = fit(
            build,
            items,
            budget_tokens=min(
                self._config.prompt_tokens, self._model.context_tokens - self._config.answer_tokens
            ),
            count=self._model.count_tokens,
            dropped=dropped if settings.truncate_history else 0,
            keep=0 if saying else 1,
            may_drop=settings.truncate_history,
        )
        if remember:
            self._oldest = ids[dropped] if 0 < dropped < len(ids) else ""
        return prompt


def build_prompt(
    instructions: str,
    items: Sequence[Item],
    *,
    saying: str | None = None,
    open_ended: bool = False,
    tools: tuple[Tool, ...] = (),
    tool_choice: str = "auto",
) -> Prompt:
    """The prompt for an answer to `items`, followed by what the caller is `saying` beyond them.

    The output of a call that is not among the items is left out: models refuse an answer to nothing.
    """
    messages = [Message("system", instructions)] if instructions else []
    called: set[str] = set()
    for item in items:
        if item.kind == "function_call":
            called.add(item.call_id)
        message = _message(item)
        if message is not None and (message.call_id is None or message.call_id in called):
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
    dropped: int = 0,
    keep: int = 1,
    may_drop: bool = True,
) -> tuple[Prompt, int]:
    """The prompt over as many of the newest items as the budget allows.

    Args:
        build: makes a prompt over the items that are left.
        items: oldest first.
        budget_tokens: a hard bound.
        count: counts a prompt's tokens.
        dropped: how many of the oldest items were already left out the last time.
        keep: how many of the newest are never dropped.
        may_drop: whether any item may be dropped.

    Returns:
        The prompt, and how many of the oldest items it leaves out.

    Raises:
        ContractBroken: it does not fit even alone, or nothing may be dropped.
    """
    prompt = build(items[dropped:])
    tokens = count(prompt)
    if tokens <= budget_tokens:
        return prompt, dropped
    most = len(items) - keep
    while may_drop and dropped < most and tokens > budget_tokens * KEEP_SHARE:
        dropped += max(1, (most - dropped) // 4)
        prompt = build(items[dropped:])
        tokens = count(prompt)
    if tokens > budget_tokens:
        raise ContractBroken(f"the prompt has {tokens} tokens and its budget is {budget_tokens}")
    return prompt, dropped


def _message(item: Item) -> Message | None:
    match item.kind:
        case "function_call":
            return Message("assistant", "", (ToolCall(item.call_id, item.name, item.arguments),))
        case "function_call_output":
            return Message("tool", item.text, call_id=item.call_id)
        case "message":
            text = as_heard(item.text) if item.interrupted else item.text
            return Message(item.role, text) if item.text.strip() else None


def _append(messages: list[Message], message: Message) -> None:
    """Add a message; one that goes on in the same role joins the one before it."""
    last = messages[-1] if messages else None
    if last is not None and last.role == message.role == "user":
        messages[-1] = Message("user", f"{last.content} {message.content}")
    elif last is not None and last.role == message.role == "assistant" and message.tool_calls:
        messages[-1] = Message("assistant", last.content, last.tool_calls + message.tool_calls)
    else:
        messages.append(message)
