"""Whether the slots a tool needs suit what a server says it takes, and their values in its types. Pure.

Of a JSON Schema only the outermost properties count: names, which must be given, plain types and choices.
What is said in another way (a reference, a condition) is left to the server, which checks it anyway.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, cast

import msgspec

from antiphon.samp.cast import Cast, Slot, ToolUse
from antiphon.samp.guards import Value

Schema: TypeAlias = Mapping[str, Any]


class Shape(msgspec.Struct, frozen=True):
    """What one argument must be."""

    required: bool
    types: frozenset[str]
    """JSON types that suit; empty: any."""
    options: tuple[str, ...] = ()
    """Words that suit; empty: any."""


def needed(schema: Schema) -> dict[str, Shape]:
    """The arguments a tool takes, by its input schema."""
    must = frozenset(schema.get("required", ()))
    properties: Mapping[str, Any] = schema.get("properties", {})
    return {name: _shape(name in must, each) for name, each in properties.items()}


def _shape(required: bool, schema: Any) -> Shape:
    if not isinstance(schema, Mapping):
        return Shape(required, frozenset())
    schema = cast(Schema, schema)
    cases = schema.get("anyOf") or (schema,)
    kinds = [each.get("type") for each in cases]
    if None in kinds:
        return Shape(required, frozenset())
    types = frozenset(one for kind in kinds for one in ([kind] if isinstance(kind, str) else kind))
    options = schema.get("enum", ())
    plain = bool(options) and all(isinstance(each, str) for each in options)
    return Shape(required, types, tuple(options) if plain else ())


def misfits(cast: Cast, tool: ToolUse, shape: Mapping[str, Shape]) -> Iterator[str]:
    """Why a tool cannot be called with the slots it `needs`."""
    for slot in tool.needs:
        if slot not in shape:
            yield f"{tool.runs} takes no `{slot}`; remove it from `needs`"
        elif slot in cast.slots:
            yield from _misfit(tool, slot, cast.slots[slot], shape[slot])
    for name, each in shape.items():
        if each.required and name not in tool.needs:
            yield f"{tool.runs} must be given `{name}`; add it to `needs`"


def _misfit(tool: ToolUse, name: str, slot: Slot, shape: Shape) -> Iterator[str]:
    suits = {"number", "integer"} if slot.type == "number" else {"string"}
    if shape.types and not suits & shape.types:
        kinds = " or ".join(sorted(shape.types))
        yield f"{tool.runs} takes `{name}` as {kinds}, and the slot is a {slot.type}"
    elif slot.type == "choice" and shape.options:
        for option in slot.options:
            if option not in shape.options:
                yield f"{tool.runs} knows no {name} `{option}`; it knows {', '.join(shape.options[:12])}"


def fitted(shape: Mapping[str, Shape], arguments: Mapping[str, Value]) -> dict[str, Value | int]:
    """The arguments, whole numbers as such where the tool takes no others.

    Raises:
        ValueError: a number is not whole, and has to be.
    """
    given: dict[str, Value | int] = {}
    for name, value in arguments.items():
        types = shape[name].types
        if isinstance(value, float) and "integer" in types and "number" not in types:
            if not value.is_integer():
                raise ValueError(f"{name} must be a whole number, not {value:g}")
            given[name] = int(value)
        else:
            given[name] = value
    return given
