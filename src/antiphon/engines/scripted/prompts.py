"""How the scripted language model reads: what counts as a token, and which prompts it still knows."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from antiphon.contracts import Prefilled, Prompt

_PROMPTS_MAX = 256
"""Cache keys held at once; the one least recently used makes room."""


def prompt_tokens(prompt: Prompt) -> list[str]:
    """A token for each role, word and tool, and one that asks for the answer unless the prompt is open."""
    tokens = [f"<tool {tool.name}>" for tool in prompt.tools]
    for message in prompt.messages:
        tokens += [f"<{message.role}>", *message.content.split()]
        tokens += [f"<call {call.call_id}>" for call in message.tool_calls]
    return tokens if prompt.open else [*tokens, "<answer>"]


class PromptCache:
    """The last prompt read under each key."""

    def __init__(self) -> None:
        self._held: dict[str, list[str]] = {}
        self._lock = Lock()  # calls run side by side, and making room takes two steps

    def look(self, key: str, tokens: list[str]) -> Prefilled:
        """What reading `tokens` under `key` would find and have to do."""
        held = self._held.get(key, [])
        fewer = min(len(held), len(tokens))
        differ = (place for place in range(fewer) if held[place] != tokens[place])
        reused = fewer if held[:fewer] == tokens[:fewer] else next(differ)
        return Prefilled(len(tokens), reused, len(tokens) - reused)

    def hold(self, key: str, tokens: list[str]) -> None:
        """Keep `tokens` under `key` instead of what was there."""
        with self._lock:
            self._held.pop(key, None)
            self._held[key] = tokens
            if len(self._held) > _PROMPTS_MAX:
                del self._held[next(iter(self._held))]


def example(schema: Mapping[str, Any], text: str) -> Any:
    """The simplest JSON value that conforms to `schema`; where a string may be anything it is `text`."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return _mentioned(schema["enum"], text)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return example(schema[choice][0], text)
    match schema.get("type", "object"):
        case "object":
            known = schema.get("properties", {})
            return {name: example(known.get(name, {}), text) for name in schema.get("required", known)}
        case "array":
            return [example(schema.get("items", {}), text)] * schema.get("minItems", 1)
        case "string":
            return text
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case _:
            return None


def _mentioned(values: Sequence[Any], text: str) -> Any:
    said = text.casefold().split()
    return next((value for value in values if str(value).casefold() in said), values[0])
