"""A table of plain values as TOML, for a configuration that was made and not written by hand."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast


def toml_text(table: Mapping[str, Any]) -> str:
    """Strings, numbers, booleans, lists and tables; what is None is left out, as TOML has no word for it."""
    return "\n".join(_lines(table, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    inner: dict[str, Mapping[str, Any]] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            inner[key] = cast(Mapping[str, Any], value)
        elif value is not None:
            yield f"{json.dumps(key)} = {_value(value)}"
    for key, value in inner.items():
        here = (*path, key)
        yield f"[{'.'.join(json.dumps(step) for step in here)}]"
        yield from _lines(value, here)


def _value(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(each) for each in cast(list[object], value) if each is not None)}]"
    if isinstance(value, Mapping):
        table = cast(Mapping[str, object], value)
        pairs = (f"{json.dumps(key)} = {_value(each)}" for key, each in table.items() if each is not None)
        return "{ " + ", ".join(pairs) + " }"
    return json.dumps(value)  # a string, number or boolean of JSON is one of TOML
