"""A model's own chat template, rendered as its authors' tools render it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from antiphon.contracts import EngineBroken
from antiphon.engines.local_prompt import Render
from antiphon.engines.native import load


def compiled(engine: str, source: str, *, first: str, last: str) -> Render:
    """The template `source`, in Jinja, of a model whose texts begin with `first` and end with `last`.

    A template comes with a model file, so it is run in a sandbox. An assistant's message at the end is left
    open, to be gone on with.

    Raises:
        EngineBroken: `engine`'s model has no template, or one that is no Jinja; what is returned raises it
            where the template refuses the messages.
    """
    jinja = load("jinja2", "jinja2")
    environment = load("jinja2.sandbox", "jinja2").ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _json
    environment.globals |= {"raise_exception": _refuse, "strftime_now": _now}
    if not source:
        raise EngineBroken(engine, "its model has no chat template; choose one for instructions or chat")
    try:
        template = environment.from_string(source)
    except jinja.TemplateError as error:
        raise EngineBroken(engine, f"its model's chat template is not understood: {error}") from error

    def render(messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> str:
        *before, final = messages
        begun = final["content"] if final["role"] == "assistant" else None
        try:
            text: str = template.render(
                messages=[_parsed(m) for m in (messages if begun is None else before)],
                tools=list(tools) or None,
                add_generation_prompt=True,
                bos_token=first,
                eos_token=last,
            )
        except Exception as error:  # a template is a program, and fails in any way programs do
            raise EngineBroken(engine, f"its model's chat template refuses the prompt: {error}") from error
        return text + (begun or "")

    return render


class _Refused(Exception):
    """The template says that it cannot render this."""


def _refuse(message: str) -> NoReturn:
    raise _Refused(message)


def _now(pattern: str) -> str:
    return datetime.now().astimezone().strftime(pattern)


def _json(value: Any, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _parsed(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Templates write arguments as JSON themselves; given the text of some, they would quote it."""
    if not message.get("tool_calls"):
        return message
    calls = [
        {**call, "function": {**call["function"], "arguments": _value(call["function"]["arguments"])}}
        for call in message["tool_calls"]
    ]
    return {**message, "tool_calls": calls}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
